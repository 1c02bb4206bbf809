import { useEffect, useRef, useState } from "react";

/**
 * The last picture that is loaded and decoded, so that pictures follow one another without a gap. One is loaded at
 * a time, and after it the newest: on a slow line some are left out, but there is always one that comes through.
 */
export function useLoaded(url: string | null): string | null {
  const [shown, setShown] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const busy = useRef(false);
  useEffect(() => {
    wanted.current = url;
    const load = async () => {
      const next = wanted.current;
      if (busy.current || next === null) return;
      busy.current = true;
      const image = new Image();
      image.src = next;
      try {
        await image.decode();
        setShown(next);
      } catch {
        // What was shown before stays.
      }
      busy.current = false;
      if (wanted.current !== next) void load();
    };
    void load();
  }, [url]);
  return url === null ? null : shown;
}
