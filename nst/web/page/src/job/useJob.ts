/** Watches one job by its stream of events, through lost connections and restarts of the server. */

import { useEffect, useReducer, useRef, useState } from "react";

import { useAnnounce } from "../announce.tsx";
import { ApiError, eventsUrl, getJob } from "../api.ts";
import type { EpochEvent, Job, Steered } from "../types.ts";
import { announcement, NOTHING, reduce, type JobEvent, type Watched } from "./events.ts";

export interface JobWatch extends Watched {
  connection: "open" | "lost";
  missing: boolean;
  /** Takes in a job that another answer of the server told of. */
  take: (job: Job) => void;
}

/** Epochs may come in bursts of hundreds: the page is drawn once for what came within this time. */
const TOGETHER = 60;
const RETRY = 3000;
/** The stream does not name the saved frames: while pictures come they are asked for, this often at most. */
const FRAMES_EVERY = 2500;

export function useJob(id: string, session: number): JobWatch {
  const [watched, apply] = useReducer(reduce, NOTHING);
  const [connection, setConnection] = useState<"open" | "lost">("open");
  const [missing, setMissing] = useState(false);

  useEffect(() => {
    let source: EventSource | undefined;
    let retry: number | undefined;
    let flush: number | undefined;
    let frames: number | undefined;
    let over = false;
    let pending: JobEvent[] = [];

    const push = (event: JobEvent) => {
      pending.push(event);
      flush ??= window.setTimeout(() => {
        flush = undefined;
        apply(pending);
        pending = [];
      }, TOGETHER);
    };
    const data = <T>(event: Event) => JSON.parse((event as MessageEvent<string>).data) as T;
    const askFrames = async () => {
      frames = undefined;
      try {
        const job = await getJob(id);
        if (!over) push({ kind: "frames", frames: job.frames });
      } catch {
        // The next picture asks again.
      }
    };
    /** Tells a stream that is refused for good from a server that is away: an EventSource does not say. */
    const refused = async () => {
      try {
        await getJob(id);
      } catch (error) {
        const status = error instanceof ApiError ? error.status : 0;
        if (status === 404 && !over) setMissing(true);
        // A token begins a new session, and that a new connection.
        if (status === 404 || status === 401) return;
      }
      if (!over) retry = window.setTimeout(connect, RETRY);
    };
    const connect = () => {
      source = new EventSource(eventsUrl(id));
      source.addEventListener("open", () => setConnection("open"));
      source.addEventListener("state", (event) => push({ kind: "job", job: data<Job>(event) }));
      source.addEventListener("epoch", (event) => push({ kind: "epoch", row: data<EpochEvent>(event) }));
      source.addEventListener("picture", (event) => {
        push({ kind: "picture", epoch: data<{ epoch: number }>(event).epoch });
        frames ??= window.setTimeout(askFrames, FRAMES_EVERY);
      });
      source.addEventListener("steered", (event) => push({ kind: "steered", change: data<Partial<Steered> & { epoch: number }>(event) }));
      source.addEventListener("trouble", (event) => {
        push({ kind: "trouble", message: data<{ message: string }>(event).message });
      });
      source.addEventListener("end", (event) => {
        push({ kind: "job", job: data<Job>(event) });
        source?.close();
        window.clearTimeout(frames);
      });
      source.addEventListener("error", () => {
        setConnection("lost");
        if (source?.readyState === EventSource.CLOSED) void refused();
      });
    };
    connect();
    return () => {
      over = true;
      source?.close();
      for (const timer of [retry, flush, frames]) window.clearTimeout(timer);
    };
  }, [id, session]);

  useAnnounced(watched.job);
  return { ...watched, connection, missing, take: (job) => apply([{ kind: "job", job }]) };
}

function useAnnounced(job: Job | null) {
  const announce = useAnnounce();
  const before = useRef<Job | null>(null);
  useEffect(() => {
    if (job === null) return;
    announce(announcement(before.current, job));
    before.current = job;
  }, [job, announce]);
}
