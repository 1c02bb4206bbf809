/** The cards of the gallery: read page by page, and kept as they are on the server. */

import { useCallback, useEffect, useRef, useState } from "react";

import { ApiError, getGallery, getGalleryChanges } from "../api.ts";
import type { GalleryAnswer } from "../types.ts";
import { isActive } from "../words.ts";
import { appended, changed, reconciled } from "./list.ts";
import { recall, remember, type Listed } from "./memory.ts";

const PAGE = 100;
const LARGEST = 500;
const OFTEN = 1500;
const SELDOM = 8000;

export interface GalleryState {
  /** null before the first answer. */
  listed: Listed | null;
  /** What went wrong with the last question, or nothing. */
  problem: string;
  /** Whether the cards are of the query before, until those of this one come. */
  stale: boolean;
  /** Reads the next page, if there is one. */
  more: () => void;
  /** Reads all pages that are left; gives what is then listed. */
  all: () => Promise<Listed | null>;
  /** Asks at once what has changed. */
  refresh: () => Promise<void>;
}

/** The first cards of a query, as many as were there before. */
async function read(params: URLSearchParams, wanted: number): Promise<GalleryAnswer> {
  const first = await getGallery(params, Math.min(LARGEST, Math.max(PAGE, wanted)));
  let { cards, cursor } = first;
  while (cursor !== null && cards.length < wanted) {
    const next = await getGallery(params, Math.min(LARGEST, wanted - cards.length), cursor);
    cards = appended(cards, next.cards);
    cursor = next.cursor;
  }
  return { ...first, cards, cursor };
}

export function useGallery(query: string, session: number): GalleryState {
  const [shown, setShown] = useState<{ query: string; listed: Listed | null }>(() => ({ query, listed: recall(query) ?? null }));
  const [problem, setProblem] = useState("");
  // The truth between two renderings; questions of another query, or of an earlier state, are not taken in.
  const current = useRef<{ query: string; listed: Listed | null }>(shown);
  const asked = useRef(0);
  const elsewhere = useRef(new Map<string, string>());
  const paging = useRef<Promise<void> | null>(null);

  const take = useCallback((listed: Listed) => {
    current.current = { query: current.current.query, listed };
    remember(current.current.query, listed);
    setShown(current.current);
    setProblem("");
  }, []);

  const reload = useCallback(async () => {
    const mine = ++asked.current;
    const before = current.current.listed;
    try {
      const found = await read(new URLSearchParams(current.current.query), before?.cards.length ?? 0);
      if (mine !== asked.current) return;
      const { cards, cursor, total, revision } = found;
      const choices = found.choices ?? before?.choices ?? { states: {}, kinds: {}, presets: {}, styles: {} };
      take({ cards: reconciled(before?.cards ?? [], cards), cursor, total, choices, revision });
    } catch (error) {
      if (mine === asked.current) setProblem((error as ApiError).message);
    }
  }, [take]);

  const refresh = useCallback(async () => {
    const before = current.current.listed;
    if (before === null) return reload();
    const mine = asked.current;
    try {
      const changes = await getGalleryChanges(before.revision);
      const now = current.current.listed;
      if (mine !== asked.current || now === null || changes.revision === now.revision) return;
      // A job that is not listed, such as one that the filters leave out, matters again when its state changes.
      const listed = new Set(now.cards.map(({ id }) => id));
      const others = changes.cards.filter(({ id }) => !listed.has(id));
      const news = changes.cards.filter(({ id, state }) => listed.has(id) || elsewhere.current.get(id) !== state);
      for (const { id, state } of others) elsewhere.current.set(id, state);
      const cards = changed(now.cards, { ...changes, cards: news });
      if (cards === null) await reload();
      else take({ ...now, cards, revision: changes.revision });
    } catch {
      // The header says that the server is away; what is listed stays.
    }
  }, [reload, take]);

  const next = useCallback((limit: number): Promise<void> => {
    const before = current.current.listed;
    if (before?.cursor == null) return Promise.resolve();
    const mine = asked.current;
    paging.current ??= getGallery(new URLSearchParams(current.current.query), limit, before.cursor)
      .then((page) => {
        const now = current.current.listed;
        if (mine !== asked.current || now === null) return;
        take({ ...now, cards: appended(now.cards, page.cards), cursor: page.cursor, total: page.total });
      })
      .catch((error: ApiError) => setProblem(error.message))
      .finally(() => (paging.current = null));
    return paging.current;
  }, [take]);
  const more = useCallback(() => void next(PAGE), [next]);
  const all = useCallback(async () => {
    for (let count = -1; current.current.listed?.cursor != null && current.current.listed.cards.length > count; ) {
      count = current.current.listed.cards.length;
      await next(LARGEST);
    }
    return current.current.listed;
  }, [next]);

  useEffect(() => {
    const known = recall(query) ?? null;
    current.current = { query, listed: known };
    asked.current += 1;
    elsewhere.current.clear();
    if (known === null) {
      void reload();
    } else {
      setShown(current.current);
      void refresh();
    }
  }, [query, session, reload, refresh]);

  const busy = shown.listed?.cards.some(isActive) ?? false;
  useEffect(() => {
    const seen = () => {
      if (!document.hidden) void refresh();
    };
    const timer = window.setInterval(seen, busy ? OFTEN : SELDOM);
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("focus", seen);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("focus", seen);
    };
  }, [busy, refresh]);

  return { listed: shown.listed, stale: shown.query !== query, problem, more, all, refresh };
}
