/** Masks of a job, for the editor while it is being painted. */

import { thumbnailUrl } from "../api.ts";
import type { Job } from "../types.ts";
import { layerKey, masksOfJob, type DraftMasks } from "./draftMasks.ts";
import { dataUrlOf } from "./files.ts";
import type { MaskLayer, Over } from "./layers.ts";

/** What the editor paints of a job; `masks` are those that it has now, if others than it began with. */
export function layersOfJob(job: Job, masks: DraftMasks = masksOfJob(job)): MaskLayer[] {
  const first = job.kind === "video" ? ", first frame" : "";
  const content = { title: job.content.title + first, url: thumbnailUrl(job.content.url, 1024) };
  return (["content", "style"] as const).flatMap((over) =>
    job.styles.map(({ title, url }) => ({
      key: layerKey(over, url),
      over,
      title,
      picture: over === "content" ? content : { title, url: thumbnailUrl(url, 1024) },
      mask: masks[over][url] ?? null,
    })),
  );
}

/** All masks as lists of PNGs in `data:` URLs, one for each style, null where there is none; a list is empty without any. */
export async function listsOfMasks(job: Job, masks: DraftMasks): Promise<Record<Over, (string | null)[]>> {
  const of = async (over: Over) => {
    if (Object.keys(masks[over]).length === 0) return [];
    return Promise.all(job.styles.map(({ url }) => (masks[over][url] === undefined ? null : dataUrlOf(masks[over][url]))));
  };
  return { content: await of("content"), style: await of("style") };
}
