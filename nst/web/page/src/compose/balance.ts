/**
 * The slider between content and style. Its position is the power of ten by which the style outweighs the content
 * beyond the preset's own balance: right of 0 beta grows, left of it alpha does.
 *
 * The presets stand far to the style's side: with VGG-19's features and with the preview network's a picture changes
 * between a hundred and a hundred thousand times their alpha, and hardly to the right of them.
 */

export const MOST_CONTENT = -5;
export const MOST_STYLE = 1;
export const STEP = 0.25;

export interface Balance {
  alpha: number;
  beta: number;
}

export function significant(value: number): number {
  return Number(value.toPrecision(3));
}

export function weightsAt(position: number, preset: Balance): Balance {
  return {
    alpha: position < 0 ? significant(preset.alpha * 10 ** -position) : preset.alpha,
    beta: position > 0 ? significant(preset.beta * 10 ** position) : preset.beta,
  };
}

/** Where the slider stands for weights, which may also have been typed: on its nearest step, within its ends. */
export function positionOf({ alpha, beta }: Balance, preset: Balance): number {
  if (alpha === preset.alpha && beta === preset.beta) return 0;
  const position = Math.log10(beta / preset.beta) - Math.log10(alpha / preset.alpha);
  if (Number.isNaN(position)) return 0;
  const within = Math.min(MOST_STYLE, Math.max(MOST_CONTENT, position));
  return Math.round(within / STEP) * STEP || 0;
}
