/** Pictures that a person brings: what is taken, and what the server would refuse anyway. */

import type { Limits } from "../types.ts";
import { bytes } from "../words.ts";

/** The kinds that the program reads. Named one by one, so that an iPhone turns its HEIC pictures into JPEG. */
export const ACCEPT = "image/jpeg,image/png,image/webp,image/gif,image/avif,image/bmp,image/tiff,.jp2,.ppm,.ico";

const ENDINGS = /\.(jpe?g|png|webp|gif|avif|bmp|tiff?|jp2|ppm|ico)$/i;

/** Why a file cannot be taken, or nothing. */
export function fileProblem(file: File, limits: Limits): string {
  const isPicture = file.type === "" ? ENDINGS.test(file.name) : file.type.startsWith("image/");
  if (!isPicture) return `${file.name} is not a picture. JPEG, PNG and WebP are read, and most other kinds.`;
  if (/^image\/(hei[cf]|svg)/.test(file.type)) return `${file.name} is of a kind that is not read here. Save it as JPEG or PNG.`;
  if (file.size === 0) return `${file.name} is empty.`;
  if (file.size > limits.file_bytes) {
    return `${file.name} has ${bytes(file.size)}; at most ${bytes(limits.file_bytes)} are taken.`;
  }
  return "";
}

/** Why a picture has too many pixels, or nothing, also where the browser cannot show it: the server then tells. */
export async function sizeProblem(name: string, url: string, limits: Limits): Promise<string> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    return "";
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  if (width * height <= limits.pixels) return "";
  const millions = (pixels: number) => `${Math.round(pixels / 100_000) / 10} million`;
  return `${name} has ${width} × ${height} pixels; at most ${millions(limits.pixels)} are taken.`;
}

/** The pictures among what was pasted or dropped. */
export function filesOf(transfer: DataTransfer | null): File[] {
  return transfer === null ? [] : Array.from(transfer.files);
}
