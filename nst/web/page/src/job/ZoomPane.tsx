import { useEffect, useRef, type ComponentProps, type KeyboardEvent, type PointerEvent, type RefObject } from "react";

import { useSize, useWheel } from "../parts/hooks.ts";
import { Divider, shareAt } from "./Divider.tsx";
import { clamped, keyed, moved, placed, toggled, zoomed, type Look, type Point, type Size } from "./zoom.ts";

export interface Layer {
  src: string;
  alt: string;
  size: Size;
}

interface Props {
  label: string;
  picture: Layer;
  /** Shown to the left of the divider. */
  before?: Layer | undefined;
  /** The position of the divider, in percent of the frame. */
  share?: number;
  onShare?: (share: number) => void;
  look: Look;
  onLook: (look: Look) => void;
  /** Receives the CSS pixels per pixel of the picture. */
  onScale?: (scale: number) => void;
}

/** Two taps or clicks this close in time and place count as one double. */
const DOUBLE = { milliseconds: 350, pixels: 24 };

/** A picture that can be zoomed and moved by wheel, drag, pinch, double click and keyboard. */
export function ZoomPane({ label, picture, before, share = 50, onShare, look, onLook, onScale }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const room = useSize(frame, { width: 320, height: 240 });
  const { size } = picture;
  const seen = clamped(look, size, room);
  const handlers = useGestures(frame, seen, size, room, onLook);
  const { scale } = placed(seen, size, room);
  useEffect(() => onScale?.(scale), [scale, onScale]);
  const asked = look.zoom;
  useEffect(() => {
    // The zoom buttons know no limits. The position stays: another pane may be able to show it.
    if (seen.zoom !== asked) onLook({ ...look, zoom: seen.zoom });
  }, [seen.zoom, asked]);
  const line = (share / 100) * room.width;
  return (
    <div
      ref={frame}
      className="pane"
      tabIndex={0}
      role="group"
      aria-label={`${label}. Press plus and minus to zoom, the arrow keys to move, 0 to fit the window, 1 for the actual size.`}
      {...handlers}
    >
      {before && <Placed layer={before} look={look} room={room} from={0} to={line} />}
      <Placed layer={picture} look={look} room={room} from={before ? line : 0} to={room.width} />
      {before && onShare && (
        <Divider share={share} onShare={onShare} label="Before and after" valueText={`${share} % before, from the left`} grip={gripOf(frame, onShare)} />
      )}
    </div>
  );
}

/** A picture at its position, clipped to the part of the frame between two vertical lines. */
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

/** Lets the divider's handle be dragged without moving the picture below it. */
function gripOf(frame: RefObject<HTMLElement | null>, onShare: (share: number) => void): ComponentProps<"div"> {
  return {
    onPointerDown(event) {
      event.stopPropagation();
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove(event) {
      event.stopPropagation();
      if (event.currentTarget.hasPointerCapture(event.pointerId)) onShare(shareAt(event, frame.current!));
    },
    onPointerUp: (event) => event.stopPropagation(),
  };
}

function useGestures(frame: RefObject<HTMLElement | null>, look: Look, picture: Size, room: Size, onLook: (look: Look) => void) {
  // Several events may arrive before the next render: each continues from the one before.
  const now = useRef(look);
  useEffect(() => {
    now.current = look;
  });
  const set = (next: Look) => {
    now.current = next;
    onLook(next);
  };
  const pointers = useRef(new Map<number, Point>());
  const tap = useRef({ time: 0, x: 0, y: 0 });

  const fromMiddle = ({ clientX, clientY }: { clientX: number; clientY: number }): Point => {
    const { left, top, width, height } = frame.current!.getBoundingClientRect();
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 };
  };

  useWheel(frame, (event) => {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
    const factor = Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002));
    set(zoomed(now.current, factor, picture, room, fromMiddle(event)));
  });
  const release = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
  };

  return {
    onPointerDown(event: PointerEvent<HTMLDivElement>) {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const { clientX: x, clientY: y, timeStamp: time } = event;
      const last = tap.current;
      const near = Math.hypot(x - last.x, y - last.y) < DOUBLE.pixels;
      if (pointers.current.size === 1 && near && time - last.time < DOUBLE.milliseconds) {
        set(toggled(now.current, picture, room, fromMiddle(event)));
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
      let next = now.current;
      if (other) {
        const apart = (point: Point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
        const middle = { clientX: (after.x + other.x) / 2, clientY: (after.y + other.y) / 2 };
        next = zoomed(next, apart(after) / apart(before), picture, room, fromMiddle(middle));
        by.x /= 2;
        by.y /= 2;
      }
      set(moved(next, by, picture, room));
    },
    onPointerUp: release,
    onPointerCancel: release,
    onKeyDown(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const next = keyed(now.current, event.key, picture, room);
      if (next === null) return;
      event.preventDefault();
      set(next);
    },
  };
}
