/** What a draft asks of the server: one form for each picture. */

import type { SettingValues } from "../types.ts";
import type { Draft, Style } from "./draft.ts";

/** One of the pictures that a draft asks for. */
interface Wanted {
  styles: Style[];
  /** Null unless there are variations. */
  seed: number | null;
}

const ORDER = ["own", "sample", "earlier"] as const;

/** The styles in the order in which the server receives them. */
export function ordered(styles: Style[]): Style[] {
  return ORDER.flatMap((kind) => styles.filter((style) => style.kind === kind));
}

/** A picture of all styles together or one of each, in every variation. */
export function wantedOf({ styles, each, texts, variations }: Draft): Wanted[] {
  const groups = each && styles.length > 1 ? styles.map((style) => [style]) : [ordered(styles)];
  const count = Math.max(1, Math.floor(Number(variations)) || 1);
  const first = Number(texts.seed ?? 0);
  return groups.flatMap((styles) =>
    Array.from({ length: count }, (_, index) => ({ styles, seed: count > 1 ? first + index : null })),
  );
}

/** The share of each style in the picture; they add up to 1. */
export function shares(styles: Style[]): number[] {
  const total = styles.reduce((sum, { weight }) => sum + weight, 0);
  return styles.map(({ weight }) => (total > 0 ? weight / total : 1 / styles.length));
}

/** The `style_weights` setting; empty if all styles weigh the same. */
export function weightsOf(styles: Style[]): string {
  const equal = styles.every(({ weight }) => weight === styles[0]?.weight);
  return equal ? "" : shares(styles).map((share) => share.toFixed(3)).join(",");
}

/** The starting pictures with noise, which is all that the seed affects. */
const NOISY = ["blend", "noise"];

export function isNoisy(init: string | undefined): boolean {
  return init !== undefined && NOISY.includes(init);
}

/** A picture's settings, as far as they differ from the preset. */
export function settingsOf({ texts }: Draft, { styles, seed }: Wanted, changed: SettingValues): SettingValues {
  const { style_weights: _, video_end: __, ...settings } = changed;
  const weights = styles.length > 1 ? weightsOf(styles) : "";
  return {
    ...settings,
    ...(weights === "" ? {} : { style_weights: weights }),
    ...(seed === null ? {} : { seed }),
    ...(seed !== null && !isNoisy(texts.init) ? { init: "blend" } : {}),
  };
}

/** The picture sent just before, whose files the server already has. */
export interface Sent {
  id: string;
  styles: Style[];
}

export function formOf(draft: Draft, wanted: Wanted, changed: SettingValues, before: Sent | null = null): FormData {
  const form = new FormData();
  const { content, again } = draft;
  const { styles } = wanted;
  const earlier = styles.filter((style) => style.kind === "earlier");
  if (before !== null && before.styles === styles) {
    form.append("again", before.id); // all its pictures
  } else if (before !== null && earlier.length === 0) {
    form.append("again", before.id); // its content
    appendStyles(form, styles);
  } else {
    if (content?.kind === "own") form.append("content", content.own.file);
    if (content?.kind === "sample") form.append("content_name", content.name);
    appendStyles(form, styles);
    const id = content?.kind === "again" ? content.id : earlier.length > 0 ? again?.id : undefined;
    if (id !== undefined) form.append("again", id);
    for (const { index } of earlier) form.append("again_style", String(index));
  }
  form.append("preset", draft.preset);
  form.append("network", draft.network);
  // Even if empty: without it, the settings of the earlier job would apply.
  form.append("settings", JSON.stringify(settingsOf(draft, wanted, changed)));
  if (changed.video_end !== undefined) form.append("video_end", String(changed.video_end));
  return form;
}

function appendStyles(form: FormData, styles: Style[]) {
  for (const style of styles) if (style.kind === "own") form.append("style", style.own.file);
  for (const style of styles) if (style.kind === "sample") form.append("style_name", style.name);
}

export function bodyBytes({ content }: Draft, { styles }: Wanted): number {
  const own = styles.flatMap((style) => (style.kind === "own" ? [style.own] : []));
  if (content?.kind === "own") own.push(content.own);
  return own.reduce((sum, { file }) => sum + file.size, 0);
}
