/**
 * The strength slider, whose steps look even.
 *
 * Most of the visible change lies below the default strength of 0.5. benchmarks/research/strength_steps.py measured it
 * for VGG-19 and `fast` in steps of 0.1, as the perceptual distance from one picture to the next, and the slider places
 * each strength at its share of the total.
 */

/** The number of steps, and the step of the default strength. */
export const STEPS = 20;
export const OWN_STEP = 16;

/** Measured shares of the total change; the default is rounded to a step. */
const WAY: [strength: number, share: number][] = [
  [0, 0],
  [0.1, 0.2],
  [0.2, 0.4],
  [0.3, 0.57],
  [0.4, 0.7],
  [0.5, OWN_STEP / STEPS],
  [1, 1],
];

/** The strength at a step, to two decimals. */
export function strengthAt(step: number): number {
  return Math.round(100 * between(step / STEPS, 1, 0)) / 100;
}

/** The step closest to a strength. */
export function stepOf(strength: number): number {
  return Math.round(STEPS * between(strength, 0, 1));
}

function between(value: number, from: 0 | 1, to: 0 | 1): number {
  const at = WAY.findIndex((point) => point[from] >= value);
  if (at === -1) return value > 0 ? 1 : 0;
  if (at === 0) return 0;
  const [before, after] = [WAY[at - 1]!, WAY[at]!];
  return before[to] + ((value - before[from]) / (after[from] - before[from])) * (after[to] - before[to]);
}
