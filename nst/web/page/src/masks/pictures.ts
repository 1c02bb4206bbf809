/** Reads masks from pictures, and writes them as the grey PNGs that the server expects. */

import { postPreview } from "../api.ts";
import { canvasOf, loadImage } from "../parts/images.ts";
import type { Colour } from "./colours.ts";
import { blank, type Levels, type Rect } from "./levels.ts";

/** The engine's limits: how far apart the channels of a grey pixel, and two matching aspect ratios, may be. */
const COLOURED = 48;
const SHAPE = 1.1;
const READ = { willReadFrequently: true };

/** A mask scaled to a size. */
export async function levelsOf(url: string, width: number, height: number): Promise<Levels> {
  return drawn(await loadImage(url), width, height).levels;
}

/** A mask from a file, as the server decodes it. Throws an Error if it does not fit. */
export async function levelsOfFile(file: File, width: number, height: number): Promise<Levels> {
  const { url } = await postPreview(file, "mask");
  const image = await loadImage(url);
  const ratio = (image.naturalWidth * height) / (image.naturalHeight * width);
  if (ratio > SHAPE || ratio < 1 / SHAPE) {
    throw new Error(
      `${file.name} has ${image.naturalWidth} × ${image.naturalHeight} pixels, which does not match the picture's proportions.`,
    );
  }
  const { levels, coloured } = drawn(image, width, height);
  if (coloured) throw new Error(`${file.name} is coloured. Choose a greyscale mask: white where the style applies, black elsewhere.`);
  return levels;
}

function drawn(image: HTMLImageElement, width: number, height: number): { levels: Levels; coloured: boolean } {
  const context = canvasOf(width, height, READ);
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const levels = blank(width, height);
  let coloured = false;
  for (let index = 0; index < levels.data.length; index += 1) {
    const [red, green, blue] = [data[4 * index]!, data[4 * index + 1]!, data[4 * index + 2]!];
    levels.data[index] = Math.round((red + green + blue) / 3);
    coloured ||= Math.max(red, green, blue) - Math.min(red, green, blue) > COLOURED;
  }
  return { levels, coloured };
}

/** A mask as a grey PNG in a `data:` URL, which unlike an object URL needs no revoking. */
export function encoded({ width, height, data }: Levels): string {
  const context = canvasOf(width, height, READ);
  const picture = context.createImageData(width, height);
  for (let index = 0; index < data.length; index += 1) picture.data.fill(data[index]!, 4 * index, 4 * index + 3);
  for (let index = 3; index < picture.data.length; index += 4) picture.data[index] = 255;
  context.putImageData(picture, 0, 0);
  return context.canvas.toDataURL("image/png");
}

/** Draws a part of a mask in a colour, with its levels as the opacity. */
export function tint(context: CanvasRenderingContext2D, levels: Levels, area: Rect, [red, green, blue]: Colour): void {
  const { x, y, width, height } = area;
  const picture = context.createImageData(width, height);
  for (let row = 0, to = 0; row < height; row += 1) {
    let from = (y + row) * levels.width + x;
    for (let column = 0; column < width; column += 1, to += 4, from += 1) {
      picture.data[to] = red;
      picture.data[to + 1] = green;
      picture.data[to + 2] = blue;
      picture.data[to + 3] = levels.data[from]!;
    }
  }
  context.putImageData(picture, x, y);
}
