/** Settings as text in a form: their names in words, their checks, and what of them is sent. */

import type { Limits, Preset, Setting, SettingValue, SettingValues } from "../types.ts";

/** What stands in the inputs: text, and "true" or "false" for a switch. */
export type Texts = Record<string, string>;

const LABELS: Record<string, string> = {
  alpha: "Content weight (alpha)",
  beta: "Style weight (beta)",
  image_size: "Longest side in pixels",
  init: "Starting picture",
  picture_16bit: "16-bit picture",
  print_every: "Epochs between saved frames",
  preserve_color: "Colours",
  tv_weight: "Total variation weight",
  video_every: "Epochs between video frames",
  video_fps: "Video frames per second",
};

/** Settings in groups that a person looks for together; whatever the server adds comes last. */
const GROUPS: [string, string[]][] = [
  ["Balance", ["strength", "alpha", "beta", "tv_weight", "temporal_weight", "style_weights"]],
  ["Painting", ["optimizer", "learning_rate", "init", "noise_ratio", "seed", "scales", "style_scale"]],
  ["Network", ["content_layers", "style_layers", "style_distance", "pooling", "padding", "precision", "tile_size"]],
  ["Frames and video", ["print_every", "video", "video_every", "video_fps", "video_layout"]],
];

export function labelOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return LABELS[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

export function grouped(settings: Setting[]): [string, Setting[]][] {
  const placed = new Set(GROUPS.flatMap(([, names]) => names));
  const groups = GROUPS.map(([title, names]): [string, Setting[]] => [
    title,
    names.flatMap((name) => settings.find((setting) => setting.name === name) ?? []),
  ]);
  groups.push(["Other", settings.filter((setting) => !placed.has(setting.name))]);
  return groups.filter(([, members]) => members.length > 0);
}

export function textsOf(values: SettingValues): Texts {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

/** The setting with the server's limits put to its range. */
export function limited(setting: Setting, limits: Limits): Setting {
  const most = { epochs: limits.epochs, image_size: limits.image_size }[setting.name];
  if (most === undefined) return setting;
  return { ...setting, at_most: Math.min(most, setting.at_most ?? most) };
}

function range({ at_least, at_most, above }: Setting): string {
  const parts = [];
  if (above !== null) parts.push(`above ${above.toLocaleString("en")}`);
  if (at_least !== null) parts.push(`at least ${at_least.toLocaleString("en")}`);
  if (at_most !== null) parts.push(`at most ${at_most.toLocaleString("en")}`);
  return parts.length === 0 ? "" : `, ${parts.join(" and ")}`;
}

export type Parsed = { value: SettingValue } | { error: string };

/** The value of an input, or the sentence that says what it must be. */
export function parse(setting: Setting, text: string): Parsed {
  const label = labelOf(setting.name);
  if (setting.kind === "bool") return { value: text === "true" };
  if (setting.kind !== "int" && setting.kind !== "float") return { value: text.trim() };
  const value = Number(text);
  const whole = setting.kind === "int";
  const within =
    (setting.above === null || value > setting.above) &&
    (setting.at_least === null || value >= setting.at_least) &&
    (setting.at_most === null || value <= setting.at_most);
  if (text.trim() === "" || !Number.isFinite(value) || (whole && !Number.isInteger(value)) || !within) {
    return { error: `${label} must be a ${whole ? "whole number" : "number"}${range(setting)}.` };
  }
  return { value };
}

export function isChanged(setting: Setting, texts: Texts, preset: Preset): boolean {
  const parsed = parse(setting, texts[setting.name] ?? String(setting.default));
  return "error" in parsed || parsed.value !== preset.settings[setting.name];
}

export interface Checked {
  changed: SettingValues;
  errors: Record<string, string>;
}

/** What differs from the preset, and what is wrong. */
export function check(settings: Setting[], texts: Texts, preset: Preset): Checked {
  const checked: Checked = { changed: {}, errors: {} };
  for (const setting of settings) {
    const parsed = parse(setting, texts[setting.name] ?? String(setting.default));
    if ("error" in parsed) checked.errors[setting.name] = parsed.error;
    else if (parsed.value !== preset.settings[setting.name]) checked.changed[setting.name] = parsed.value;
  }
  return checked;
}
