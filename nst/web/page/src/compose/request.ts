/** The form that asks the server for a painting. */

import type { SettingValues } from "../types.ts";
import type { Draft } from "./draft.ts";

export function formOf(draft: Draft, changed: SettingValues): FormData {
  const form = new FormData();
  const { content, ownStyles, sampleStyles, again } = draft;
  if (content?.kind === "own") form.append("content", content.own.file);
  if (content?.kind === "sample") form.append("content_name", content.name);
  for (const { file } of ownStyles) form.append("style", file);
  for (const name of sampleStyles) form.append("style_name", name);
  if (again && (content?.kind === "again" || again.styles.length > 0)) form.append("again", again.id);
  form.append("preset", draft.preset);
  form.append("network", draft.network);
  // Also when empty: without it an earlier job's settings would be taken.
  form.append("settings", JSON.stringify(changed));
  return form;
}

export function bodyBytes({ content, ownStyles }: Draft): number {
  const own = content?.kind === "own" ? [content.own, ...ownStyles] : ownStyles;
  return own.reduce((sum, { file }) => sum + file.size, 0);
}
