/** The state of the form. It outlives the view, so that several pictures can be sent one after the other. */

import { useEffect, useReducer, useRef, type Dispatch } from "react";

import { presetOf, type Catalogue } from "../catalogue.ts";
import { keptMasks, masksOfJob, NO_MASKS, type DraftMasks } from "../masks/draftMasks.ts";
import type { Job, Kind, Painted, Picture, SettingValues } from "../types.ts";
import { save } from "./saved.ts";
import { textsOf, type Texts } from "./settings.ts";

/** One of the user's files; `shown` is the file, or a preview of it if browsers cannot show it. */
export interface Own {
  key: string;
  file: File;
  shown: Blob;
  url: string;
  kind: Kind;
  frames: number;
  width: number;
  height: number;
}

export type Content =
  | { kind: "own"; own: Own }
  | { kind: "sample"; name: string }
  | { kind: "again"; id: string; picture: Picture; of: Kind; width: number | null; height: number | null };

/** A chosen style and its weight in a mix, 0 to 100. */
export type Style = { key: string; weight: number } & (
  | { kind: "own"; own: Own }
  | { kind: "sample"; name: string }
  | { kind: "earlier"; index: number; picture: Picture }
);

export interface Draft {
  content: Content | null;
  styles: Style[];
  /** The user's own styles, chosen or not. */
  shelf: Own[];
  /** An earlier job, whose content and styles need not be uploaded again. */
  again: { id: string; styles: Picture[] } | null;
  /** Whether each style is painted separately. */
  each: boolean;
  /** How many pictures to paint that differ only in their seed, as text. */
  variations: string;
  preset: string;
  network: string;
  texts: Texts;
  masks: DraftMasks;
}

export type Change =
  | { kind: "content"; content: Content | null }
  | { kind: "style"; style: Style; mix: boolean }
  | { kind: "ownStyles"; own: Own[] }
  | { kind: "removeStyle"; key: string }
  | { kind: "discard"; key: string }
  | { kind: "weight"; key: string; weight: number }
  | { kind: "each"; each: boolean }
  | { kind: "variations"; text: string }
  | { kind: "pair"; content: string; style: string }
  | { kind: "preset"; name: string }
  | { kind: "network"; name: string }
  | { kind: "texts"; texts: Texts }
  | { kind: "restore"; painted: Painted }
  | { kind: "settingsOf"; draft: Draft }
  | { kind: "picturesOf"; draft: Draft }
  | { kind: "again"; job: Job }
  | { kind: "masks"; masks: DraftMasks };

const MIDDLE = 50;
/** The most styles painted separately: one click should not fill the queue. */
const MOST_EACH = 24;

export const sampleStyle = (name: string): Style => ({ kind: "sample", name, key: `sample:${name}`, weight: MIDDLE });
export const ownStyle = (own: Own): Style => ({ kind: "own", own, key: own.key, weight: MIDDLE });
export const earlierStyle = (picture: Picture, index: number): Style =>
  ({ kind: "earlier", index, picture, key: `earlier:${picture.url}`, weight: MIDDLE });

export function fresh(catalogue: Catalogue): Draft {
  const network = networkOf(catalogue);
  const preset = presetOf(catalogue, catalogue.defaultPreset, network);
  return {
    content: null,
    styles: [],
    shelf: [],
    again: null,
    each: false,
    variations: "1",
    preset: preset.name,
    network,
    texts: textsOf(preset.settings),
    masks: NO_MASKS,
  };
}

/** The draft saved before a reload, without what the studio no longer has. */
export function resumed(catalogue: Catalogue, draft: Draft | null): Draft {
  const begun = fresh(catalogue);
  if (draft === null) return begun;
  const known = (name: string, samples: { name: string }[]) => samples.some((sample) => sample.name === name);
  const { content } = draft;
  const network = networkOf(catalogue, draft.network);
  const preset = presetOf(catalogue, draft.preset, network);
  return {
    ...begun,
    ...draft,
    content: content?.kind === "sample" && !known(content.name, catalogue.contents) ? null : content,
    styles: draft.styles.filter((style) => style.kind !== "sample" || known(style.name, catalogue.styles)),
    network,
    preset: preset.name,
    texts: { ...textsOf(preset.settings), ...draft.texts },
  };
}

function networkOf({ networks }: Catalogue, name?: string): string {
  const usable = networks.filter((network) => network.available);
  return (usable.find((network) => network.name === name) ?? usable.find((network) => network.default) ?? usable[0])?.name ?? "";
}

/** The settings after a change of network: those at the preset's value take its value for the new network. */
function followed(catalogue: Catalogue, { preset, network, texts }: Draft, next: string): Texts {
  const before = textsOf(presetOf(catalogue, preset, network).settings);
  const after = textsOf(presetOf(catalogue, preset, next).settings);
  const untouched = Object.entries(after).filter(([name]) => texts[name] === before[name]);
  return { ...texts, ...Object.fromEntries(untouched) };
}

/** The preset closest to some settings. */
function closest(catalogue: Catalogue, network: string, settings: SettingValues): string {
  const differing = (name: string) => {
    const own = presetOf(catalogue, name, network).settings;
    return Object.keys(settings).filter((each) => own[each] !== settings[each]).length;
  };
  const names = catalogue.presets.map(({ name }) => name);
  return names.reduce((best, name) => (differing(name) < differing(best) ? name : best));
}

/** What will be painted; a picture until something is chosen. */
export function kindOf({ content }: Draft): Kind {
  if (content?.kind === "own") return content.own.kind;
  return content?.kind === "again" ? content.of : "picture";
}

/** How many styles may be chosen. */
export function mostStyles({ each }: Draft, catalogue: Catalogue): number {
  return each ? MOST_EACH : catalogue.limits.styles;
}

/** The positions of the weight sliders for a setting such as "0.5,0.25". */
function sliders(text: string, count: number): number[] {
  const values = text.split(",").map(Number);
  const largest = Math.max(...values);
  if (values.length !== count || !values.every(Number.isFinite) || largest <= 0) return Array<number>(count).fill(MIDDLE);
  return values.map((value) => Math.round((100 * value) / largest));
}

/** The styles after some were added to them or, unless mixed, replaced them. */
function joined(draft: Draft, catalogue: Catalogue, added: Style[], mix: boolean): Style[] {
  const kept = mix || draft.each ? draft.styles : [];
  const fresh = added.filter(({ key }) => !kept.some((style) => style.key === key));
  return [...kept, ...fresh].slice(0, mostStyles(draft, catalogue));
}

export function changed(catalogue: Catalogue, draft: Draft, change: Change): Draft {
  const other = ({ key }: { key: string }) => !("key" in change) || key !== change.key;
  switch (change.kind) {
    case "content":
      return { ...draft, content: change.content };
    case "style":
      return { ...draft, styles: joined(draft, catalogue, [change.style], change.mix) };
    case "ownStyles":
      return {
        ...draft,
        shelf: [...draft.shelf, ...change.own],
        styles: joined(draft, catalogue, change.own.map(ownStyle), false),
      };
    case "removeStyle":
      return { ...draft, styles: draft.styles.filter(other) };
    case "discard":
      return { ...draft, shelf: draft.shelf.filter(other), styles: draft.styles.filter(other) };
    case "weight":
      return { ...draft, styles: draft.styles.map((style) => (other(style) ? style : { ...style, weight: change.weight })) };
    case "each":
      return { ...draft, each: change.each, styles: change.each ? draft.styles : draft.styles.slice(0, catalogue.limits.styles) };
    case "variations":
      return { ...draft, variations: change.text };
    case "pair":
      return { ...draft, content: { kind: "sample", name: change.content }, styles: [sampleStyle(change.style)], again: null };
    case "preset":
      return { ...draft, preset: change.name, texts: textsOf(presetOf(catalogue, change.name, draft.network).settings) };
    case "network":
      return { ...draft, network: change.name, texts: followed(catalogue, draft, change.name) };
    case "texts":
      return { ...draft, texts: { ...draft.texts, ...change.texts } };
    case "restore": {
      const { settings, network: wanted } = change.painted;
      const network = networkOf(catalogue, wanted === "" ? draft.network : wanted);
      return { ...draft, network, preset: closest(catalogue, network, settings), texts: textsOf(settings) };
    }
    case "settingsOf": {
      const { preset, network, texts } = change.draft;
      return { ...draft, preset, network, texts };
    }
    case "picturesOf":
      return { ...draft, ...withUrls(change.draft) };
    case "again": {
      const { job } = change;
      const { width, height } = job;
      const weights = sliders(String(job.settings.style_weights ?? ""), job.styles.length);
      return {
        ...draft,
        content: { kind: "again", id: job.id, picture: job.content, of: job.kind, width, height },
        styles: job.styles.map((picture, index) => ({ ...earlierStyle(picture, index), weight: weights[index] ?? MIDDLE })),
        again: { id: job.id, styles: job.styles },
        each: false,
        variations: "1",
        preset: presetOf(catalogue, job.preset, job.network).name,
        network: networkOf(catalogue, job.network),
        texts: textsOf(job.settings),
        masks: masksOfJob(job),
      };
    }
    case "masks":
      return { ...draft, masks: change.masks };
  }
}

/** The pictures of an earlier draft, whose object URLs have been revoked since. */
function withUrls({ content, styles, shelf, again }: Draft): Pick<Draft, "content" | "styles" | "shelf" | "again"> {
  const renewed = (own: Own): Own => ({ ...own, url: URL.createObjectURL(own.shown) });
  const kept = shelf.map(renewed);
  return {
    content: content?.kind === "own" ? { kind: "own", own: renewed(content.own) } : content,
    styles: styles.map((style) =>
      style.kind === "own" ? { ...style, own: kept.find(({ key }) => key === style.key) ?? style.own } : style,
    ),
    shelf: kept,
    again,
  };
}

export function useDraft(catalogue: Catalogue, saved: Draft | null): [Draft, Dispatch<Change>] {
  const [draft, change] = useReducer(
    (draft: Draft, change: Change) => {
      const next = changed(catalogue, draft, change);
      return { ...next, masks: keptMasks(draft, next) };
    },
    null,
    () => resumed(catalogue, saved),
  );
  useEffect(() => save(draft), [draft]);
  useUrlsFreed(draft);
  return [draft, change];
}

/** Revokes the URLs of files no longer in the draft: an object URL keeps its file in memory. */
function useUrlsFreed({ content, shelf }: Draft) {
  const known = useRef(new Set<string>());
  useEffect(() => {
    const used = new Set(shelf.map(({ url }) => url));
    if (content?.kind === "own") used.add(content.own.url);
    for (const url of known.current) if (!used.has(url)) URL.revokeObjectURL(url);
    known.current = used;
  }, [content, shelf]);
}
