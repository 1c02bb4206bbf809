import type { ServerState } from "./health.ts";
import { forgetPlace } from "./gallery/memory.ts";
import { GALLERY, HOME } from "./route.ts";

function wordsOf(state: ServerState): string {
  switch (state.kind) {
    case "connecting":
      return "Connecting…";
    case "unreachable":
      return "Not reachable, trying again…";
    case "locked":
      return "Locked";
    case "starting":
      return "Getting ready";
    case "ready":
      return "Ready";
    case "painting":
      return state.waiting > 0 ? `Painting, ${state.waiting} waiting` : "Painting";
  }
}

export function Header({ state, view }: { state: ServerState; view: string }) {
  return (
    <header className="header">
      <a className="brand" href={HOME}>
        <img src="/favicon.svg" alt="" width="28" height="28" />
        NST Studio
      </a>
      <nav className="views" aria-label="Views">
        <a href={HOME} aria-current={view === "compose" ? "page" : undefined}>
          Paint
        </a>
        <a href={GALLERY} aria-current={view === "gallery" ? "page" : undefined} onClick={forgetPlace}>
          Gallery
        </a>
      </nav>
      <p className="server" data-state={state.kind} data-testid="server-state">
        <span className="visually-hidden">Server: </span>
        {wordsOf(state)}
      </p>
    </header>
  );
}
