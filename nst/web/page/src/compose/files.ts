/** Pictures and videos that a person brings: what is taken, and how it looks. */

import { postPreview } from "../api.ts";
import type { Limits } from "../types.ts";
import { bytes } from "../words.ts";
import type { Own } from "./draft.ts";

export type Field = "content" | "style";

/** The kinds that the program reads, with endings for those that browsers have no type for. */
const PICTURES =
  "image/jpeg,image/png,image/webp,image/gif,image/avif,image/bmp,image/tiff,image/heic,image/heif,image/jxl,.heic,.heif,.jxl,.jp2,.ppm,.ico";
export const ACCEPT: Record<Field, string> = {
  content: `${PICTURES},video/mp4,video/quicktime,video/webm,video/x-matroska,.m4v,.mov,.mkv`,
  style: PICTURES,
};

const PICTURE = /\.(jpe?g|png|webp|gif|avif|bmp|tiff?|hei[cf]|jxl|jp2|ppm|ico)$/i;
const VIDEO = /\.(mp4|m4v|mov|webm|mkv)$/i;

function isVideo({ name, type }: File): boolean {
  return type.startsWith("video/") || (type === "" && VIDEO.test(name));
}

/** Why a file cannot be taken, or nothing. */
export function fileProblem(file: File, field: Field, limits: Limits): string {
  const { name, type, size } = file;
  if (isVideo(file) && field === "style") return `${name} is a video; a style is a picture.`;
  const isPicture = type === "" ? PICTURE.test(name) : type.startsWith("image/");
  if (!isPicture && !isVideo(file)) {
    return field === "style"
      ? `${name} is not a picture. JPEG, PNG and HEIC are read, and most other kinds.`
      : `${name} is neither a picture nor a video. JPEG, PNG, HEIC, MP4, MOV and WebM are read, and most other kinds.`;
  }
  if (type.startsWith("image/svg")) return `${name} is of a kind that is not read here. Save it as JPEG or PNG.`;
  if (size === 0) return `${name} is empty.`;
  const most = isVideo(file) ? limits.video_bytes : limits.file_bytes;
  return size > most ? `${name} has ${bytes(size)}; at most ${bytes(most)} are taken.` : "";
}

/** A file with what shows it: itself, or where a browser cannot, or it may move, the server's view of it. */
export async function looked(file: File, field: Field, limits: Limits): Promise<Own> {
  const moves = field === "content" && (isVideo(file) || file.type === "image/gif");
  const url = URL.createObjectURL(file);
  const size = moves ? null : await sizeOf(url);
  if (size === null) {
    URL.revokeObjectURL(url);
    return { file, ...(await postPreview(file, field)) };
  }
  if (size.width * size.height > limits.pixels) {
    URL.revokeObjectURL(url);
    const most = `${Math.round(limits.pixels / 100_000) / 10} million`;
    throw new Error(`${file.name} has ${size.width} × ${size.height} pixels; at most ${most} are taken.`);
  }
  return { file, url, kind: "picture", frames: 0 };
}

/** The pixels of a picture, or null where the browser cannot show it. */
async function sizeOf(url: string): Promise<{ width: number; height: number } | null> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    return null;
  }
  return { width: image.naturalWidth, height: image.naturalHeight };
}

/** The files among what was pasted or dropped. */
export function filesOf(transfer: DataTransfer | null): File[] {
  return transfer === null ? [] : Array.from(transfer.files);
}
