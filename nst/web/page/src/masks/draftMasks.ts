/** The masks of the painting that is being put together: by their styles, as addresses of grey pictures. */

import type { Catalogue } from "../catalogue.ts";
import { shownOf } from "../compose/ContentPicker.tsx";
import { earlierStyle, kindOf, type Draft } from "../compose/draft.ts";
import { ordered } from "../compose/request.ts";
import type { Job } from "../types.ts";
import { thumbnailUrl } from "../api.ts";
import { fileOf } from "./files.ts";
import type { MaskLayer, Over } from "./layers.ts";

export interface DraftMasks {
  content: Readonly<Record<string, string>>;
  style: Readonly<Record<string, string>>;
  /** Whether they are an earlier job's, unchanged: the server has them, also coloured ones, which are not shown here. */
  earlier: boolean;
}

export const NO_MASKS: DraftMasks = { content: {}, style: {}, earlier: false };

/** A style of a draft; its key is what its masks are kept by, also over a reload. */
export interface MaskedStyle {
  key: string;
  title: string;
  url: string;
}

/** The styles of a draft in the order in which the server gets them. */
export function stylesOf(draft: Draft, { styles: samples }: Pick<Catalogue, "styles">): MaskedStyle[] {
  return ordered(draft.styles).map((style) => {
    const { key } = style;
    if (style.kind === "own") return { key, title: style.own.file.name, url: style.own.url };
    if (style.kind === "earlier") return { key, title: style.picture.title, url: thumbnailUrl(style.picture.url, 1024) };
    const sample = samples.find(({ name }) => name === style.name);
    return { key, title: sample?.title ?? style.name, url: sample?.url ?? "" };
  });
}

/** What is left of the masks after a change: those of the styles that are still there, over the same content. */
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

/** What the editor paints: where each style goes, if there is a content, and which part of each is used. */
export function layersOf(draft: Draft, catalogue: Catalogue): MaskLayer[] {
  const styles = stylesOf(draft, catalogue);
  const content = draft.content && shownOf(draft.content, catalogue.contents);
  const layer = (over: Over, { key, title }: MaskedStyle, picture: { title: string; url: string }): MaskLayer => ({
    key: layerKey(over, key),
    over,
    title,
    picture,
    mask: draft.masks[over][key] ?? null,
  });
  const first = kindOf(draft) === "video" ? ", first frame" : "";
  return [
    ...(content ? styles.map((style) => layer("content", style, { title: content.title + first, url: content.url })) : []),
    ...styles.map((style) => layer("style", style, { title: style.title, url: style.url })),
  ];
}

/** Adds the masks to the form of a job, whose styles have these keys in their order. Throws where one is gone. */
export async function appendMasks(form: FormData, { masks, again }: Pick<Draft, "masks" | "again">, keys: string[]): Promise<void> {
  if (masks.earlier && again !== null && form.get("again") === again.id) return;
  if (form.has("again")) form.append("keep_masks", "false");
  await appendAll(form, masks, keys);
}

/** The form that steers a job that is being painted to these masks, of styles with these keys. */
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
