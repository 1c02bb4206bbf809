import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from "react";

import { useAnnounce } from "../announce.tsx";
import { ApiError, cancelJob, deleteJob, zipOfSearchUrl } from "../api.ts";
import { Alert } from "../parts/Field.tsx";
import { useAction, useTitle } from "../parts/hooks.ts";
import { focusHeading, HOME } from "../route.ts";
import type { JobCard } from "../types.ts";
import { count, isActive } from "../words.ts";
import { FilterBar } from "./FilterBar.tsx";
import { Grid } from "./Grid.tsx";
import { extended, toggled } from "./list.ts";
import { NO_CHOICES, placeOf, rememberPlace, type Place } from "./memory.ts";
import { galleryHash, isFiltered, paramsOf, parseQuery, type Query } from "./query.ts";
import { DeleteDialog, MOST_ZIPPED, SelectionBar } from "./SelectionBar.tsx";
import { useGallery } from "./useGallery.ts";
import { useNow } from "./useNow.ts";

const AT_ONCE = 4; // requests

interface Props {
  /** The route's query. */
  query: string;
  session: number;
  /** Whether the user came here from another view. */
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
  const { problem: failed, setProblem: setFailed, run } = useAction();
  const anchor = useRef<string | null>(active);
  const [deleting, setDeleting] = useState(false);

  usePlace(key, active, selected);
  useArrival(from, listed !== null, moved);
  const search = query.q.trim();
  useTitle(listed === null ? "Gallery" : `${search === "" ? "Gallery" : `“${search}”`} (${listed.total.toLocaleString("en")})`);

  const chosen = useMemo(() => cards.filter(({ id }) => selected.has(id)), [cards, selected]);

  const change = (next: Query) => {
    setSelected(new Set());
    setActive(null);
    setFailed("");
    // Typing must not add to the browser's history. The page is told as of any other change of route.
    window.history.replaceState(window.history.state, "", galleryHash(next));
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  };
  // Announce the number of results after a change of query, but not on arrival.
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
  const cancel = useCallback(
    async (job: JobCard) => {
      await run(() => cancelJob(job.id));
      await refresh();
    },
    [run, refresh],
  );

  const selectAll = async () => setSelected(new Set((await all())?.cards.map(({ id }) => id)));
  const clear = () => setSelected(new Set());

  const cancelChosen = async () => {
    const [, problem] = await forEach(chosen.filter((job) => isActive(job) && !job.cancelling), cancelJob, undefined, [404, 409]);
    setFailed(problem);
    await refresh();
  };
  const deleteChosen = async () => {
    const doomed = chosen.filter(({ state }) => state !== "running");
    setDeleting(false);
    setFailed("");
    const [done, problem] = await forEach(doomed, deleteJob, (number) => setBusy(`Deleting ${number} of ${doomed.length}…`));
    setBusy("");
    setFailed(problem);
    setSelected(new Set(chosen.filter(({ id }) => !done.has(id)).map(({ id }) => id)));
    announce(`${count(done.size, "picture")} deleted`);
    // The focused button has disappeared with the selection.
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
      setDeleting(true);
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
                Download all (ZIP)
              </a>
            )}
          </p>
        )}
      </div>
      <FilterBar query={query} choices={listed?.choices ?? NO_CHOICES} onChange={change} />
      <Alert>{problem || failed}</Alert>
      {listed === null && problem === "" && <p className="page-note">Loading the gallery…</p>}
      {listed !== null && total === 0 && <Nothing filtered={isFiltered(query)} />}
      {cards.length > 0 && (
        <Grid
          cards={cards}
          total={total}
          active={active}
          selected={selected}
          now={now}
          scroll={from?.scroll ?? null}
          onActive={setActive}
          onSelect={select}
          onCancel={cancel}
          onKey={press}
          onEnd={more}
        />
      )}
      {chosen.length > 0 && (
        <SelectionBar
          chosen={chosen}
          all={chosen.length === total}
          busy={busy}
          onAll={selectAll}
          onClear={clear}
          onCancel={cancelChosen}
          onDelete={() => setDeleting(true)}
        />
      )}
      {deleting && chosen.length > 0 && <DeleteDialog chosen={chosen} onKeep={() => setDeleting(false)} onDelete={deleteChosen} />}
    </section>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  return (
    <div className="page-note">
      <p>{filtered ? "No pictures match this search." : "There are no pictures yet."}</p>
      {!filtered && (
        <a className="button primary" href={HOME}>
          Paint the first one
        </a>
      )}
    </div>
  );
}

/** Does something with each job, a few at a time. Returns the ids of those it worked for, and the first problem. */
async function forEach(
  jobs: JobCard[],
  act: (id: string) => Promise<unknown>,
  onStep: (number: number) => void = () => undefined,
  settled: number[] = [404], // error statuses that mean it has been done already, such as by another tab
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

/** Starts at the heading, unless a card had the focus: the grid then returns to that card. */
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
