import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";

import { Button } from "../parts/Button.tsx";
import { useWheel } from "../parts/hooks.ts";
import type { Colour } from "./colours.ts";
import { Stroke, union, whole, type Brush, type Levels, type Patch, type Point, type Rect } from "./levels.ts";
import { tint } from "./pictures.ts";

export type Tool = "paint" | "erase" | "move";

interface Sheet {
  levels: Levels;
  colour: Colour;
}

interface Props {
  /** The picture under the masks. */
  picture: { title: string; url: string };
  /** The masks over the picture; `active` is the index of the one being painted. */
  sheets: Sheet[];
  active: number;
  tool: Tool;
  brush: Omit<Brush, "erase">;
  /** Whether only the mask is shown, white on black. */
  plain: boolean;
  /** Changes whenever all masks must be redrawn. */
  version: number;
  label: string;
  help: string;
  onSize: (larger: boolean) => void;
  onTool: (tool: Tool) => void;
  onPatch: (patch: Patch | null) => void;
  announce: (words: string) => void;
}

const WHITE: Colour = [255, 255, 255];
const MOST = 8; // the largest zoom
const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** The picture and its masks, which can be painted with a pointer or the keyboard. */
export function Board(props: Props) {
  const { picture, sheets, active, tool, brush, plain, version, label, help, announce } = props;
  const { levels, colour } = sheets[active]!;
  const frame = useRef<HTMLDivElement>(null);
  const sheet = useRef<HTMLDivElement>(null);
  const ring = useRef<HTMLDivElement>(null);
  const canvases = useRef<(HTMLCanvasElement | null)[]>([]);
  const stroke = useRef<{ stroke: Stroke; last: Point } | null>(null);
  const cursor = useRef<Point>({ x: levels.width / 2, y: levels.height / 2 });
  const lastEnd = useRef<Point | null>(null);
  const zoomed = useZoom(frame, sheet, levels.width, levels.height);
  const { scale } = zoomed;

  useEffect(() => {
    sheets.forEach(({ levels, colour }, index) => {
      const context = canvases.current[index]?.getContext("2d");
      if (context) tint(context, levels, whole(levels), plain ? WHITE : colour);
    });
  }, [plain, version]);

  const draw = (area: Rect | null) => {
    const context = canvases.current[active]?.getContext("2d");
    if (context && area) tint(context, levels, area, plain ? WHITE : colour);
  };
  const begin = (point: Point, erase: boolean, pressure = 1, from = point) => {
    const begun = new Stroke(levels, { ...brush, erase });
    stroke.current = { stroke: begun, last: from };
    draw(begun.area);
    extend([{ point, pressure }]);
  };
  const extend = (points: { point: Point; pressure: number }[]) => {
    const now = stroke.current;
    if (now === null) return;
    let dirty: Rect | null = null;
    for (const [index, { point, pressure }] of points.entries()) {
      // With a large brush, a fast pointer's extra points make no difference.
      const far = Math.hypot(point.x - now.last.x, point.y - now.last.y);
      if (index < points.length - 1 && far < brush.radius / 10) continue;
      now.stroke.line(now.last, point, pressure);
      dirty = reach(dirty, now.last, point, brush.radius + 2, levels);
      now.last = point;
    }
    draw(dirty);
  };
  const finish = () => {
    const now = stroke.current;
    stroke.current = null;
    if (now === null) return;
    lastEnd.current = now.last;
    props.onPatch(now.stroke.patch(active));
  };
  const revert = () => {
    stroke.current?.stroke.revert();
    stroke.current = null;
    draw(whole(levels));
  };

  /** Moves the brush outline to the pointer or the keyboard's cursor. */
  const place = (point: Point | null) => {
    const shown = ring.current!;
    shown.hidden = point === null || tool === "move";
    if (point === null) return;
    const size = 2 * brush.radius * scale;
    shown.style.width = shown.style.height = `${size}px`;
    shown.style.left = `${point.x * scale - size / 2}px`;
    shown.style.top = `${point.y * scale - size / 2}px`;
  };
  const keyed = () => sheet.current!.matches(":focus-visible");
  useLayoutEffect(() => {
    if (!ring.current!.hidden || keyed()) place(cursor.current);
  }, [brush.radius, scale, tool]);

  const at = (event: { clientX: number; clientY: number }): Point => {
    const box = sheet.current!.getBoundingClientRect();
    return { x: (event.clientX - box.left) / scale, y: (event.clientY - box.top) / scale };
  };

  const pointers = usePointers({ zoomed, frame, sheet, moves: tool === "move", revert });
  const down = (event: PointerEvent) => {
    // The keyboard continues from the pointer, whose outline it shares.
    sheet.current!.focus({ preventScroll: true });
    if (event.button !== 0 && event.button !== 5) return;
    sheet.current!.setPointerCapture(event.pointerId);
    if (!pointers.down(event)) return;
    const point = at(event);
    const from = event.shiftKey && lastEnd.current ? lastEnd.current : point;
    cursor.current = point;
    place(point);
    begin(point, tool === "erase" || event.button === 5, pressureOf(event), from);
  };
  const move = (event: PointerEvent) => {
    if (pointers.move(event)) return;
    cursor.current = at(event);
    place(cursor.current);
    if (stroke.current === null) return;
    const all = event.nativeEvent.getCoalescedEvents?.() ?? [];
    extend((all.length > 0 ? all : [event]).map((each) => ({ point: at(each), pressure: pressureOf(each) })));
  };
  const up = (event: PointerEvent) => {
    pointers.up(event);
    finish();
    if (event.pointerType !== "mouse") place(null);
  };

  const told = useRef(0);
  const tell = () => {
    window.clearTimeout(told.current);
    told.current = window.setTimeout(() => announce(whereabouts(cursor.current, levels)), 250);
  };
  useEffect(() => () => window.clearTimeout(told.current), []);
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey) {
      finish(); // so that it can be undone
      return;
    }
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = Math.max(1, brush.radius * (event.shiftKey ? 2 : 0.5));
      const { x, y } = cursor.current;
      cursor.current = {
        x: Math.min(levels.width, Math.max(0, x + step * arrow.x)),
        y: Math.min(levels.height, Math.max(0, y + step * arrow.y)),
      };
      place(cursor.current);
      zoomed.show(cursor.current);
      extend([{ point: cursor.current, pressure: 1 }]);
      tell();
    } else if (event.key === " ") {
      if (!event.repeat && stroke.current === null) begin(cursor.current, tool === "erase");
      place(cursor.current);
    } else if (event.key === "[" || event.key === "]") props.onSize(event.key === "]");
    else if (event.key === "b") props.onTool("paint");
    else if (event.key === "e") props.onTool("erase");
    else if (event.key === "+" || event.key === "=") zoomed.by(1.5);
    else if (event.key === "-") zoomed.by(1 / 1.5);
    else if (event.key === "0") zoomed.fit();
    else return;
    event.preventDefault();
  };
  const keyUp = (event: KeyboardEvent) => {
    if (event.key !== " " || stroke.current === null) return;
    event.preventDefault();
    finish();
  };

  return (
    <div className="mask-board">
      <div ref={frame} className="mask-frame">
        <div
          ref={sheet}
          className={plain ? "mask-sheet plain" : "mask-sheet"}
          data-tool={tool}
          style={{ width: levels.width * scale, height: levels.height * scale }}
          tabIndex={0}
          role="application"
          aria-label={label}
          aria-describedby={help}
          onPointerDown={down}
          onPointerMove={move}
          onPointerUp={up}
          onPointerCancel={up}
          onPointerLeave={() => stroke.current === null && place(null)}
          onContextMenu={(event) => event.preventDefault()}
          onKeyDown={key}
          onKeyUp={keyUp}
          onFocus={() => keyed() && place(cursor.current)}
          onBlur={() => {
            finish();
            place(null);
          }}
        >
          <img src={picture.url} alt="" draggable={false} />
          {sheets.map(({ levels }, index) => (
            <canvas
              key={index}
              ref={(canvas) => {
                canvases.current[index] = canvas;
              }}
              className={index === active ? "active" : ""}
              width={levels.width}
              height={levels.height}
            />
          ))}
          <div ref={ring} className="mask-ring" hidden>
            <i style={{ inset: `${50 * brush.softness}%` }} hidden={brush.softness === 0} />
          </div>
        </div>
      </div>
      <div className="mask-zoom" role="group" aria-label="Zoom">
        <Button aria-label="Zoom out" aria-disabled={zoomed.zoom <= 1} onClick={() => zoomed.by(1 / 1.5)}>
          −
        </Button>
        <Button aria-label={`Fit to the window, now ${Math.round(100 * zoomed.zoom)} %`} onClick={zoomed.fit}>
          {Math.round(100 * zoomed.zoom)} %
        </Button>
        <Button aria-label="Zoom in" aria-disabled={zoomed.zoom >= MOST} onClick={() => zoomed.by(1.5)}>
          +
        </Button>
      </div>
    </div>
  );
}

/** A pen's pressure as a share of the brush size. */
function pressureOf({ pointerType, pressure }: { pointerType: string; pressure: number }): number {
  return pointerType === "pen" ? 0.3 + 0.7 * pressure : 1;
}

function whereabouts({ x, y }: Point, { width, height, data }: Levels): string {
  const [column, row] = [Math.min(width - 1, Math.floor(x)), Math.min(height - 1, Math.floor(y))];
  const painted = data[row * width + column]! > 127 ? "painted" : "not painted";
  return `${Math.round((100 * x) / width)} % from the left, ${Math.round((100 * y) / height)} % from the top, ${painted}`;
}

/** Extends a rectangle to include a line of the brush, within the mask. */
function reach(area: Rect | null, from: Point, to: Point, radius: number, { width, height }: Levels): Rect | null {
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - radius));
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius));
  const right = Math.min(width, Math.ceil(Math.max(from.x, to.x) + radius));
  const bottom = Math.min(height, Math.ceil(Math.max(from.y, to.y) + radius));
  if (right <= left || bottom <= top) return area;
  const found = { x: left, y: top, width: right - left, height: bottom - top };
  return area === null ? found : union(area, found);
}

interface Zoomed {
  /** 1 fits the frame. */
  zoom: number;
  /** CSS pixels per pixel of the mask. */
  scale: number;
  by: (factor: number, at?: { clientX: number; clientY: number }) => void;
  to: (zoom: number, anchor: Anchor) => void;
  fit: () => void;
  /** Scrolls a point of the mask into view. */
  show: (point: Point) => void;
}

/** A point of the picture, in shares of its sides, and where on the screen it should be. */
interface Anchor {
  across: number;
  down: number;
  clientX: number;
  clientY: number;
}

function useZoom(
  frame: React.RefObject<HTMLDivElement | null>,
  sheet: React.RefObject<HTMLDivElement | null>,
  width: number,
  height: number,
): Zoomed {
  const [room, setRoom] = useState({ width: 0, height: 0 });
  const [zoom, setZoom] = useState(1);
  const anchor = useRef<Anchor | null>(null);
  useLayoutEffect(() => {
    const measure = () => {
      // Including the scroll bars, which come and go with the zoom.
      const { offsetWidth, offsetHeight } = frame.current!;
      setRoom({ width: offsetWidth - 2, height: offsetHeight - 2 });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(frame.current!.parentElement!);
    measure();
    return () => observer.disconnect();
  }, [frame]);
  // A new picture starts fitted.
  useEffect(() => setZoom(1), [width, height]);
  const scale = Math.max(0.01, Math.min(room.width / width, room.height / height)) * zoom;

  const hold = () => {
    const held = anchor.current;
    if (held === null) return;
    const box = sheet.current!.getBoundingClientRect();
    frame.current!.scrollLeft += box.left + held.across * box.width - held.clientX;
    frame.current!.scrollTop += box.top + held.down * box.height - held.clientY;
  };
  useLayoutEffect(() => {
    hold();
    anchor.current = null;
  }, [scale]);

  const to = (next: number, held: Anchor) => {
    anchor.current = held;
    const bounded = Math.min(MOST, Math.max(1, next));
    if (bounded === zoom) {
      hold();
      anchor.current = null;
    } else setZoom(bounded);
  };
  const by = (factor: number, at?: { clientX: number; clientY: number }) => to(zoom * factor, anchorAt(frame.current!, sheet.current!, at));
  useWheel(frame, (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    by(Math.exp(-event.deltaY / 200), event);
  });
  const show = ({ x, y }: Point) => {
    const seen = frame.current!.getBoundingClientRect();
    const box = sheet.current!.getBoundingClientRect();
    const margin = 0.15 * Math.min(seen.width, seen.height);
    const beyond = (place: number, least: number, most: number) => Math.min(0, place - least) + Math.max(0, place - most);
    frame.current!.scrollLeft += beyond(box.left + x * scale, seen.left + margin, seen.right - margin);
    frame.current!.scrollTop += beyond(box.top + y * scale, seen.top + margin, seen.bottom - margin);
  };
  return { zoom, scale, by, to, fit: () => setZoom(1), show };
}

/** The part of the picture at a point on the screen, by default in the middle of the frame. */
function anchorAt(frame: HTMLElement, sheet: HTMLElement, at?: { clientX: number; clientY: number }): Anchor {
  const box = sheet.getBoundingClientRect();
  const seen = frame.getBoundingClientRect();
  const clientX = at?.clientX ?? seen.left + seen.width / 2;
  const clientY = at?.clientY ?? seen.top + seen.height / 2;
  return { across: (clientX - box.left) / box.width, down: (clientY - box.top) / box.height, clientX, clientY };
}

/** One finger paints, or moves the picture if that is the tool; two zoom and move it. */
function usePointers({ zoomed, frame, sheet, moves, revert }: {
  zoomed: Zoomed;
  frame: React.RefObject<HTMLDivElement | null>;
  sheet: React.RefObject<HTMLDivElement | null>;
  moves: boolean;
  revert: () => void;
}) {
  const held = useRef(new Map<number, { clientX: number; clientY: number }>());
  const pinch = useRef<{ distance: number; zoom: number; anchor: Anchor } | null>(null);

  const grip = () => {
    const [first, second = first] = [...held.current.values()];
    const middle = { clientX: (first!.clientX + second!.clientX) / 2, clientY: (first!.clientY + second!.clientY) / 2 };
    return { distance: Math.hypot(first!.clientX - second!.clientX, first!.clientY - second!.clientY), middle };
  };
  const start = () => {
    const { distance, middle } = grip();
    pinch.current = { distance, zoom: zoomed.zoom, anchor: anchorAt(frame.current!, sheet.current!, middle) };
  };

  return {
    /** Whether the pointer paints. */
    down(event: PointerEvent): boolean {
      if (event.pointerType !== "touch") held.current.clear();
      held.current.set(event.pointerId, event);
      if (held.current.size > 2) return false;
      if (held.current.size < 2 && !moves) return true;
      revert();
      start();
      return false;
    },
    /** Whether the pointer moves the picture, and does not paint. */
    move(event: PointerEvent): boolean {
      if (!held.current.has(event.pointerId)) return false;
      held.current.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY });
      const begun = pinch.current;
      if (begun === null) return false;
      const { distance, middle } = grip();
      const factor = begun.distance > 0 ? distance / begun.distance : 1;
      zoomed.to(begun.zoom * factor, { ...begun.anchor, ...middle });
      return true;
    },
    up(event: PointerEvent): void {
      held.current.delete(event.pointerId);
      // After a pinch, the remaining finger must not start to paint.
      if (held.current.size === 0) pinch.current = null;
      else if (pinch.current) start();
    },
  };
}
