import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

import { Announcer } from "./announce.tsx";
import { onTokenWanted } from "./api.ts";
import { useCatalogue, type Catalogue } from "./catalogue.ts";
import { ComposeView } from "./compose/ComposeView.tsx";
import { useDraft, type Draft } from "./compose/draft.ts";
import { FileDrop } from "./compose/FileDrop.tsx";
import { readFile, type Field } from "./compose/files.ts";
import { useIntake } from "./compose/intake.ts";
import { restore } from "./compose/saved.ts";
import { Header } from "./Header.tsx";
import { useHealth } from "./health.ts";
import { useHistory } from "./history/useHistory.ts";
import { loadLazyViews } from "./lazy.tsx";
import { MaskDesk } from "./masks/MaskDesk.tsx";
import { focusHeading, HOME, jobHash, parseRoute, useHash } from "./route.ts";
import { TokenForm } from "./TokenForm.tsx";
import type { Job } from "./types.ts";
import { CompareView, GalleryView, JobView } from "./views.ts";

export function App() {
  const [locked, setLocked] = useState(false);
  // Counts the tokens accepted: each one repeats the requests that were refused before it.
  const [session, setSession] = useState(0);
  const health = useHealth(session);
  const catalogue = useCatalogue(session);
  const saved = useSaved();
  const { view } = parseRoute(useHash());
  useEffect(() => onTokenWanted(() => setLocked(true)), []);
  useFilesStayHere();
  const unlock = () => {
    setLocked(false);
    setSession(session + 1);
  };
  return (
    <Announcer>
      <a className="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <Header state={health} view={view} />
      <main id="main" tabIndex={-1}>
        {locked && <TokenForm onTaken={unlock} />}
        {/* Only hidden: what was put together must not be lost. */}
        <div hidden={locked}>
          {catalogue === null || saved === undefined ? (
            <p className="page-note">
              {health.kind === "unreachable"
                ? "The server cannot be reached. This page will load as soon as it responds."
                : "Loading the studio…"}
            </p>
          ) : (
            <Studio catalogue={catalogue} saved={saved} session={session} reachable={health.kind !== "unreachable"} />
          )}
        </div>
      </main>
    </Announcer>
  );
}

/** The draft saved in this browser, null if there is none; undefined until it has been read. */
function useSaved(): Draft | null | undefined {
  const [saved, setSaved] = useState<Draft | null>();
  useEffect(() => void restore().then(setSaved), []);
  return saved;
}

/** The hash is the page's route, so the link may not change it. */
function skip(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** Keeps the browser from leaving the page to open a file dropped on it. */
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

interface StudioProps {
  catalogue: Catalogue;
  saved: Draft | null;
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

  const goHome = () => {
    window.location.hash = HOME;
  };
  const open = (job: Job) => {
    history.put(job);
    window.location.hash = jobHash(job.id);
  };
  const again = (job: Job) => {
    change({ kind: "again", job });
    goHome();
  };
  const use = async (file: File, field: Field) => {
    // The settings embedded in it are ignored: only the picture was asked for.
    const { own } = await readFile(file, field, catalogue.limits);
    change(field === "content" ? { kind: "content", content: { kind: "own", own } } : { kind: "ownStyles", own: [own] });
    goHome();
  };
  const gone = (id: string) => {
    history.drop(id);
    goHome();
  };
  const take = (field: Field, files: File[]) => {
    void intake.take(field, files);
    if (route.view !== "compose") goHome();
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
 * Focuses the heading after a change of view, as a page load would, unless the view `arrives` in its own way.
 *
 * Returns whether the view has ever changed, for views whose heading appears later.
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
