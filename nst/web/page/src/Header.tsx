import type { ServerState } from "./health.ts";
import { HOME } from "./route.ts";

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

export function Header({ state }: { state: ServerState }) {
  return (
    <header className="header">
      <a className="brand" href={HOME}>
        <img src="/favicon.svg" alt="" width="28" height="28" />
        NST Studio
      </a>
      <p className="server" data-state={state.kind} data-testid="server-state">
        <span className="visually-hidden">Server: </span>
        {wordsOf(state)}
      </p>
    </header>
  );
}
