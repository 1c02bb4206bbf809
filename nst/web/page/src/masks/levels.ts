/** A mask in memory: its grey levels, the brush that changes them, and the history of changes. No DOM. */

export interface Levels {
  width: number;
  height: number;
  /** Row by row; 255 where the style applies. */
  data: Uint8ClampedArray;
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Brush {
  /** In pixels of the mask. */
  radius: number;
  /** The share of the radius over which the brush fades: 0 is a hard edge. */
  softness: number;
  erase: boolean;
}

/** The levels of a rectangle before a change or, once swapped, after it. */
export interface Patch extends Rect {
  layer: number;
  data: Uint8ClampedArray;
}

/** The longest side of a mask. Edges are soft, so half the largest picture is enough. */
const LONGEST = 1024;

/** The size of a mask for a picture. */
export function maskSize(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

export function blank(width: number, height: number): Levels {
  return { width, height, data: new Uint8ClampedArray(width * height) };
}

/** The share of the picture that is painted, 0 to 1. */
export function share({ data }: Levels): number {
  let sum = 0;
  for (const level of data) sum += level;
  return sum / (255 * data.length);
}

/** Whether a mask has no effect: with nothing or everything painted, the style applies everywhere. */
export function isEven({ data }: Levels): boolean {
  const first = data[0];
  return (first === 0 || first === 255) && data.every((level) => level === first);
}

/** One stroke of the brush. Where it crosses itself, its soft edge does not add up. */
export class Stroke {
  private readonly levels: Levels;
  private readonly brush: Brush;
  private readonly before: Uint8ClampedArray;
  /** The levels under the stroke. */
  private readonly ground: Uint8ClampedArray;
  private readonly coverage: Uint8ClampedArray;
  private changed: Rect | null = null;

  constructor(levels: Levels, brush: Brush) {
    this.levels = levels;
    this.brush = brush;
    this.before = levels.data.slice();
    this.ground = this.before;
    this.coverage = new Uint8ClampedArray(levels.data.length);
    // In an empty mask the style applies everywhere, so erasing means everywhere but here.
    if (brush.erase && this.before.every((level) => level === 0)) {
      this.ground = filled(levels, 255);
      levels.data.fill(255);
      this.changed = whole(levels);
    }
  }

  /** Paints a line, or a dot if both ends are the same; `pressure` is a share of the radius. */
  line(from: Point, to: Point, pressure = 1): void {
    const { width, height, data } = this.levels;
    const radius = Math.max(0.5, this.brush.radius * pressure);
    const [inner, outer] = [radius * (1 - this.brush.softness) - 0.5, radius + 0.5];
    const area = clipped(
      Math.min(from.x, to.x) - outer,
      Math.min(from.y, to.y) - outer,
      Math.max(from.x, to.x) + outer,
      Math.max(from.y, to.y) + outer,
      width,
      height,
    );
    if (area === null) return;
    const value = this.brush.erase ? 0 : 255;
    const { coverage, ground } = this;
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    const length = dx * dx + dy * dy || 1; // for a dot, any value will do
    const solid = inner > 0 ? inner * inner : 0;
    for (let y = area.y; y < area.y + area.height; y += 1) {
      const py = y + 0.5 - from.y;
      for (let x = area.x, index = y * width + area.x; x < area.x + area.width; x += 1, index += 1) {
        if (coverage[index] === 255) continue;
        const px = x + 0.5 - from.x;
        const along = Math.min(1, Math.max(0, (px * dx + py * dy) / length));
        const offX = px - along * dx;
        const offY = py - along * dy;
        const square = offX * offX + offY * offY;
        if (square >= outer * outer) continue;
        let cover = 255;
        if (square > solid) {
          const t = Math.min(1, (outer - Math.sqrt(square)) / (outer - inner));
          cover = Math.round(255 * t * t * (3 - 2 * t));
        }
        if (cover <= coverage[index]!) continue;
        coverage[index] = cover;
        const under = ground[index]!;
        data[index] = Math.round(under + ((value - under) * cover) / 255);
      }
    }
    this.changed = this.changed === null ? area : union(this.changed, area);
  }

  /** The rectangle changed so far, or null. */
  get area(): Rect | null {
    return this.changed;
  }

  /** Undoes the stroke, such as when a second finger turns it into a pinch. */
  revert(): void {
    this.levels.data.set(this.before);
  }

  /** The patch that undoes the stroke, or null if it changed nothing. */
  patch(layer: number): Patch | null {
    return this.changed === null ? null : difference(layer, this.levels, this.before, this.changed);
  }
}

/** Replaces a whole mask. Returns the patch that undoes it, or null if nothing changed. */
export function replace(layer: number, levels: Levels, data: ArrayLike<number>): Patch | null {
  const before = levels.data.slice();
  levels.data.set(data);
  if (before.every((level, index) => level === levels.data[index])) return null;
  return difference(layer, levels, before, whole(levels));
}

export function filled({ data }: Levels, level: number): Uint8ClampedArray {
  return new Uint8ClampedArray(data.length).fill(level);
}

export function inverted({ data }: Levels): Uint8ClampedArray {
  return data.map((level) => 255 - level);
}

/** The inverse of all the others together. */
export function rest({ data }: Levels, others: Levels[]): Uint8ClampedArray {
  return data.map((_, index) => 255 - Math.max(0, ...others.map((other) => other.data[index] ?? 0)));
}

/** Exchanges the levels of a mask and a patch; a second time restores them. */
function swap(levels: Levels, { x, y, width, height, data }: Patch): void {
  for (let row = 0; row < height; row += 1) {
    const start = (y + row) * levels.width + x;
    const now = levels.data.slice(start, start + width);
    levels.data.set(data.subarray(row * width, (row + 1) * width), start);
    data.set(now, row * width);
  }
}

/** The changes that can be undone and redone; the oldest are forgotten first. */
export class History {
  private readonly past: Patch[] = [];
  private readonly future: Patch[] = [];
  private readonly most: number;

  constructor(most = 64_000_000) {
    this.most = most;
  }

  push(patch: Patch | null): void {
    if (patch === null) return;
    this.future.length = 0;
    this.past.push(patch);
    let bytes = this.past.reduce((sum, { data }) => sum + data.length, 0);
    while (bytes > this.most && this.past.length > 1) bytes -= this.past.shift()!.data.length;
  }

  /** Returns what was changed, or null if there is nothing to undo. */
  undo(layers: Levels[]): Patch | null {
    return History.move(this.past, this.future, layers);
  }

  redo(layers: Levels[]): Patch | null {
    return History.move(this.future, this.past, layers);
  }

  get undoable(): boolean {
    return this.past.length > 0;
  }

  get redoable(): boolean {
    return this.future.length > 0;
  }

  private static move(from: Patch[], to: Patch[], layers: Levels[]): Patch | null {
    const patch = from.pop();
    if (patch === undefined) return null;
    swap(layers[patch.layer]!, patch);
    to.push(patch);
    return patch;
  }
}

export function whole({ width, height }: Levels): Rect {
  return { x: 0, y: 0, width, height };
}

export function union(a: Rect, b: Rect): Rect {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

function clipped(left: number, top: number, right: number, bottom: number, width: number, height: number): Rect | null {
  const [x, y] = [Math.max(0, Math.floor(left)), Math.max(0, Math.floor(top))];
  const [endX, endY] = [Math.min(width, Math.ceil(right)), Math.min(height, Math.ceil(bottom))];
  return endX > x && endY > y ? { x, y, width: endX - x, height: endY - y } : null;
}

function difference(layer: number, levels: Levels, before: Uint8ClampedArray, area: Rect): Patch {
  const data = new Uint8ClampedArray(area.width * area.height);
  for (let row = 0; row < area.height; row += 1) {
    const start = (area.y + row) * levels.width + area.x;
    data.set(before.subarray(start, start + area.width), row * area.width);
  }
  return { layer, ...area, data };
}
