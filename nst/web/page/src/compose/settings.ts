/** The settings as text in a form: their labels, their checks, and which are sent. */

import type { Limits, Preset, Setting, SettingValue, SettingValues } from "../types.ts";

/** The values of the inputs; "true" or "false" for a checkbox. */
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
  video_end: "End of the video in seconds",
  video_every: "Epochs between video frames",
  video_fps: "Video frames per second",
};

/** Related settings; those the page does not know come last. */
const GROUPS: [string, string[]][] = [
  ["Balance", ["strength", "alpha", "beta", "tv_weight", "temporal_weight", "style_weights"]],
  ["Painting", ["optimizer", "learning_rate", "init", "noise_ratio", "seed", "scales", "style_scale"]],
  ["Network", ["content_layers", "style_layers", "style_distance", "pooling", "padding", "precision", "tile_size"]],
  ["Frames and video", ["print_every", "video", "video_every", "video_fps", "video_layout", "video_end"]],
];

// Not settings of the server, but fields like them.
/** How many pictures to paint that differ in their seed. */
export const VARIATIONS: Setting = {
  name: "variations", kind: "int", default: 1, help: "", choices: [], at_least: 1, at_most: 12, above: null, only: null,
};
/** Where to stop painting a video. */
export const VIDEO_END: Setting = {
  name: "video_end", kind: "float", default: "", help: "leave empty to paint the whole video", choices: [],
  at_least: null, at_most: 86_400, above: 0, only: "video",
};

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function labelOf(name: string): string {
  return LABELS[name] ?? capitalised(name.replaceAll("_", " "));
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

/** A setting whose range respects the server's limits. */
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

/** The value of an input, or a sentence that says what it must be. */
export function parse(setting: Setting, text: string): { value: SettingValue } | { error: string } {
  const label = labelOf(setting.name);
  if (setting.kind === "bool") return { value: text === "true" };
  if (setting.kind !== "int" && setting.kind !== "float") return { value: text.trim() };
  if (setting.default === "" && text.trim() === "") return { value: "" };
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

/** The values that differ from the preset, and what is wrong with the others. */
export function check(settings: Setting[], texts: Texts, preset: Preset) {
  const changed: SettingValues = {};
  const errors: Record<string, string> = {};
  for (const setting of settings) {
    const { name } = setting;
    const parsed = parse(setting, texts[name] ?? String(setting.default));
    if ("error" in parsed) errors[name] = parsed.error;
    else if (parsed.value !== (preset.settings[name] ?? setting.default)) changed[name] = parsed.value;
  }
  return { changed, errors };
}
