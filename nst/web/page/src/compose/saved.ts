/**
 * Saves the draft in the browser, so that it survives a reload: in local storage, except for the files, which are too
 * large for that and go into IndexedDB. Where a browser allows neither, the draft lasts as long as the page.
 */

import { createStore, delMany, getMany, keys, setMany } from "idb-keyval";

import type { Draft, Own, Style } from "./draft.ts";

const NAME = "nst-draft";
const VERSION = 1;
const PATIENCE = 1500; // milliseconds to wait for a database that another tab may be blocking

/** As JSON: of the files, only the keys are left. */
interface Stored {
  version: number;
  draft: Draft;
}

const store = () => createStore(NAME, "files");
/** The keys of the files in the database. */
let kept = new Set<string>();
let writing: Promise<unknown> = Promise.resolve();

function filesOf({ content, shelf }: Draft): Own[] {
  return content?.kind === "own" ? [...shelf, content.own] : shelf;
}

/** Saves the draft: new files are written once, and those no longer used are deleted. */
export function save(draft: Draft): void {
  try {
    localStorage.setItem(NAME, JSON.stringify({ version: VERSION, draft } satisfies Stored));
  } catch {
    return; // storage is disabled
  }
  const used = new Map(filesOf(draft).map((own) => [own.key, own]));
  const added = [...used.values()].filter(({ key }) => !kept.has(key));
  const gone = [...kept].filter((key) => !used.has(key));
  kept = new Set(used.keys());
  if (added.length === 0 && gone.length === 0) return;
  const write = async () => {
    // An object URL does not outlive the page.
    await setMany(added.map((own): [string, Own] => [own.key, { ...own, url: "" }]), store());
    await delMany(gone, store());
  };
  writing = writing.then(write).catch(() => undefined); // the disk is full: the files last as long as the page
}

/** The draft saved before the reload, without any files that were lost. */
export async function restore(): Promise<Draft | null> {
  try {
    const text = localStorage.getItem(NAME);
    const found = text === null ? null : (JSON.parse(text) as Partial<Stored>);
    if (found?.version !== VERSION || !found.draft) return null;
    return withFiles(found.draft, await inTime(files(), new Map<string, Own>()));
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

/** Puts the files back into a draft that was saved as JSON. */
export function withFiles(draft: Draft, files: Map<string, Own>): Draft {
  const shelf = draft.shelf.flatMap(({ key }) => files.get(key) ?? []);
  let { content } = draft;
  if (content?.kind === "own") {
    const own = files.get(content.own.key);
    content = own ? { kind: "own", own } : null;
  }
  const styles = draft.styles.flatMap((style): Style[] => {
    if (style.kind !== "own") return [style];
    const own = files.get(style.key);
    return own ? [{ ...style, own }] : [];
  });
  return { ...draft, shelf, content, styles };
}

function inTime<T>(promise: Promise<T>, otherwise: T): Promise<T> {
  return Promise.race([
    promise.catch(() => otherwise),
    new Promise<T>((resolve) => window.setTimeout(() => resolve(otherwise), PATIENCE)),
  ]);
}
