/** The gallery's state while another view is shown, so that Back restores it. */

import { GALLERY } from "../route.ts";
import type { GalleryChoices, JobCard } from "../types.ts";

export interface Listed {
  cards: JobCard[];
  cursor: string | null;
  total: number;
  choices: GalleryChoices;
  revision: string;
}

export interface Place {
  scroll: number;
  /** The id of the focused card. */
  active: string | null;
  selected: ReadonlySet<string>;
}

export const NO_CHOICES: GalleryChoices = { states: {}, kinds: {}, presets: {}, styles: {} };

const listed = new Map<string, Listed>();
const places = new Map<string, Place>();
const MOST = 5; // queries remembered
let latest = "";

/** The cards of a query as they were last loaded. */
export const recall = (query: string): Listed | undefined => listed.get(query);
export const placeOf = (query: string): Place | undefined => places.get(query);

export function remember(query: string, found: Listed): void {
  listed.delete(query);
  listed.set(query, found);
  for (const old of [...listed.keys()].slice(0, -MOST)) {
    listed.delete(old);
    places.delete(old);
  }
}

export function rememberPlace(query: string, place: Place): void {
  latest = query;
  places.set(query, place);
}

/** The route of the gallery as it was last left. */
export const lastGallery = () => (latest === "" ? GALLERY : `${GALLERY}?${latest}`);

/** Makes a link to the gallery show it from the top. */
export function forgetPlace(): void {
  places.clear();
  if (window.location.hash.startsWith("#/gallery")) window.scrollTo(0, 0);
}
