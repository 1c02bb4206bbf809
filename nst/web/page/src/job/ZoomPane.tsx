import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent, type RefObject } from "react";

import { clamped, keyed, moved, placed, toggled, zoomed, type Look, type Point, type Size } from "./zoom.ts";

export interface Layer {
  src: string;
  alt: string;
  size: Size;
}

interface Props {
  label: string;
  picture: Layer;
  /** Another one, which is seen to the left of the divider. */
  before?: Layer | undefined;
  /** Where the divider stands, in percent of the frame. */
  share?: number;
  onShare?: (share: number) => void;
  look: Look;
  onLook: (look: Look) => void;
  /** Told the CSS pixels for each pixel of the picture. */
  onScale?: (scale: number) => void;
}

/** Two taps within this time, and this near, are a double tap; a mouse's are alike. */
const DOUBLE = { milliseconds: 350, pixels: 24 };

/** A picture in a frame that can be looked at closely: by wheel, drag, pinch, double click and keyboard. */
export function ZoomPane({ label, picture, before, share = 50, onShare, look, onLook, onScale }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const room = useRoom(frame);
  const { size } = picture;
  const seen = clamped(look, size, room);
  const handlers = useGestures(frame, seen, size, room, onLook);
  const { scale } = placed(seen, size, room);
  useEffect(() => onScale?.(scale), [scale, onScale]);
  const asked = look.zoom;
  useEffect(() => {
    // A button knows no limits. Where the picture lies is left as it is: another pane may show it so.
    if (seen.zoom !== asked) onLook({ ...look, zoom: seen.zoom });
  }, [seen.zoom, asked]);
  const line = (share / 100) * room.width;
  return (
    <div
      ref={frame}
      className="pane"
      tabIndex={0}
      role="group"
      aria-label={`${label}. Zoom with plus and minus, move with the arrow keys; 0 shows all, 1 its own pixels.`}
      {...handlers}
    >
      {before && <Placed layer={before} look={look} room={room} from={0} to={line} />}
      <Placed layer={picture} look={look} room={room} from={before ? line : 0} to={room.width} />
      {before && onShare && <Divider share={share} frame={frame} onShare={onShare} />}
    </div>
  );
}

/** A picture where it is seen, and only between two lines of the frame. */
function Placed({ layer, look, room, from, to }: { layer: Layer; look: Look; room: Size; from: number; to: number }) {
  const { left, top, width, height, scale } = placed(clamped(look, layer.size, room), layer.size, room);
  const start = Math.max(0, from - left);
  const end = Math.max(0, left + width - to);
  return (
    <img
      src={layer.src}
      alt={layer.alt}
      draggable={false}
      style={{
        width,
        height,
        transform: `translate(${left}px, ${top}px)`,
        clipPath: start > 0 || end > 0 ? `inset(0 ${end}px 0 ${start}px)` : "none",
        imageRendering: scale >= 4 ? "pixelated" : "auto",
      }}
    />
  );
}

interface DividerProps {
  share: number;
  frame: RefObject<HTMLDivElement | null>;
  onShare: (share: number) => void;
}

function Divider({ share, frame, onShare }: DividerProps) {
  const follow = (event: PointerEvent) => {
    const { left, width } = frame.current!.getBoundingClientRect();
    onShare(Math.round(Math.min(100, Math.max(0, (100 * (event.clientX - left)) / width))));
  };
  return (
    <>
      <input
        type="range"
        className="compare"
        min={0}
        max={100}
        value={share}
        onChange={({ target }) => onShare(Number(target.value))}
        onKeyDown={(event) => event.stopPropagation()}
        aria-label="Before and after"
        aria-valuetext={`${share} % before, from the left`}
      />
      <div className="divider" style={{ left: `${share}%` }} />
      <div
        className="handle grip"
        style={{ left: `clamp(1.5rem, ${share}%, calc(100% - 1.5rem))` }}
        aria-hidden="true"
        onPointerDown={(event) => {
          event.stopPropagation();
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          event.stopPropagation();
          if (event.currentTarget.hasPointerCapture(event.pointerId)) follow(event);
        }}
        onPointerUp={(event) => event.stopPropagation()}
      >
        <Arrows />
      </div>
    </>
  );
}

export function Arrows() {
  return (
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d="M9 6l-6 6 6 6M15 6l6 6-6 6" fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

function useGestures(
  frame: RefObject<HTMLDivElement | null>,
  look: Look,
  picture: Size,
  room: Size,
  onLook: (look: Look) => void,
) {
  // Several events may come before the next drawing: each goes on from the one before it.
  const now = useRef({ look, picture, room, onLook });
  useEffect(() => {
    now.current = { look, picture, room, onLook };
  });
  const set = (next: Look) => {
    now.current.look = next;
    now.current.onLook(next);
  };
  const pointers = useRef(new Map<number, Point>());
  const tap = useRef({ time: 0, x: 0, y: 0 });

  const fromMiddle = ({ clientX, clientY }: { clientX: number; clientY: number }): Point => {
    const { left, top, width, height } = frame.current!.getBoundingClientRect();
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 };
  };

  useEffect(() => {
    const element = frame.current!;
    const wheel = (event: WheelEvent) => {
      event.preventDefault(); // which React's own listener, a passive one, may not
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
      const factor = Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002));
      set(zoomed(now.current.look, factor, now.current.picture, now.current.room, fromMiddle(event)));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  return {
    onPointerDown(event: PointerEvent<HTMLDivElement>) {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const { clientX: x, clientY: y, timeStamp: time } = event;
      const last = tap.current;
      const near = Math.hypot(x - last.x, y - last.y) < DOUBLE.pixels;
      if (pointers.current.size === 1 && near && time - last.time < DOUBLE.milliseconds) {
        set(toggled(now.current.look, now.current.picture, now.current.room, fromMiddle(event)));
        tap.current = { time: 0, x: 0, y: 0 };
      } else {
        tap.current = { time, x, y };
      }
    },
    onPointerMove(event: PointerEvent<HTMLDivElement>) {
      const before = pointers.current.get(event.pointerId);
      if (before === undefined) return;
      const after = { x: event.clientX, y: event.clientY };
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
      pointers.current.set(event.pointerId, after);
      const by = { x: after.x - before.x, y: after.y - before.y };
      let next = now.current.look;
      if (other) {
        const apart = (point: Point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
        const middle = { clientX: (after.x + other.x) / 2, clientY: (after.y + other.y) / 2 };
        next = zoomed(next, apart(after) / apart(before), now.current.picture, now.current.room, fromMiddle(middle));
        by.x /= 2;
        by.y /= 2;
      }
      set(moved(next, by, now.current.picture, now.current.room));
    },
    onPointerUp(event: PointerEvent<HTMLDivElement>) {
      pointers.current.delete(event.pointerId);
    },
    onPointerCancel(event: PointerEvent<HTMLDivElement>) {
      pointers.current.delete(event.pointerId);
    },
    onKeyDown(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const next = keyed(now.current.look, event.key, now.current.picture, now.current.room);
      if (next === null) return;
      event.preventDefault();
      set(next);
    },
  };
}

function useRoom(element: RefObject<HTMLElement | null>): Size {
  const [room, setRoom] = useState<Size>({ width: 320, height: 240 });
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setRoom({ width: Math.max(1, width), height: Math.max(1, height) });
    });
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, [element]);
  return room;
}
