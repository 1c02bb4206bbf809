/** The forms that ask the server for paintings. */

import type { SettingValues } from "../types.ts";
import type { Draft, Style } from "./draft.ts";

/** One painting of those that a draft asks for: its styles, and its seed where there are several. */
export interface Wanted {
  styles: Style[];
  seed: number | null;
}

const ORDER = ["own", "sample", "earlier"] as const;

/** Styles in the order in which the server takes them. */
export function ordered(styles: Style[]): Style[] {
  return ORDER.flatMap((kind) => styles.filter((style) => style.kind === kind));
}

/** The paintings of a draft: one, or one for each style, in as many variations as there are. */
export function wantedOf({ styles, each, texts, variations }: Draft): Wanted[] {
  const groups = each && styles.length > 1 ? styles.map((style) => [style]) : [ordered(styles)];
  const count = Math.max(1, Math.floor(Number(variations)) || 1);
  const first = Number(texts.seed ?? 0);
  return groups.flatMap((styles) =>
    Array.from({ length: count }, (_, index) => ({ styles, seed: count > 1 ? first + index : null })),
  );
}

/** The shares of styles that make one picture, Σ = 1. */
export function shares(styles: Style[]): number[] {
  const total = styles.reduce((sum, { weight }) => sum + weight, 0);
  return styles.map(({ weight }) => (total > 0 ? weight / total : 1 / styles.length));
}

/** The setting `style_weights`: nothing where all weigh the same. */
export function weightsOf(styles: Style[]): string {
  const equal = styles.every(({ weight }) => weight === styles[0]?.weight);
  return equal ? "" : shares(styles).map((share) => share.toFixed(3)).join(",");
}

/** The starts that have noise, which is all that a seed changes. */
const NOISY = ["blend", "noise"];

export function isNoisy(init: string | undefined): boolean {
  return init !== undefined && NOISY.includes(init);
}

/** The settings of one painting that differ from the preset's. */
export function settingsOf({ texts }: Draft, { styles, seed }: Wanted, changed: SettingValues): SettingValues {
  const { style_weights: _, ...settings } = changed;
  const weights = styles.length > 1 ? weightsOf(styles) : "";
  return {
    ...settings,
    ...(weights === "" ? {} : { style_weights: weights }),
    ...(seed === null ? {} : { seed }),
    ...(seed !== null && !isNoisy(texts.init) ? { init: "blend" } : {}),
  };
}

/** What of a draft the server has already, from a painting that was sent just before. */
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
  // Also when empty: without it an earlier job's settings would be taken.
  form.append("settings", JSON.stringify(settingsOf(draft, wanted, changed)));
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
