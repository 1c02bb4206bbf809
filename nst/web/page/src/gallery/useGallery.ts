/** The cards of the gallery, loaded page by page and kept in sync with the server. */

import { useCallback, useEffect, useRef, useState } from "react";

import { ApiError, getGallery, getGalleryChanges } from "../api.ts";
import { onReturn } from "../parts/hooks.ts";
import type { GalleryAnswer } from "../types.ts";
import { isActive } from "../words.ts";
import { appended, changed, reconciled } from "./list.ts";
import { NO_CHOICES, recall, remember, type Listed } from "./memory.ts";

const PAGE = 100;
const LARGEST = 500;
const OFTEN = 1500;
const SELDOM = 8000;

interface GalleryState {
  /** Null before the first response. */
  listed: Listed | null;
  /** What went wrong with the last request, or "". */
  problem: string;
  /** Whether the cards are still those of the previous query. */
  stale: boolean;
  /** Loads the next page, if there is one. */
  more: () => void;
  /** Loads all remaining pages and returns the list. */
  all: () => Promise<Listed | null>;
  /** Checks for changes now. */
  refresh: () => Promise<void>;
}

/** The first cards of a query, at least as many as `wanted`. */
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
  // The latest state, also between renders. Responses to earlier queries or states are ignored.
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
      const choices = found.choices ?? before?.choices ?? NO_CHOICES;
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
      // A job that is not listed, such as one hidden by the filters, matters only if its state changes.
      const listed = new Set(now.cards.map(({ id }) => id));
      const others = changes.cards.filter(({ id }) => !listed.has(id));
      const news = changes.cards.filter(({ id, state }) => listed.has(id) || elsewhere.current.get(id) !== state);
      for (const { id, state } of others) elsewhere.current.set(id, state);
      const cards = changed(now.cards, { ...changes, cards: news });
      if (cards === null) await reload();
      else take({ ...now, cards, revision: changes.revision });
    } catch {
      // The header reports that the server is down; what is listed stays.
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
    const timer = window.setInterval(() => document.hidden || void refresh(), busy ? OFTEN : SELDOM);
    const stopListening = onReturn(refresh);
    return () => {
      window.clearInterval(timer);
      stopListening();
    };
  }, [busy, refresh]);

  return { listed: shown.listed, stale: shown.query !== query, problem, more, all, refresh };
}
