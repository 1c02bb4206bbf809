import { useCallback, useEffect, useEffectEvent, useLayoutEffect, useState, type RefObject } from "react";

/** Runs an action that may fail, one at a time: whether it is still running, and the message if it failed. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const run = useCallback(async (action: () => Promise<unknown>) => {
    setBusy(true);
    setProblem("");
    try {
      await action();
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  }, []);
  return { busy, problem, setProblem, run };
}

/** The title of the browser tab while the component is shown. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = title === "" ? "NST Studio" : `${title} – NST Studio`;
    return () => {
      document.title = "NST Studio";
    };
  }, [title]);
}

/** Calls back when the user returns to the page; returns a function that stops it. */
export function onReturn(listener: () => void): () => void {
  const returned = () => {
    if (!document.hidden) listener();
  };
  window.addEventListener("focus", returned);
  document.addEventListener("visibilitychange", returned);
  return () => {
    window.removeEventListener("focus", returned);
    document.removeEventListener("visibilitychange", returned);
  };
}

/** The size of an element's content box in CSS pixels. */
export function useSize(element: RefObject<HTMLElement | null>, initial: { width: number; height: number }) {
  const [size, setSize] = useState(initial);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSize({ width, height });
    });
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** Listens to the wheel where React cannot: its own listener is passive and may not keep the page from scrolling. */
export function useWheel(element: RefObject<HTMLElement | null>, onWheel: (event: WheelEvent) => void) {
  const handle = useEffectEvent(onWheel);
  useEffect(() => {
    const target = element.current!;
    const wheel = (event: WheelEvent) => handle(event);
    target.addEventListener("wheel", wheel, { passive: false });
    return () => target.removeEventListener("wheel", wheel);
  }, [element]);
}
