/** Masks of a job, for the editor while it is being painted. */

import { thumbnailUrl } from "../api.ts";
import { earlierStyle } from "../compose/draft.ts";
import type { Job, Picture } from "../types.ts";
import { layerKey, masksOfJob, type DraftMasks } from "./draftMasks.ts";
import type { MaskLayer } from "./layers.ts";

const keyOf = (style: Picture, index: number) => earlierStyle(style, index).key;

/** What the editor paints of a job; `masks` are those that it has now, if others than it began with. */
export function layersOfJob(job: Job, masks: DraftMasks = masksOfJob(job)): MaskLayer[] {
  const first = job.kind === "video" ? ", first frame" : "";
  const content = { title: job.content.title + first, url: thumbnailUrl(job.content.url, 1024) };
  return (["content", "style"] as const).flatMap((over) =>
    job.styles.map((style, index) => ({
      key: layerKey(over, keyOf(style, index)),
      over,
      title: style.title,
      picture: over === "content" ? content : { title: style.title, url: thumbnailUrl(style.url, 1024) },
      mask: masks[over][keyOf(style, index)] ?? null,
    })),
  );
}

/** The keys of a job's styles, in their order. */
export function keysOfJob({ styles }: Job): string[] {
  return styles.map(keyOf);
}
