/**
 * The draft as the browser keeps it, so that it survives a reload: what was chosen in its local storage, and the files,
 * which are too large for that, in its database. Where a browser allows neither, the draft lasts as long as the page.
 */

import { createStore, delMany, getMany, keys, setMany } from "idb-keyval";

import type { Content, Draft, Own, Style } from "./draft.ts";

const NAME = "nst-draft";
const VERSION = 1;
const PATIENCE = 1500; // milliseconds: a database that another tab blocks must not hold the page

export interface Saved {
  draft: Draft;
}

/** A file is named by its key. */
interface Stored {
  version: number;
  draft: Draft;
}

const store = () => createStore(NAME, "files");
/** The keys of the files that the database has. */
let kept = new Set<string>();
let writing: Promise<unknown> = Promise.resolve();

function filesOf({ content, shelf }: Draft): Own[] {
  return content?.kind === "own" ? [...shelf, content.own] : shelf;
}

/** Keeps the draft: its files are written once, and those that it has no more are removed. */
export function save(draft: Draft): void {
  try {
    localStorage.setItem(NAME, JSON.stringify({ version: VERSION, draft } satisfies Stored));
  } catch {
    return; // a browser that keeps nothing
  }
  const used = new Map(filesOf(draft).map((own) => [own.key, own]));
  const added = [...used.values()].filter(({ key }) => !kept.has(key));
  const gone = [...kept].filter((key) => !used.has(key));
  kept = new Set(used.keys());
  if (added.length === 0 && gone.length === 0) return;
  const write = async () => {
    // The URL ends with the page.
    await setMany(added.map((own): [string, Own] => [own.key, { ...own, url: "" }]), store());
    await delMany(gone, store());
  };
  writing = writing.then(write).catch(() => undefined); // the disk is full: the draft ends with the page
}

/** The draft of the page before this one, without the files that are lost. */
export async function restore(): Promise<Saved | null> {
  try {
    const text = localStorage.getItem(NAME);
    const found = text === null ? null : (JSON.parse(text) as Partial<Stored>);
    if (found?.version !== VERSION || !found.draft) return null;
    return { draft: withFiles(found.draft, await inTime(files(), new Map<string, Own>())) };
  } catch {
    return null;
  }
}

async function files(): Promise<Map<string, Own>> {
  const names = (await keys<string>(store())).filter((key) => typeof key === "string");
  const found = (await getMany<Own | undefined>(names, store())).filter((own) => own !== undefined && own.shown instanceof Blob);
  kept = new Set(names);
  return new Map(found.map((own) => [own!.key, { ...own!, url: URL.createObjectURL(own!.shown) }]));
}

/** Puts the files into a draft that was read as text, where each is but its name. */
export function withFiles(draft: Draft, files: Map<string, Own>): Draft {
  const shelf = draft.shelf.flatMap(({ key }) => files.get(key) ?? []);
  const { content } = draft;
  const own = content?.kind === "own" ? files.get(content.own.key) : undefined;
  const whole: Content | null = content?.kind === "own" ? (own ? { kind: "own", own } : null) : content;
  const styles = draft.styles.flatMap((style): Style[] => {
    if (style.kind !== "own") return [style];
    const own = files.get(style.key);
    return own ? [{ ...style, own }] : [];
  });
  return { ...draft, shelf, content: whole, styles };
}

function inTime<T>(promise: Promise<T>, otherwise: T): Promise<T> {
  return Promise.race([
    promise.catch(() => otherwise),
    new Promise<T>((resolve) => window.setTimeout(() => resolve(otherwise), PATIENCE)),
  ]);
}
