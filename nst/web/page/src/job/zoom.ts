/** The geometry of zooming: which part of a picture a frame shows. */

export interface Size {
  width: number;
  height: number;
}

/**
 * What a frame shows: the picture at `zoom` times the size that fits, centred on `x`, `y`, which are shares of its width
 * and height. Pictures of different sizes can thus share a look.
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

/** CSS pixels per pixel of the picture when all of it fits. */
export function fit(picture: Size, frame: Size): number {
  return Math.max(1e-6, Math.min(frame.width / picture.width, frame.height / picture.height));
}

/** The zoom at which the picture has its actual size. */
export function actual(picture: Size, frame: Size): number {
  return 1 / fit(picture, frame);
}

/** From the whole picture, or its actual size if that is smaller, to 8 times its actual size. */
export function limits(picture: Size, frame: Size): [number, number] {
  const own = actual(picture, frame);
  return [Math.min(1, own), Math.max(4, 8 * own)];
}

/** The picture's position in the frame, in CSS pixels. */
export function placed({ zoom, x, y }: Look, picture: Size, frame: Size) {
  const scale = fit(picture, frame) * zoom;
  const [width, height] = [picture.width * scale, picture.height * scale];
  return { width, height, left: frame.width / 2 - x * width, top: frame.height / 2 - y * height, scale };
}

/** The look within its limits; a picture that fits is centred. */
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

/** Zooms by a factor around the point `at`, in CSS pixels from the middle of the frame. */
export function zoomed(look: Look, factor: number, picture: Size, frame: Size, at: Point = { x: 0, y: 0 }): Look {
  const [least, most] = limits(picture, frame);
  const zoom = Math.min(most, Math.max(least, look.zoom * factor));
  const before = placed(look, picture, frame);
  const grown = zoom / look.zoom;
  const x = look.x + (at.x / before.width) * (1 - 1 / grown);
  const y = look.y + (at.y / before.height) * (1 - 1 / grown);
  return clamped({ zoom, x, y }, picture, frame);
}

/** Drags the picture by some CSS pixels. */
export function moved(look: Look, by: Point, picture: Size, frame: Size): Look {
  const { width, height } = placed(look, picture, frame);
  return clamped({ zoom: look.zoom, x: look.x - by.x / width, y: look.y - by.y / height }, picture, frame);
}

/** Switches between the whole picture and its actual size, or 2.5 times if that would be no larger. */
export function toggled(look: Look, picture: Size, frame: Size, at: Point = { x: 0, y: 0 }): Look {
  if (look.zoom > 1.01) return WHOLE;
  const own = actual(picture, frame);
  return zoomed(look, (own > 1.2 ? own : 2.5) / look.zoom, picture, frame, at);
}

const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: 1, y: 0 },
  ArrowRight: { x: -1, y: 0 },
  ArrowUp: { x: 0, y: 1 },
  ArrowDown: { x: 0, y: -1 },
};

/** What a key does, or null if nothing. */
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
    default: {
      const direction = ARROWS[key];
      return direction ? moved(look, { x: direction.x * step.x, y: direction.y * step.y }, picture, frame) : null;
    }
  }
}
