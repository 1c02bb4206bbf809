/** The gallery's search, filters and order, as stored in its route. */

import { GALLERY } from "../route.ts";
import type { JobState, Kind } from "../types.ts";

export const SORTS = { newest: "Newest first", oldest: "Oldest first", ended: "Last finished", content: "Content A–Z", style: "Style A–Z" };
type Sort = keyof typeof SORTS;

export const STATES: Record<JobState, string> = {
  queued: "Waiting",
  running: "Painting",
  finished: "Finished",
  cancelled: "Cancelled",
  failed: "Failed",
};

export interface Query {
  q: string;
  state: JobState | "";
  kind: Kind | "";
  preset: string;
  style: string;
  sort: Sort;
}

export const EVERYTHING: Query = { q: "", state: "", kind: "", preset: "", style: "", sort: "newest" };

function among<T extends string>(value: string, known: Record<T, unknown>): T | "" {
  return Object.hasOwn(known, value) ? (value as T) : "";
}

/** Parses a route's query and ignores what it does not know. */
export function parseQuery(text: string): Query {
  const found = new URLSearchParams(text);
  const word = (name: string) => (found.get(name) ?? "").slice(0, 200);
  return {
    q: word("q"),
    state: among(word("state"), STATES),
    kind: among(word("kind"), { picture: 0, video: 0 }),
    preset: word("preset"),
    style: word("style"),
    sort: among(word("sort"), SORTS) || "newest",
  };
}

/** The parameters that differ from showing everything, for the API and the route. */
export function paramsOf(query: Query): URLSearchParams {
  const shown = Object.entries(query).filter(([name, value]) => value !== EVERYTHING[name as keyof Query]);
  return new URLSearchParams(shown.map(([name, value]): [string, string] => [name, value]));
}

export function galleryHash(query: Query): string {
  const params = paramsOf(query).toString();
  return params === "" ? GALLERY : `${GALLERY}?${params}`;
}

export function isFiltered({ q, state, kind, preset, style }: Query): boolean {
  return [q.trim(), state, kind, preset, style].some((value) => value !== "");
}
