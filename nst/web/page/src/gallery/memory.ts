/** What the gallery keeps while another view is shown, so that Back finds it as it was left. */

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
  /** The pixels that the page was scrolled by. */
  scroll: number;
  /** The id of the card that had the focus. */
  active: string | null;
  selected: ReadonlySet<string>;
}

const listed = new Map<string, Listed>();
const places = new Map<string, Place>();
const MOST = 5;
let latest = "";

/** The cards of a query, as they were last read. */
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

/** The address of the gallery as it was last left. */
export const lastGallery = () => (latest === "" ? GALLERY : `${GALLERY}?${latest}`);

/** A link to the gallery shows it from the top. */
export function forgetPlace(): void {
  places.clear();
  if (window.location.hash.startsWith("#/gallery")) window.scrollTo(0, 0);
}
