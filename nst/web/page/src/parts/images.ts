/** Pictures in the browser: loading, drawing and encoding them. */

/** Loads and decodes a picture; rejects if the browser cannot show it. */
export async function loadImage(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

export function canvasOf(width: number, height: number, settings?: CanvasRenderingContext2DSettings): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", settings)!;
  context.imageSmoothingQuality = "high";
  return context;
}

/** A source drawn at a size and encoded; null if the browser is out of memory. */
export function encoded(source: CanvasImageSource, width: number, height: number, type: string): Promise<Blob | null> {
  const context = canvasOf(width, height);
  context.drawImage(source, 0, 0, width, height);
  return new Promise((resolve) => context.canvas.toBlob(resolve, type, 0.95));
}

/** The contents of a `data:` URL, which the content security policy does not let us fetch. */
export function blobOf(url: string): Blob {
  const [head, data] = url.split(",");
  const type = /^data:([^;]+)/.exec(head ?? "")?.[1] ?? "image/jpeg";
  return new Blob([Uint8Array.from(atob(data ?? ""), (letter) => letter.charCodeAt(0))], { type });
}
