/** How lists of cards change: pages that are added, changes that the server tells of, and what is selected. */

import type { GalleryChanges, JobCard } from "../types.ts";

/** Cards as they were before where nothing has changed in them, so that they are not drawn anew. */
export function reconciled(before: JobCard[], after: JobCard[]): JobCard[] {
  const known = new Map(before.map((card) => [card.id, card]));
  return after.map((card) => {
    const old = known.get(card.id);
    return old !== undefined && JSON.stringify(old) === JSON.stringify(card) ? old : card;
  });
}

/** The cards of a further page after those that are there; a job that moved between the pages is listed once. */
export function appended(before: JobCard[], page: JobCard[]): JobCard[] {
  const known = new Set(before.map(({ id }) => id));
  return [...before, ...page.filter(({ id }) => !known.has(id))];
}

/** The cards after changes, or null where the list has to be read again: jobs came, went, or are in another state. */
export function changed(cards: JobCard[], changes: GalleryChanges): JobCard[] | null {
  if (changes.reset || changes.gone.length > 0) return null;
  const news = new Map(changes.cards.map((card) => [card.id, card]));
  const known = cards.filter(({ id }) => news.has(id));
  if (known.length < news.size || known.some(({ id, state }) => news.get(id)?.state !== state)) return null;
  return cards.map((card) => news.get(card.id) ?? card);
}

/** What is selected after one card is added or taken away. */
export function toggled(selected: ReadonlySet<string>, id: string): Set<string> {
  const next = new Set(selected);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** What is selected after all from one card to another are added, in the order of the list. */
export function extended(selected: ReadonlySet<string>, cards: JobCard[], from: string | null, to: string): Set<string> {
  const end = cards.findIndex(({ id }) => id === to);
  const start = cards.findIndex(({ id }) => id === from);
  const range = cards.slice(Math.min(start < 0 ? end : start, end), Math.max(start, end) + 1);
  return new Set([...selected, ...range.map(({ id }) => id)]);
}

/** The card to which a key leads in a grid, or null for another key. */
export function moved(key: string, from: number, columns: number, count: number, rows: number): number | null {
  const to = {
    ArrowLeft: from - 1,
    ArrowRight: from + 1,
    ArrowUp: from - columns < 0 ? from : from - columns,
    ArrowDown: from + columns,
    PageUp: from - columns * rows,
    PageDown: from + columns * rows,
    Home: 0,
    End: count - 1,
  }[key];
  return to === undefined ? null : Math.max(0, Math.min(count - 1, to));
}
