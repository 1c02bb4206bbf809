/** Lists of cards: adding pages, applying changes, selecting and navigating. */

import type { GalleryChanges, JobCard } from "../types.ts";

/** Reuses the old objects of cards that have not changed, so that they are not rendered again. */
export function reconciled(before: JobCard[], after: JobCard[]): JobCard[] {
  const known = new Map(before.map((card) => [card.id, card]));
  return after.map((card) => {
    const old = known.get(card.id);
    return old !== undefined && JSON.stringify(old) === JSON.stringify(card) ? old : card;
  });
}

/** Adds a page. A job that moved from one page to the next is listed once. */
export function appended(before: JobCard[], page: JobCard[]): JobCard[] {
  const known = new Set(before.map(({ id }) => id));
  return [...before, ...page.filter(({ id }) => !known.has(id))];
}

/** Applies changes to the cards; null if the list must be reloaded because jobs were added, removed or changed state. */
export function changed(cards: JobCard[], changes: GalleryChanges): JobCard[] | null {
  if (changes.reset || changes.gone.length > 0) return null;
  const news = new Map(changes.cards.map((card) => [card.id, card]));
  const known = cards.filter(({ id }) => news.has(id));
  if (known.length < news.size || known.some(({ id, state }) => news.get(id)?.state !== state)) return null;
  return cards.map((card) => news.get(card.id) ?? card);
}

/** Adds a card to the selection, or removes it. */
export function toggled(selected: ReadonlySet<string>, id: string): Set<string> {
  const next = new Set(selected);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** Adds a range of cards to the selection. */
export function extended(selected: ReadonlySet<string>, cards: JobCard[], from: string | null, to: string): Set<string> {
  const end = cards.findIndex(({ id }) => id === to);
  const start = cards.findIndex(({ id }) => id === from);
  const range = cards.slice(Math.min(start < 0 ? end : start, end), Math.max(start, end) + 1);
  return new Set([...selected, ...range.map(({ id }) => id)]);
}

/** The index of the card that a key moves to, or null for other keys. */
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
