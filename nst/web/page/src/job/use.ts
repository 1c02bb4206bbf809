/** What is done with a painted picture: copied, or made the content or style of the next one. */

import { ApiError, getBlob, resultUrl } from "../api.ts";
import type { Job } from "../types.ts";

/** The painted picture as a file, with a name that says what it is. */
export async function fileOf(job: Job): Promise<File> {
  const blob = await getBlob(resultUrl(job.id));
  const stem = job.content.title.replace(/\.[0-9a-z]{1,5}$/i, "");
  const ending = blob.type === "image/png" ? "png" : "jpg";
  return new File([blob], `${stem} painted ${job.number}.${ending}`, { type: blob.type });
}

/** Whether pictures can be copied: browsers let pages do so only at addresses that they trust. */
export const copies = typeof ClipboardItem !== "undefined" && Boolean(navigator.clipboard);

export async function copyPicture(job: Job): Promise<void> {
  // The promise is given to the clipboard, not awaited before: Safari allows that only within a click.
  const png = getBlob(resultUrl(job.id)).then(asPng);
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
  } catch (error) {
    await png; // an error of its own says more
    throw error instanceof ApiError ? error : new ApiError(0, "The browser did not let the picture be copied.");
  }
}

/** The only kind that every clipboard takes. */
async function asPng(blob: Blob): Promise<Blob> {
  if (blob.type === "image/png") return blob;
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
  bitmap.close();
  return new Promise((resolve, reject) =>
    canvas.toBlob((png) => (png ? resolve(png) : reject(new ApiError(0, "The picture could not be copied."))), "image/png"),
  );
}

export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // At an address without encryption, such as another machine's in the house, there is only the older way.
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
  if (!done) throw new ApiError(0, "The browser did not let this be copied.");
}
