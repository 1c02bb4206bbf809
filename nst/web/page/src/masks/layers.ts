/** What masks are painted for: the layers of the editor. */

import { colourOf, type Colour } from "./colours.ts";
import { isEven, share, type Levels } from "./levels.ts";

export type Over = "content" | "style";

/** One mask: where a style goes, over the content, or which part of it is used, over the style's own picture. */
export interface MaskLayer {
  /** By which the editor tells of it. */
  key: string;
  over: Over;
  /** Of the style. */
  title: string;
  picture: { title: string; url: string };
  /** The address of a grey picture, or null where there is no mask. */
  mask: string | null;
}

export function nameOfLayer({ over, title }: MaskLayer): string {
  return over === "content" ? `Where ${title} goes` : `The part of ${title} that is used`;
}

/** What a mask does, in a sentence. */
export function aboutLayer({ over }: MaskLayer, levels: Levels): string {
  const content = over === "content";
  if (isEven(levels)) {
    return levels.data[0] === 0
      ? content
        ? "It goes everywhere: nothing is painted yet."
        : "All of it is used: nothing is painted yet."
      : content
        ? "It goes everywhere: all is painted. Erase where it should not go."
        : "All of it is used. Erase what should not be.";
  }
  const painted = `${Math.max(0.1, Math.round(1000 * share(levels)) / 10)} %`;
  return content ? `It goes where it is coloured, ${painted} of the picture.` : `What is coloured is used, ${painted} of it.`;
}

/** Both masks of a style have its colour. */
export function colourOfLayer(layers: MaskLayer[], index: number): Colour {
  const { over } = layers[index]!;
  return colourOf(layers.slice(0, index).filter((layer) => layer.over === over).length);
}

export function percent(value: number): string {
  const times = 100 * value;
  return `${times < 10 ? Math.round(10 * times) / 10 : Math.round(times)} %`;
}
