/** The user's pictures and videos: which are accepted, and how very large photos are made smaller. */

import { postPreview } from "../api.ts";
import { blobOf, encoded, loadImage } from "../parts/images.ts";
import type { Limits, Painted } from "../types.ts";
import { bytes } from "../words.ts";
import type { Own } from "./draft.ts";
import type { Texts } from "./settings.ts";

export type Field = "content" | "style";

/** What the program reads, including extensions that browsers know no type for. */
const PICTURES =
  "image/jpeg,image/png,image/webp,image/gif,image/avif,image/bmp,image/tiff,image/heic,image/heif,image/jxl,.heic,.heif,.jxl,.jp2,.ppm,.ico";
export const ACCEPT: Record<Field, string> = {
  content: `${PICTURES},video/mp4,video/quicktime,video/webm,video/x-matroska,.m4v,.mov,.mkv`,
  style: PICTURES,
};

const PICTURE = /\.(jpe?g|png|webp|gif|avif|bmp|tiff?|hei[cf]|jxl|jp2|ppm|ico)$/i;
const VIDEO = /\.(mp4|m4v|mov|webm|mkv)$/i;
const HEAVY = 4_000_000; // bytes above which a photo is made smaller before it is sent
const OPAQUE = ["image/jpeg", "image/bmp"];

export function isVideo({ name, type }: File): boolean {
  return type.startsWith("video/") || (type === "" && VIDEO.test(name));
}

/** Why a file is not accepted, or "". A picture that is too large may still be made smaller. */
export function fileProblem(file: File, field: Field, limits: Limits): string {
  const { name, type, size } = file;
  const video = isVideo(file);
  if (video && field === "style") return `${name} is a video; a style must be a picture.`;
  if (!video && !(type === "" ? PICTURE.test(name) : type.startsWith("image/"))) {
    return field === "style"
      ? `${name} is not a picture. JPEG, PNG, HEIC and most other formats work.`
      : `${name} is neither a picture nor a video. JPEG, PNG, HEIC, MP4, MOV, WebM and most other formats work.`;
  }
  if (type.startsWith("image/svg")) return `${name} is in a format that is not supported. Save it as JPEG or PNG.`;
  if (size === 0) return `${name} is empty.`;
  return video ? sizeProblem(file, limits.video_bytes) : "";
}

function sizeProblem({ name, size }: File, most: number): string {
  return size > most ? `${name} has ${bytes(size)}; the limit is ${bytes(most)}.` : "";
}

/** Whether a picture is too narrow for these settings, calculated as the server does; "" if it is not. */
export function narrowProblem({ file, width, height }: Pick<Own, "file" | "width" | "height">, field: Field, texts: Texts, limits: Limits): string {
  const wanted = Number(texts.image_size);
  const scales = Number(texts.scales ?? 1);
  if (!(wanted > 0) || !(scales > 0)) return ""; // those fields report it
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const longest = field === "content" ? wanted : Math.min(wanted, long) * Number(texts.style_scale ?? 1);
  const narrow = Math.round(((longest / 2 ** (scales - 1)) * short) / long);
  if (narrow >= limits.side) return "";
  const when = scales > 1 ? " at the smallest scale" : "";
  return `${file.name} would have ${narrow} pixels on its short side${when} but needs ${limits.side}: choose another picture or a larger size.`;
}

/** A file that was read. */
export interface Read {
  own: Own;
  /** The settings embedded in a picture that was painted here. */
  painted: Painted | null;
}

/** Has the server check a file, made smaller first if need be. Throws an Error whose message is a sentence. */
export async function readFile(given: File, field: Field, limits: Limits): Promise<Read> {
  const moves = field === "content" && (isVideo(given) || given.type === "image/gif");
  const image = moves ? null : await decoded(given);
  const file = image && needsShrinking(given, image, limits) ? await shrunk(given, image, limits.image_size) : given;
  const problem = isVideo(file) ? "" : sizeProblem(file, limits.file_bytes);
  if (problem !== "") throw new Error(problem);
  const { kind, frames, width, height, url, painted } = await postPreview(file, field);
  const shown = image && kind === "picture" ? file : blobOf(url);
  const own = { key: newKey(), file, shown, url: URL.createObjectURL(shown), kind, frames, width, height };
  return { own, painted };
}

/** A key for a file in this browser. `crypto.randomUUID` exists only in secure contexts. */
function newKey(): string {
  return `own:${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

/** The picture, or null if the browser cannot show it. */
async function decoded(file: File): Promise<HTMLImageElement | null> {
  const url = URL.createObjectURL(file);
  try {
    return await loadImage(url);
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Whether a picture has more pixels than will be painted, and would be slow to send or refused. */
function needsShrinking({ size }: File, { naturalWidth, naturalHeight }: HTMLImageElement, limits: Limits): boolean {
  if (Math.max(naturalWidth, naturalHeight) <= limits.image_size) return false;
  return size > Math.min(HEAVY, limits.file_bytes) || naturalWidth * naturalHeight > limits.pixels;
}

async function shrunk(file: File, image: HTMLImageElement, longest: number): Promise<File> {
  const scale = longest / Math.max(image.naturalWidth, image.naturalHeight);
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  const type = OPAQUE.includes(file.type) ? "image/jpeg" : "image/png"; // other formats may be transparent
  const blob = await encoded(image, side(image.naturalWidth), side(image.naturalHeight), type);
  return blob === null ? file : new File([blob], file.name, { type });
}
