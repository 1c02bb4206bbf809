/** The state of the server, polled while the page is visible. */

import { useEffect, useState } from "react";

import { ApiError, getHealth } from "./api.ts";
import { onReturn } from "./parts/hooks.ts";
import type { Health } from "./types.ts";

export interface ServerState {
  kind: "connecting" | "unreachable" | "locked" | "starting" | "ready" | "painting";
  /** The length of the queue, shown while painting. */
  waiting: number;
}

function stateOf({ workers, queued, running }: Health): ServerState {
  if (running > 0 || workers.some(({ state }) => state === "painting")) return { kind: "painting", waiting: queued };
  return { kind: workers.some(({ state }) => state === "ready") ? "ready" : "starting", waiting: 0 };
}

const EVERY = 4000;

export function useHealth(session: number): ServerState {
  const [state, setState] = useState<ServerState>({ kind: "connecting", waiting: 0 });
  useEffect(() => {
    let timer: number | undefined;
    const stop = new AbortController();
    const ask = async () => {
      window.clearTimeout(timer);
      try {
        setState(stateOf(await getHealth(stop.signal)));
      } catch (error) {
        if (stop.signal.aborted) return;
        const locked = error instanceof ApiError && error.status === 401;
        setState({ kind: locked ? "locked" : "unreachable", waiting: 0 });
        if (locked) return; // a token starts a new session, which asks again
      }
      if (!stop.signal.aborted && !document.hidden) timer = window.setTimeout(ask, EVERY);
    };
    const stopListening = onReturn(ask);
    // After a change of view a job may have been sent.
    window.addEventListener("hashchange", ask);
    void ask();
    return () => {
      stopListening();
      window.removeEventListener("hashchange", ask);
      window.clearTimeout(timer);
      stop.abort();
    };
  }, [session]);
  return state;
}
