/** The painting that is being put together. It outlives the view, so that several can be sent one after the other. */

import { useEffect, useReducer, useRef, type Dispatch } from "react";

import { presetOf, type Catalogue } from "../catalogue.ts";
import type { Job, Kind, Picture, Preview } from "../types.ts";
import { textsOf, type Texts } from "./settings.ts";

/** A file of a person's own, with the URL that shows it. */
export interface Own extends Preview {
  file: File;
}

export type Content =
  | { kind: "own"; own: Own }
  | { kind: "sample"; name: string }
  | { kind: "again"; picture: Picture; of: Kind };

export interface Draft {
  content: Content | null;
  ownStyles: Own[];
  sampleStyles: string[];
  /** The earlier job that lends its content (`content.kind` is "again") or its styles (`styles` are there). */
  again: { id: string; styles: Picture[] } | null;
  preset: string;
  network: string;
  texts: Texts;
}

export type Change =
  | { kind: "content"; content: Content | null }
  | { kind: "addStyles"; own: Own[] }
  | { kind: "removeStyle"; url: string }
  | { kind: "toggleStyle"; name: string }
  | { kind: "dropEarlierStyles" }
  | { kind: "pair"; content: string; style: string }
  | { kind: "preset"; name: string }
  | { kind: "network"; name: string }
  | { kind: "texts"; texts: Texts }
  | { kind: "again"; job: Job }
  | { kind: "use"; field: "content" | "style"; own: Own };

export function fresh(catalogue: Catalogue): Draft {
  const network = networkOf(catalogue);
  const preset = presetOf(catalogue, catalogue.defaultPreset, network);
  return {
    content: null,
    ownStyles: [],
    sampleStyles: [],
    again: null,
    preset: preset.name,
    network,
    texts: textsOf(preset.settings),
  };
}

function networkOf({ networks }: Catalogue, name?: string): string {
  const usable = networks.filter((network) => network.available);
  return (usable.find((network) => network.name === name) ?? usable.find((network) => network.default) ?? usable[0])?.name ?? "";
}

/** The settings for another network: what stood as the preset has it stands so again. */
function followed(catalogue: Catalogue, { preset, network, texts }: Draft, next: string): Texts {
  const before = textsOf(presetOf(catalogue, preset, network).settings);
  const after = textsOf(presetOf(catalogue, preset, next).settings);
  const untouched = Object.entries(after).filter(([name]) => texts[name] === before[name]);
  return { ...texts, ...Object.fromEntries(untouched) };
}

/** What will be painted: where nothing is chosen yet, a picture. */
export function kindOf({ content }: Draft): Kind {
  if (content?.kind === "own") return content.own.kind;
  return content?.kind === "again" ? content.of : "picture";
}

export function styleCount(draft: Draft): number {
  return draft.ownStyles.length + draft.sampleStyles.length + (draft.again?.styles.length ?? 0);
}

/** A style chosen anew takes the place of an earlier job's: the server takes those only where none are given. */
function withoutEarlierStyles(draft: Draft): Draft {
  return draft.again === null ? draft : { ...draft, again: { ...draft.again, styles: [] } };
}

function changed(catalogue: Catalogue, draft: Draft, change: Change): Draft {
  switch (change.kind) {
    case "content":
      return { ...draft, content: change.content };
    case "addStyles":
      return { ...withoutEarlierStyles(draft), ownStyles: [...draft.ownStyles, ...change.own] };
    case "removeStyle":
      return { ...draft, ownStyles: draft.ownStyles.filter(({ url }) => url !== change.url) };
    case "toggleStyle": {
      const without = draft.sampleStyles.filter((name) => name !== change.name);
      const added = without.length === draft.sampleStyles.length ? [...without, change.name] : without;
      return { ...withoutEarlierStyles(draft), sampleStyles: added };
    }
    case "dropEarlierStyles":
      return withoutEarlierStyles(draft);
    case "pair":
      return {
        ...draft,
        content: { kind: "sample", name: change.content },
        ownStyles: [],
        sampleStyles: [change.style],
        again: null,
      };
    case "preset":
      return { ...draft, preset: change.name, texts: textsOf(presetOf(catalogue, change.name, draft.network).settings) };
    case "network":
      return { ...draft, network: change.name, texts: followed(catalogue, draft, change.name) };
    case "texts":
      return { ...draft, texts: { ...draft.texts, ...change.texts } };
    case "again": {
      const { job } = change;
      const samples = samplesOf(catalogue, job);
      return {
        content: { kind: "again", picture: job.content, of: job.kind },
        ownStyles: [],
        // A sample is chosen as one: it would be shown a second time among the others.
        sampleStyles: samples ?? [],
        again: { id: job.id, styles: samples ? [] : job.styles },
        preset: presetOf(catalogue, job.preset, job.network).name,
        network: networkOf(catalogue, job.network),
        texts: textsOf(job.settings),
      };
    }
    case "use":
      if (change.field === "content") return { ...draft, content: { kind: "own", own: change.own } };
      return { ...withoutEarlierStyles(draft), ownStyles: [change.own], sampleStyles: [] };
  }
}

/** The names of a job's styles if all of them are samples: files of a person's own have endings in their titles. */
function samplesOf({ styles }: Catalogue, job: Job): string[] | null {
  const names = job.styles.map(({ title }) => styles.find((style) => style.title === title)?.name);
  return names.includes(undefined) ? null : (names as string[]);
}

export function useDraft(catalogue: Catalogue): [Draft, Dispatch<Change>] {
  const [draft, change] = useReducer(
    (draft: Draft, change: Change) => changed(catalogue, draft, change),
    catalogue,
    fresh,
  );
  useUrlsFreed(draft);
  return [draft, change];
}

/** Lets go of the pictures that the draft has no more: an object URL keeps its file in memory. */
function useUrlsFreed({ content, ownStyles }: Draft) {
  const known = useRef(new Set<string>());
  useEffect(() => {
    const used = new Set(ownStyles.map(({ url }) => url));
    if (content?.kind === "own") used.add(content.own.url);
    for (const url of known.current) if (!used.has(url)) URL.revokeObjectURL(url);
    known.current = used;
  }, [content, ownStyles]);
}
