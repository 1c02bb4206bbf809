/** Pictures and videos of the user's own: what is taken, how it looks, and how a very large photo is made smaller. */

import { postPreview } from "../api.ts";
import type { Limits, Painted } from "../types.ts";
import { bytes } from "../words.ts";
import type { Own } from "./draft.ts";
import type { Texts } from "./settings.ts";

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
const HEAVY = 4_000_000; // bytes of a photo that is made smaller before it is sent
const OPAQUE = ["image/jpeg", "image/bmp"];

export function isVideo({ name, type }: File): boolean {
  return type.startsWith("video/") || (type === "" && VIDEO.test(name));
}

/** Why a file cannot be taken, or nothing. A picture may still be made smaller. */
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
  return isVideo(file) ? sizeProblem(name, size, limits.video_bytes) : "";
}

function sizeProblem(name: string, size: number, most: number): string {
  return size > most ? `${name} has ${bytes(size)}; at most ${bytes(most)} are taken.` : "";
}

/** Whether a picture is too narrow to be painted with these settings: the server's own sum, in words. */
export function narrowProblem(name: string, size: { width: number; height: number }, field: Field, texts: Texts, limits: Limits): string {
  const wanted = Number(texts.image_size);
  const scales = Number(texts.scales ?? 1);
  if (!(wanted > 0) || !(scales > 0)) return ""; // that is said at those fields
  const [short, long] = [Math.min(size.width, size.height), Math.max(size.width, size.height)];
  const longest = field === "content" ? wanted : Math.min(wanted, long) * Number(texts.style_scale ?? 1);
  const narrow = Math.round(((longest / 2 ** (scales - 1)) * short) / long);
  if (narrow >= limits.side) return "";
  const when = scales > 1 ? " at the smallest scale" : "";
  return `${name} would have ${narrow} pixels on its short side${when}, and needs ${limits.side}: choose another picture or a larger size.`;
}

export interface Looked {
  own: Own;
  /** The settings that a picture carries that was painted here. */
  painted: Painted | null;
}

/** A file as the server reads it, which also says what is wrong with it. Throws an error with a sentence. */
export async function looked(given: File, field: Field, limits: Limits): Promise<Looked> {
  const moves = field === "content" && (isVideo(given) || given.type === "image/gif");
  const image = moves ? null : await decoded(given);
  const file = image && needsShrinking(given, image, limits) ? await shrunk(given, image, limits.image_size) : given;
  const problem = isVideo(file) ? "" : sizeProblem(file.name, file.size, limits.file_bytes);
  if (problem !== "") throw new Error(problem);
  const { kind, frames, width, height, url, painted } = await postPreview(file, field);
  const shown = image && kind === "picture" ? file : blobOf(url);
  const own = { key: newKey(), file, shown, url: URL.createObjectURL(shown), kind, frames, width, height };
  return { own, painted };
}

/** Names a file within this browser; `crypto.randomUUID` is there in secure contexts only. */
function newKey(): string {
  return `own:${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

/** A `data:` URL as what it holds; the page's own rules keep it from being fetched. */
function blobOf(url: string): Blob {
  const [head, data] = url.split(",");
  const text = atob(data ?? "");
  const type = /^data:([^;]+)/.exec(head ?? "")?.[1] ?? "image/jpeg";
  return new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type });
}

/** A picture that the browser can show, or null. */
async function decoded(file: File): Promise<HTMLImageElement | null> {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** More than is ever painted is not sent, where it would take long or be refused. */
function needsShrinking({ size }: File, { naturalWidth, naturalHeight }: HTMLImageElement, limits: Limits): boolean {
  if (Math.max(naturalWidth, naturalHeight) <= limits.image_size) return false;
  return size > Math.min(HEAVY, limits.file_bytes) || naturalWidth * naturalHeight > limits.pixels;
}

async function shrunk(file: File, image: HTMLImageElement, longest: number): Promise<File> {
  const scale = longest / Math.max(image.naturalWidth, image.naturalHeight);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const context = canvas.getContext("2d");
  if (context === null) return file;
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const type = OPAQUE.includes(file.type) ? "image/jpeg" : "image/png"; // others may be transparent
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, 0.95));
  return blob === null ? file : new File([blob], file.name, { type });
}

/** The files among what was pasted or dropped. */
export function filesOf(transfer: DataTransfer | null): File[] {
  return transfer === null ? [] : Array.from(transfer.files);
}
