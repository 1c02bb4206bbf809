import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

import { Announcer } from "./announce.tsx";
import { onTokenWanted } from "./api.ts";
import { useCatalogue, type Catalogue } from "./catalogue.ts";
import { ComposeView } from "./compose/ComposeView.tsx";
import { useDraft } from "./compose/draft.ts";
import { GalleryView } from "./gallery/GalleryView.tsx";
import { Header } from "./Header.tsx";
import { useHealth, type ServerState } from "./health.ts";
import { useHistory } from "./history/useHistory.ts";
import { JobView } from "./job/JobView.tsx";
import { focusHeading, HOME, jobHash, parseRoute, useHash } from "./route.ts";
import { TokenForm } from "./TokenForm.tsx";
import type { Job } from "./types.ts";

export function App() {
  const [locked, setLocked] = useState(false);
  // Counts the tokens taken: what the server refused before is asked for again.
  const [session, setSession] = useState(0);
  const health = useHealth(session);
  const catalogue = useCatalogue(session);
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
          {catalogue === null ? (
            <Waiting state={health} />
          ) : (
            <Studio catalogue={catalogue} session={session} reachable={health.kind !== "unreachable"} />
          )}
        </div>
      </main>
    </Announcer>
  );
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
        ? "The server cannot be reached. This page goes on by itself as soon as it answers."
        : "Opening the studio…"}
    </p>
  );
}

interface StudioProps {
  catalogue: Catalogue;
  session: number;
  reachable: boolean;
}

function Studio({ catalogue, session, reachable }: StudioProps) {
  const hash = useHash();
  const route = parseRoute(hash);
  const [draft, change] = useDraft(catalogue);
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
  const gone = useCallback(
    (id: string) => {
      history.drop(id);
      window.location.hash = HOME;
    },
    [history.drop],
  );

  if (route.view === "job") {
    return <JobView key={route.id} id={route.id} session={session} catalogue={catalogue} moved={moved} onAgain={again} onDeleted={gone} />;
  }
  if (route.view === "gallery") return <GalleryView query={route.query} session={session} moved={moved} />;
  return <ComposeView catalogue={catalogue} draft={draft} change={change} history={history} onSent={open} />;
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
