/**
 * The slider of the strength, whose steps are even to the eye.
 *
 * The setting itself is even on either side of the preset's own value, but there is far less above it: what VGG-19 paints
 * with `fast` was measured in steps of 0.1 with benchmarks/research/strength_steps.py, as the distance that an eye sees
 * from one to the next. A strength is put where its share of the whole way lies.
 */

/** Steps of the slider, and the one that the preset's own strength has. */
export const STEPS = 20;
export const OWN_STEP = 16;

/** Strength and its share of the way, measured; the preset's own lies on a step. */
const WAY: [strength: number, share: number][] = [
  [0, 0],
  [0.1, 0.2],
  [0.2, 0.4],
  [0.3, 0.57],
  [0.4, 0.7],
  [0.5, OWN_STEP / STEPS],
  [1, 1],
];

/** The strength at a step, rounded as it is shown. */
export function strengthAt(step: number): number {
  return Math.round(100 * between(step / STEPS, 1, 0)) / 100;
}

/** The step that is next to a strength. */
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
