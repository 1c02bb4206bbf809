/** Copying a painted picture, or using it as the content or style of the next one. */

import { ApiError, getBlob, resultUrl } from "../api.ts";
import { encoded } from "../parts/images.ts";
import type { Job } from "../types.ts";

/** The painted picture as a file with a descriptive name. */
export async function fileOf(job: Job): Promise<File> {
  const blob = await getBlob(resultUrl(job.id));
  const stem = job.content.title.replace(/\.[0-9a-z]{1,5}$/i, "");
  const ending = blob.type === "image/png" ? "png" : "jpg";
  return new File([blob], `${stem} painted ${job.number}.${ending}`, { type: blob.type });
}

/** Whether pictures can be copied: browsers only allow it in secure contexts. */
export const canCopy = typeof ClipboardItem !== "undefined" && Boolean(navigator.clipboard);

export async function copyPicture(job: Job): Promise<void> {
  // Not awaited here: Safari only lets the clipboard be used during the click.
  const png = getBlob(resultUrl(job.id)).then(asPng);
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
  } catch (error) {
    await png; // its own error says more
    throw error instanceof ApiError ? error : new ApiError(0, "The browser did not allow copying the picture.");
  }
}

/** PNG is the only format that every clipboard accepts. */
async function asPng(blob: Blob): Promise<Blob> {
  if (blob.type === "image/png") return blob;
  const bitmap = await createImageBitmap(blob);
  const png = await encoded(bitmap, bitmap.width, bitmap.height, "image/png");
  bitmap.close();
  if (png === null) throw new ApiError(0, "The picture could not be copied.");
  return png;
}

export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Without HTTPS, as on a home network, there is no clipboard API.
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  const focused = document.activeElement as HTMLElement | null;
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus();
  if (!done) throw new ApiError(0, "The browser did not allow copying.");
}
