/** The layers of the mask editor. */

import { colourOf, type Colour } from "./colours.ts";
import { isEven, share, type Levels } from "./levels.ts";

export type Over = "content" | "style";

/** A mask: over the content, where a style goes; over a style's picture, which part of it is used. */
export interface MaskLayer {
  key: string;
  over: Over;
  /** The style's title. */
  title: string;
  picture: { title: string; url: string };
  /** The URL of a grey picture; null if there is no mask. */
  mask: string | null;
}

export function nameOfLayer({ over, title }: MaskLayer): string {
  return over === "content" ? `Where ${title} goes` : `The part of ${title} that is used`;
}

/** What a mask does, in words. */
export function aboutLayer({ over }: MaskLayer, levels: Levels): string {
  const content = over === "content";
  if (isEven(levels)) {
    const everywhere = content ? "It goes everywhere" : "All of it is used";
    if (levels.data[0] === 0) return `${everywhere}: nothing is painted yet.`;
    return `${everywhere}: all is painted. Erase ${content ? "where it should not go" : "what should not be used"}.`;
  }
  const painted = `${Math.max(0.1, Math.round(1000 * share(levels)) / 10)} %`;
  return content ? `It goes to the coloured part, ${painted} of the picture.` : `The coloured part is used, ${painted} of it.`;
}

/** The colour of a layer: both masks of a style share one. */
export function colourOfLayer(layers: MaskLayer[], index: number): Colour {
  const { over } = layers[index]!;
  return colourOf(layers.slice(0, index).filter((layer) => layer.over === over).length);
}

export function percent(value: number): string {
  const times = 100 * value;
  return `${times < 10 ? Math.round(10 * times) / 10 : Math.round(times)} %`;
}
