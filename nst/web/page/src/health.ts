/** How the server is, asked every few seconds. */

import { useEffect, useState } from "react";

import { ApiError, getHealth } from "./api.ts";
import type { Health } from "./types.ts";

export type ServerState =
  | { kind: "connecting" }
  | { kind: "unreachable" }
  | { kind: "locked" }
  | { kind: "starting" }
  | { kind: "ready" }
  | { kind: "painting"; waiting: number };

export function stateOfServer({ workers, queued, running }: Health): ServerState {
  if (running > 0 || workers.some(({ state }) => state === "painting")) return { kind: "painting", waiting: queued };
  if (workers.some(({ state }) => state === "ready")) return { kind: "ready" };
  return { kind: "starting" };
}

const EVERY = 4000;

export function useHealth(session: number): ServerState {
  const [state, setState] = useState<ServerState>({ kind: "connecting" });
  useEffect(() => {
    let timer: number | undefined;
    const stop = new AbortController();
    const ask = async () => {
      window.clearTimeout(timer);
      try {
        setState(stateOfServer(await getHealth(stop.signal)));
      } catch (error) {
        if (stop.signal.aborted) return;
        const locked = error instanceof ApiError && error.status === 401;
        setState({ kind: locked ? "locked" : "unreachable" });
        // A token begins a new session, and that asks anew.
        if (locked) return;
      }
      if (!stop.signal.aborted && !document.hidden) timer = window.setTimeout(ask, EVERY);
    };
    // A page that nobody sees asks nothing; it asks at once when it is seen again.
    const seen = () => {
      if (!document.hidden) void ask();
    };
    document.addEventListener("visibilitychange", seen);
    // A job was sent, or left to itself: what the header says may have changed.
    window.addEventListener("hashchange", seen);
    void ask();
    return () => {
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("hashchange", seen);
      window.clearTimeout(timer);
      stop.abort();
    };
  }, [session]);
  return state;
}
