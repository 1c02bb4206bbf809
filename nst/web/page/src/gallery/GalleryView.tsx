import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from "react";

import { useAnnounce } from "../announce.tsx";
import { ApiError, cancelJob, deleteJob, zipOfSearchUrl } from "../api.ts";
import { focusHeading, HOME } from "../route.ts";
import type { JobCard } from "../types.ts";
import { count, isActive } from "../words.ts";
import { FilterBar } from "./FilterBar.tsx";
import { Grid } from "./Grid.tsx";
import { extended, toggled } from "./list.ts";
import { placeOf, rememberPlace, type Place } from "./memory.ts";
import { galleryHash, isFiltered, paramsOf, parseQuery, type Query } from "./query.ts";
import { MOST_ZIPPED, SelectionBar } from "./SelectionBar.tsx";
import { useGallery } from "./useGallery.ts";
import { useNow } from "./useNow.ts";

const AT_ONCE = 4; // requests

interface Props {
  /** The query of the address. */
  query: string;
  session: number;
  /** Whether a person came here from another view, and not by loading the page. */
  moved: RefObject<boolean>;
}

export function GalleryView({ query: text, session, moved }: Props) {
  const query = useMemo(() => parseQuery(text), [text]);
  const key = paramsOf(query).toString();
  const gallery = useGallery(key, session);
  const { listed, stale, problem, more, all, refresh } = gallery;
  const cards = listed?.cards ?? [];
  const now = useNow();
  const announce = useAnnounce();
  const [from] = useState<Place | undefined>(() => placeOf(key));
  const [active, setActive] = useState<string | null>(from?.active ?? null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(from?.selected ?? new Set());
  const [busy, setBusy] = useState("");
  const [failed, setFailed] = useState("");
  const anchor = useRef<string | null>(active);
  const dialog = useRef<HTMLDialogElement>(null);

  usePlace(key, active, selected);
  useArrival(from, listed !== null, moved);
  useTitle(query, listed?.total ?? null);

  const chosen = useMemo(() => cards.filter(({ id }) => selected.has(id)), [cards, selected]);

  const change = (next: Query) => {
    setSelected(new Set());
    setActive(null);
    setFailed("");
    // Typing makes no steps of Back; the page hears of it as of any other change of its address.
    window.history.replaceState(window.history.state, "", galleryHash(next));
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  };
  // What is found is told once it is there, and not for what was there on arrival.
  const told = useRef(key);
  useEffect(() => {
    if (listed === null || stale || told.current === key) return;
    told.current = key;
    announce(count(listed.total, "picture"));
  }, [listed, stale, key, announce]);

  const latest = useRef(cards);
  useLayoutEffect(() => {
    latest.current = cards;
  });
  const select = useCallback((id: string, range: boolean) => {
    const start = anchor.current;
    anchor.current = id;
    setSelected((before) => (range ? extended(before, latest.current, start, id) : toggled(before, id)));
  }, []);
  const activate = useCallback((id: string) => setActive(id), []);
  const cancel = useCallback(
    async (job: JobCard) => {
      setFailed("");
      try {
        await cancelJob(job.id);
      } catch (error) {
        setFailed((error as ApiError).message);
      }
      await refresh();
    },
    [refresh],
  );

  const selectAll = async () => setSelected(new Set((await all())?.cards.map(({ id }) => id)));
  const clear = () => setSelected(new Set());

  const cancelChosen = async () => {
    const [, problem] = await each(chosen.filter((job) => isActive(job) && !job.cancelling), cancelJob, undefined, [404, 409]);
    setFailed(problem);
    await refresh();
  };
  const deleteChosen = async () => {
    const doomed = chosen.filter(({ state }) => state !== "running");
    setFailed("");
    const [done, problem] = await each(doomed, deleteJob, (number) => setBusy(`Deleting ${number} of ${doomed.length}…`));
    setBusy("");
    setFailed(problem);
    setSelected(new Set(chosen.filter(({ id }) => !done.has(id)).map(({ id }) => id)));
    announce(`${count(done.size, "picture")} deleted`);
    // The button that had the focus is gone with the selection.
    focusHeading();
    await refresh();
  };

  const press = (event: KeyboardEvent) => {
    const inField = (event.target as HTMLElement).tagName === "INPUT";
    if (event.key === " " && !inField && active !== null && (event.target as HTMLElement).tagName === "A") {
      event.preventDefault();
      select(active, false);
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
      event.preventDefault();
      void selectAll();
    } else if (event.key === "Delete" && chosen.length > 0) {
      dialog.current?.showModal();
    } else if (event.key === "Escape" && chosen.length > 0) {
      clear();
    }
  };

  const total = listed?.total ?? 0;
  return (
    <section className="gallery-view" aria-labelledby="gallery-heading" data-stale={stale}>
      <div className="heading-row">
        <h1 tabIndex={-1} id="gallery-heading">
          Gallery
        </h1>
        {listed !== null && (
          <p className="gallery-total">
            <span className="muted">{count(total, "picture")}</span>
            {total > 0 && total <= MOST_ZIPPED && (
              <a className="button quiet" href={zipOfSearchUrl(paramsOf({ ...query, sort: "newest" }))} download>
                Download all (zip)
              </a>
            )}
          </p>
        )}
      </div>
      <FilterBar query={query} choices={listed?.choices ?? NONE} onChange={change} />
      {(problem || failed) !== "" && (
        <p className="error" role="alert">
          {problem || failed}
        </p>
      )}
      {listed === null && problem === "" && <p className="page-note">Opening the gallery…</p>}
      {listed !== null && total === 0 && <Nothing filtered={isFiltered(query)} />}
      {cards.length > 0 && (
        <Grid
          cards={cards}
          total={total}
          active={active}
          selected={selected}
          now={now}
          scroll={from?.scroll ?? null}
          onActive={activate}
          onSelect={select}
          onCancel={cancel}
          onKey={press}
          onEnd={more}
        />
      )}
      <SelectionBar
        chosen={chosen}
        all={chosen.length === total}
        busy={busy}
        onAll={selectAll}
        onClear={clear}
        onCancel={cancelChosen}
        onDelete={deleteChosen}
        dialog={dialog}
      />
    </section>
  );
}

const NONE = { states: {}, kinds: {}, presets: {}, styles: {} };

function Nothing({ filtered }: { filtered: boolean }) {
  return (
    <div className="page-note">
      <p>{filtered ? "No picture fits this search." : "There are no pictures yet."}</p>
      {!filtered && (
        <a className="button primary" href={HOME}>
          Paint the first one
        </a>
      )}
    </div>
  );
}

/** Does something with each job, a few at once; gives the ids of those that are done with, and the first problem. */
async function each(
  jobs: JobCard[],
  act: (id: string) => Promise<unknown>,
  onStep: (number: number) => void = () => undefined,
  settled: number[] = [404], // statuses that mean that it is so already: the job was deleted elsewhere
): Promise<[Set<string>, string]> {
  const done = new Set<string>();
  const left = [...jobs];
  let problem = "";
  const work = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      onStep(jobs.length - left.length);
      try {
        await act(job.id);
        done.add(job.id);
      } catch (error) {
        if (settled.includes((error as ApiError).status)) done.add(job.id);
        else problem ||= (error as ApiError).message;
        if ((error as ApiError).status === 0) left.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return [done, problem];
}

/** Remembers where the gallery was left. */
function usePlace(key: string, active: string | null, selected: ReadonlySet<string>) {
  const latest = useRef({ key, active, selected });
  useLayoutEffect(() => {
    latest.current = { key, active, selected };
  });
  useLayoutEffect(
    () => () => {
      const { key, active, selected } = latest.current;
      rememberPlace(key, { scroll: window.scrollY, active, selected });
    },
    [],
  );
}

/** Begins at the heading, unless it was left in the middle: the grid then scrolls there, and focuses the card. */
function useArrival(from: Place | undefined, ready: boolean, moved: RefObject<boolean>) {
  const arrived = useRef(false);
  useEffect(() => {
    if (arrived.current || !ready) return;
    arrived.current = true;
    if (from?.active != null || !moved.current) return;
    if (!from) window.scrollTo(0, 0);
    focusHeading();
  }, [from, ready, moved]);
}

function useTitle(query: Query, total: number | null) {
  useEffect(() => {
    const what = query.q.trim() === "" ? "Gallery" : `“${query.q.trim()}”`;
    document.title = total === null ? "Gallery – NST Studio" : `${what} (${total.toLocaleString("en")}) – NST Studio`;
    return () => {
      document.title = "NST Studio";
    };
  }, [query, total]);
}
