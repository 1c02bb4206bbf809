/** The masks of the draft, and of a job that is being steered: grey pictures by URL, keyed by style. */

import { getBlob, thumbnailUrl } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import { earlierStyle, kindOf, type Draft } from "../compose/draft.ts";
import { ordered } from "../compose/request.ts";
import { shownContent, shownStyle, type Shown } from "../compose/shown.ts";
import { blobOf } from "../parts/images.ts";
import type { Job } from "../types.ts";
import type { MaskLayer, Over } from "./layers.ts";

export interface DraftMasks {
  content: Readonly<Record<string, string>>;
  style: Readonly<Record<string, string>>;
  /** Whether they are an earlier job's, unchanged. The server has them, including coloured ones that are not listed here. */
  earlier: boolean;
}

export const NO_MASKS: DraftMasks = { content: {}, style: {}, earlier: false };

/** A style and the key of its masks, which survives a reload. */
interface MaskedStyle extends Shown {
  key: string;
}

/** The styles of a draft in the order in which the server receives them. */
export function stylesOf(draft: Draft, catalogue: Pick<Catalogue, "styles">): MaskedStyle[] {
  return ordered(draft.styles).map((style) => ({ key: style.key, ...shownStyle(style, catalogue) }));
}

/** The masks that remain after a change: those of the remaining styles, if the content is still the same. */
export function keptMasks(before: Draft, after: Draft): DraftMasks {
  const { masks } = after;
  const keys = new Set(after.styles.map(({ key }) => key));
  const kept = (all: Readonly<Record<string, string>>) =>
    Object.keys(all).every((key) => keys.has(key)) ? all : Object.fromEntries(Object.entries(all).filter(([key]) => keys.has(key)));
  const content = masks === before.masks && !sameContent(before, after) ? {} : kept(masks.content);
  const style = kept(masks.style);
  return content === masks.content && style === masks.style ? masks : { ...masks, content, style };
}

function sameContent({ content: one }: Draft, { content: other }: Draft): boolean {
  if (one?.kind === "own") return other?.kind === "own" && one.own.key === other.own.key;
  if (one?.kind === "sample") return other?.kind === "sample" && one.name === other.name;
  return one?.kind === "again" && other?.kind === "again" && one.picture.url === other.picture.url;
}

export function masksOfJob({ masks = [], styles }: Job): DraftMasks {
  const found = { content: {} as Record<string, string>, style: {} as Record<string, string> };
  for (const { over, style, url } of masks) {
    const picture = style === null ? undefined : styles[style];
    if (picture) found[over][earlierStyle(picture, 0).key] = url;
  }
  return { ...found, earlier: masks.length > 0 };
}

export function withMasks(masks: DraftMasks, changed: ReadonlyMap<string, string | null>): DraftMasks {
  if (changed.size === 0) return masks;
  const next: Record<Over, Record<string, string>> = { content: { ...masks.content }, style: { ...masks.style } };
  for (const [layer, url] of changed) {
    const { over, style } = parted(layer);
    if (url === null) delete next[over][style];
    else next[over][style] = url;
  }
  return { ...next, earlier: false };
}

export function layerKey(over: Over, style: string): string {
  return `${over} ${style}`;
}

function parted(layer: string): { over: Over; style: string } {
  const space = layer.indexOf(" ");
  return { over: layer.slice(0, space) as Over, style: layer.slice(space + 1) };
}

/** The editor's layers: where each style goes over the content, if there is one, and the part of each that is used. */
function layersFor(styles: MaskedStyle[], content: Shown | null, masks: DraftMasks): MaskLayer[] {
  const layer = (over: Over, { key, title, url }: MaskedStyle): MaskLayer => ({
    key: layerKey(over, key),
    over,
    title,
    picture: over === "content" ? content! : { title, url },
    mask: masks[over][key] ?? null,
  });
  return [
    ...(content ? styles.map((style) => layer("content", style)) : []),
    ...styles.map((style) => layer("style", style)),
  ];
}

export function layersOf(draft: Draft, catalogue: Catalogue): MaskLayer[] {
  const content = draft.content && shownContent(draft.content, catalogue);
  if (content && kindOf(draft) === "video") content.title += ", first frame";
  return layersFor(stylesOf(draft, catalogue), content, draft.masks);
}

/** The layers of a job; `masks` are its current ones, which may have been steered. */
export function layersOfJob(job: Job, masks: DraftMasks = masksOfJob(job)): MaskLayer[] {
  const { content, styles } = job;
  const keys = keysOfJob(job);
  const shown = styles.map(({ title, url }, index) => ({ key: keys[index]!, title, url: thumbnailUrl(url, 1024) }));
  return layersFor(shown, { title: content.title, url: thumbnailUrl(content.url, 1024) }, masks);
}

/** The keys of a job's styles, in order. */
export function keysOfJob({ styles }: Job): string[] {
  return styles.map((style, index) => earlierStyle(style, index).key);
}

/** Adds the masks to the form of a job whose styles have these keys, in order. */
export async function appendMasks(form: FormData, { masks, again }: Pick<Draft, "masks" | "again">, keys: string[]): Promise<void> {
  if (masks.earlier && again !== null && form.get("again") === again.id) return;
  if (form.has("again")) form.append("keep_masks", "false");
  await appendAll(form, masks, keys);
}

/** The form that steers a job to these masks. */
export async function steeringForm(masks: DraftMasks, keys: string[]): Promise<FormData> {
  const form = new FormData();
  await appendAll(form, masks, keys);
  if (!form.has("content_mask") && !form.has("style_mask")) form.append("no_masks", "true");
  return form;
}

async function appendAll(form: FormData, masks: DraftMasks, keys: string[]): Promise<void> {
  for (const over of ["content", "style"] as const) {
    for (const [index, key] of keys.entries()) {
      const url = masks[over][key];
      if (url === undefined) continue;
      form.append(`${over}_mask`, await fileOf(url, `${over}-mask-${index + 1}.png`));
      form.append(`${over}_mask_for`, String(index));
    }
  }
}

/** A mask as a file. Throws if an earlier job's mask no longer exists. */
async function fileOf(url: string, name: string): Promise<File> {
  const blob = url.startsWith("data:")
    ? blobOf(url)
    : await getBlob(url).catch(() => {
        throw new Error("A mask of the earlier picture no longer exists. Paint it again.");
      });
  return new File([blob], name, { type: "image/png" });
}
