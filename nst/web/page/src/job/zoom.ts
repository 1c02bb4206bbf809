/** The geometry of looking closely: what of a picture is seen in a frame. Pure numbers; `ZoomPane` draws them. */

export interface Size {
  width: number;
  height: number;
}

/**
 * What is seen: `zoom` times as large as where the whole picture fits, with the point `x`, `y` of it, as shares of its
 * width and height, in the middle. So pictures of different sizes can be looked at in the same way.
 */
export interface Look {
  zoom: number;
  x: number;
  y: number;
}

export interface Point {
  x: number;
  y: number;
}

export const WHOLE: Look = { zoom: 1, x: 0.5, y: 0.5 };

/** CSS pixels for each pixel of the picture where all of it fits. */
export function fit(picture: Size, frame: Size): number {
  return Math.max(1e-6, Math.min(frame.width / picture.width, frame.height / picture.height));
}

/** The zoom at which each pixel of the picture is one of the page. */
export function actual(picture: Size, frame: Size): number {
  return 1 / fit(picture, frame);
}

/** From the whole picture, or its own size if that is smaller, to 8 pixels of the page for each of its own. */
export function limits(picture: Size, frame: Size): [number, number] {
  const own = actual(picture, frame);
  return [Math.min(1, own), Math.max(4, 8 * own)];
}

/** Where the picture lies in the frame, in CSS pixels. */
export function placed({ zoom, x, y }: Look, picture: Size, frame: Size) {
  const scale = fit(picture, frame) * zoom;
  const [width, height] = [picture.width * scale, picture.height * scale];
  return { width, height, left: frame.width / 2 - x * width, top: frame.height / 2 - y * height, scale };
}

/** The picture fills the frame as far as it can: what fits stays in the middle. */
export function clamped(look: Look, picture: Size, frame: Size): Look {
  const [least, most] = limits(picture, frame);
  const zoom = Math.min(most, Math.max(least, look.zoom));
  const scale = fit(picture, frame) * zoom;
  const within = (share: number, length: number, room: number) => {
    const margin = room / (2 * length);
    return margin >= 0.5 ? 0.5 : Math.min(1 - margin, Math.max(margin, share));
  };
  return {
    zoom,
    x: within(look.x, picture.width * scale, frame.width),
    y: within(look.y, picture.height * scale, frame.height),
  };
}

/** Larger by a factor; the point `at`, in CSS pixels from the middle of the frame, stays where it is. */
export function zoomed(look: Look, factor: number, picture: Size, frame: Size, at: Point = { x: 0, y: 0 }): Look {
  const [least, most] = limits(picture, frame);
  const zoom = Math.min(most, Math.max(least, look.zoom * factor));
  const before = placed(look, picture, frame);
  const grown = zoom / look.zoom;
  const x = look.x + (at.x / before.width) * (1 - 1 / grown);
  const y = look.y + (at.y / before.height) * (1 - 1 / grown);
  return clamped({ zoom, x, y }, picture, frame);
}

/** The picture dragged by some CSS pixels. */
export function moved(look: Look, by: Point, picture: Size, frame: Size): Look {
  const { width, height } = placed(look, picture, frame);
  return clamped({ zoom: look.zoom, x: look.x - by.x / width, y: look.y - by.y / height }, picture, frame);
}

/** From the whole picture to its own size, or closer where that is no larger; and back. */
export function toggled(look: Look, picture: Size, frame: Size, at: Point = { x: 0, y: 0 }): Look {
  if (look.zoom > 1.01) return WHOLE;
  const own = actual(picture, frame);
  return zoomed(look, (own > 1.2 ? own : 2.5) / look.zoom, picture, frame, at);
}

/** What a key does, or null where it does nothing here. */
export function keyed(look: Look, key: string, picture: Size, frame: Size): Look | null {
  const step = { x: frame.width / 8, y: frame.height / 8 };
  switch (key) {
    case "+":
    case "=":
      return zoomed(look, 1.25, picture, frame);
    case "-":
      return zoomed(look, 1 / 1.25, picture, frame);
    case "0":
      return WHOLE;
    case "1":
      return zoomed(look, actual(picture, frame) / look.zoom, picture, frame);
    case "ArrowLeft":
      return moved(look, { x: step.x, y: 0 }, picture, frame);
    case "ArrowRight":
      return moved(look, { x: -step.x, y: 0 }, picture, frame);
    case "ArrowUp":
      return moved(look, { x: 0, y: step.y }, picture, frame);
    case "ArrowDown":
      return moved(look, { x: 0, y: -step.y }, picture, frame);
    default:
      return null;
  }
}
