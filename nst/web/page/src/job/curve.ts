/** The geometry of the cost curve: scales, ticks and paths. */

export interface Point {
  epoch: number;
  cost: number;
}

interface Scale {
  log: boolean;
  low: number;
  high: number;
  ticks: number[];
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Above this ratio, small costs would be lost at the bottom of a linear scale. */
const LOG_FROM = 20;

/** Round numbers that divide a range into steps of 1, 2 or 5 times a power of ten. */
export function linearTicks(low: number, high: number, most: number): number[] {
  const rough = (high - low) / most;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough)!;
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high * (1 + 1e-9); n += 1) {
    ticks.push(Number((n * step).toPrecision(12)));
  }
  return ticks;
}

/** Powers of ten: thinned out if there are many, with 2 and 5 in between if there are few. */
export function logTicks(low: number, high: number, most: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const powers = last - first + 1;
  const factors = powers <= 2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(powers / most));
  const ticks = [];
  // 2 and 5 times the power below may be in range.
  for (let power = powers <= 2 ? first - 1 : first; power <= last; power += every) {
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(12));
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks;
}

export function costScale(costs: number[], mostTicks = 5): Scale {
  const finite = costs.filter(Number.isFinite);
  const positive = finite.filter((cost) => cost > 0);
  if (positive.length === 0) return { log: false, low: 0, high: 1, ticks: [0, 1] };
  const least = positive.reduce((a, b) => Math.min(a, b));
  const most = positive.reduce((a, b) => Math.max(a, b));
  if (most / least < LOG_FROM) {
    const high = most * 1.05;
    return { log: false, low: 0, high, ticks: linearTicks(0, high, mostTicks) };
  }
  const [low, high] = [least / 1.2, most * 1.2];
  return { log: true, low, high, ticks: logTicks(low, high, mostTicks) };
}

export function x(epoch: number, epochs: number, box: Box): number {
  return box.left + (box.width * epoch) / Math.max(1, epochs);
}

export function y(cost: number, scale: Scale, box: Box): number {
  const [value, low, high] = scale.log
    ? [Math.log(cost), Math.log(scale.low), Math.log(scale.high)]
    : [cost, scale.low, scale.high];
  return box.top + box.height * (1 - (value - low) / (high - low));
}

/** The epoch at a position, the inverse of `x`. */
export function epochAt(position: number, epochs: number, box: Box): number {
  return ((position - box.left) / box.width) * Math.max(1, epochs);
}

/** The index of the point nearest to an epoch. The points must be ordered by epoch. */
export function nearest(points: Point[], epoch: number): number {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.epoch < epoch) low = middle + 1;
    else high = middle;
  }
  const before = points[low - 1];
  return before && epoch - before.epoch <= points[low]!.epoch - epoch ? low - 1 : low;
}

/** The `d` of an SVG path, with gaps where the scale cannot show a cost. */
export function path(points: Point[], epochs: number, scale: Scale, box: Box): string {
  let drawn = "";
  let pen = false;
  for (const { epoch, cost } of points) {
    const shown = Number.isFinite(cost) && (!scale.log || cost > 0);
    if (shown) drawn += `${pen ? "L" : "M"}${x(epoch, epochs, box).toFixed(1)} ${y(cost, scale, box).toFixed(1)}`;
    pen = shown;
  }
  return drawn;
}

/** At most `most` of the points, evenly spread, including the first and the last. */
export function thinned<T>(points: T[], most: number): T[] {
  if (points.length <= most) return points;
  return Array.from({ length: most }, (_, n) => points[Math.round((n * (points.length - 1)) / (most - 1))]!);
}
