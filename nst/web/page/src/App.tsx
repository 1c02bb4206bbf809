import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

import { Announcer } from "./announce.tsx";
import { onTokenWanted } from "./api.ts";
import { useCatalogue, type Catalogue } from "./catalogue.ts";
import { ComposeView } from "./compose/ComposeView.tsx";
import { useDraft } from "./compose/draft.ts";
import { FileDrop } from "./compose/FileDrop.tsx";
import { looked, type Field } from "./compose/files.ts";
import { useIntake } from "./compose/intake.ts";
import { restore, type Saved } from "./compose/saved.ts";
import { Header } from "./Header.tsx";
import { useHealth, type ServerState } from "./health.ts";
import { useHistory } from "./history/useHistory.ts";
import { loadLazyViews } from "./lazy.tsx";
import { MaskDesk } from "./masks/MaskDesk.tsx";
import { focusHeading, HOME, jobHash, parseRoute, useHash } from "./route.ts";
import { TokenForm } from "./TokenForm.tsx";
import type { Job } from "./types.ts";
import { CompareView, GalleryView, JobView } from "./views.ts";

export function App() {
  const [locked, setLocked] = useState(false);
  // Counts the tokens taken: what the server refused before is asked for again.
  const [session, setSession] = useState(0);
  const health = useHealth(session);
  const catalogue = useCatalogue(session);
  const saved = useSaved();
  const { view } = parseRoute(useHash());
  useEffect(() => onTokenWanted(() => setLocked(true)), []);
  useFilesStayHere();
  const unlock = useCallback(() => {
    setLocked(false);
    setSession((number) => number + 1);
  }, []);
  return (
    <Announcer>
      <a className="skip" href="#main" onClick={skip}>
        Skip to the main part
      </a>
      <Header state={health} view={view} />
      <main id="main" tabIndex={-1}>
        {locked && <TokenForm onTaken={unlock} />}
        {/* Behind the form what was put together stays as it is. */}
        <div hidden={locked}>
          {catalogue === null || saved === undefined ? (
            <Waiting state={health} />
          ) : (
            <Studio catalogue={catalogue} saved={saved} session={session} reachable={health.kind !== "unreachable"} />
          )}
        </div>
      </main>
    </Announcer>
  );
}

/** The draft that this browser has kept, null if there is none; undefined until that is known. */
function useSaved(): Saved | null | undefined {
  const [saved, setSaved] = useState<Saved | null>();
  useEffect(() => void restore().then(setSaved), []);
  return saved;
}

/** The hash is the page's address, so the link itself may not change it. */
function skip(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** A file dropped beside the mark would make the browser leave the page for it. */
function useFilesStayHere() {
  useEffect(() => {
    const stay = (event: DragEvent) => event.preventDefault();
    window.addEventListener("dragover", stay);
    window.addEventListener("drop", stay);
    return () => {
      window.removeEventListener("dragover", stay);
      window.removeEventListener("drop", stay);
    };
  }, []);
}

function Waiting({ state }: { state: ServerState }) {
  return (
    <p className="page-note">
      {state.kind === "unreachable"
        ? "The server cannot be reached. This page continues as soon as it answers."
        : "Opening the studio…"}
    </p>
  );
}

interface StudioProps {
  catalogue: Catalogue;
  saved: Saved | null;
  session: number;
  reachable: boolean;
}

function Studio({ catalogue, saved, session, reachable }: StudioProps) {
  const hash = useHash();
  const route = parseRoute(hash);
  const [draft, change] = useDraft(catalogue, saved);
  const intake = useIntake(catalogue, draft, change);
  useEffect(loadLazyViews, []);
  const history = useHistory(route.view === "compose" && reachable, session);
  const moved = useHeadingFocus(hash, route.view === "gallery");

  const open = useCallback(
    (job: Job) => {
      history.put(job);
      window.location.hash = jobHash(job.id);
    },
    [history.put],
  );
  const again = useCallback(
    (job: Job) => {
      change({ kind: "again", job });
      window.location.hash = HOME;
    },
    [change],
  );
  const use = useCallback(
    async (file: File, field: Field) => {
      // Its settings, which it carries, are not taken over.
      const { own } = await looked(file, field, catalogue.limits);
      change(field === "content" ? { kind: "content", content: { kind: "own", own } } : { kind: "ownStyles", own: [own], mix: false });
      window.location.hash = HOME;
    },
    [change, catalogue],
  );
  const gone = useCallback(
    (id: string) => {
      history.drop(id);
      window.location.hash = HOME;
    },
    [history.drop],
  );

  const take = (field: Field, files: File[]) => {
    void intake.take(field, files);
    if (route.view !== "compose") window.location.hash = HOME;
  };

  return (
    <>
      {route.view === "job" ? (
        <JobView key={route.id} id={route.id} session={session} catalogue={catalogue} moved={moved} onAgain={again} onUse={use} onQueued={history.put} onDeleted={gone} />
      ) : route.view === "compare" ? (
        <CompareView key={route.ids.join()} ids={route.ids} session={session} catalogue={catalogue} moved={moved} />
      ) : route.view === "gallery" ? (
        <GalleryView query={route.query} session={session} moved={moved} />
      ) : (
        <MaskDesk catalogue={catalogue} draft={draft} change={change}>
          <ComposeView catalogue={catalogue} draft={draft} change={change} intake={intake} history={history} onSent={open} onQueued={history.put} />
        </MaskDesk>
      )}
      <FileDrop onFiles={take} />
    </>
  );
}

/**
 * After a change of view its heading has the focus, as after the load of a page; the first view leaves it alone.
 *
 * Gives whether the view has changed, for one whose heading comes later; a view that `arrives` by itself does all that.
 */
function useHeadingFocus(hash: string, arrives: boolean): RefObject<boolean> {
  const shown = useRef(hash);
  const moved = useRef(false);
  useLayoutEffect(() => {
    if (shown.current !== hash) moved.current = true;
  }, [hash]);
  useEffect(() => {
    if (shown.current === hash) return;
    shown.current = hash;
    if (arrives) return;
    window.scrollTo(0, 0);
    focusHeading();
  }, [hash, arrives]);
  return moved;
}
