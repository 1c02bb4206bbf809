import { forgetPlace } from "./gallery/memory.ts";
import type { ServerState } from "./health.ts";
import { GALLERY, HOME } from "./route.ts";

const STATES: Record<ServerState["kind"], string> = {
  connecting: "Connecting…",
  unreachable: "Disconnected, retrying…",
  locked: "Locked",
  starting: "Starting…",
  ready: "Ready",
  painting: "Painting",
};

export function Header({ state, view }: { state: ServerState; view: string }) {
  const current = (name: string) => (view === name ? "page" : undefined);
  return (
    <header className="header">
      <a className="brand" href={HOME}>
        <img src="/favicon.svg" alt="" width="28" height="28" />
        NST Studio
      </a>
      <nav className="views" aria-label="Views">
        <a href={HOME} aria-current={current("compose")}>
          Paint
        </a>
        <a href={GALLERY} aria-current={current("gallery")} onClick={forgetPlace}>
          Gallery
        </a>
      </nav>
      <p className="server" data-state={state.kind} data-testid="server-state">
        <span className="visually-hidden">Server: </span>
        {STATES[state.kind]}
        {state.waiting > 0 && `, ${state.waiting} waiting`}
      </p>
    </header>
  );
}
