/** Watches a job through its event stream, across lost connections and restarts of the server. */

import { useEffect, useReducer, useRef, useState } from "react";

import { useAnnounce } from "../announce.tsx";
import { ApiError, eventsUrl, getJob, onJobChanged } from "../api.ts";
import { onReturn } from "../parts/hooks.ts";
import type { EpochEvent, Job, Steered } from "../types.ts";
import { isActive } from "../words.ts";
import { announcement, NOTHING, reduce, type JobEvent, type Watched } from "./events.ts";

interface JobWatch extends Watched {
  connection: "open" | "lost";
  missing: boolean;
  /** Accepts the job from another response, and watches it again if it was resumed. */
  take: (job: Job) => void;
  /** Checks whether the job has been deleted or resumed. */
  check: () => void;
}

/** Milliseconds over which events are collected before a render: epochs may come in bursts of hundreds. */
const TOGETHER = 60;
const RETRY = 3000;
/** Milliseconds between checks of a job that has ended, which may be deleted or resumed elsewhere. */
const CHECK = 15_000;
/** Milliseconds between requests for the list of saved frames, which the stream does not include. */
const FRAMES_EVERY = 2500;

export function useJob(id: string, session: number): JobWatch {
  const [watched, apply] = useReducer(reduce, NOTHING);
  const [connection, setConnection] = useState<"open" | "lost">("open");
  const [missing, setMissing] = useState(false);
  const check = useRef<() => void>(() => undefined);

  useEffect(() => {
    let source: EventSource | undefined;
    let retry: number | undefined;
    let flush: number | undefined;
    let frames: number | undefined;
    let over = false;
    // Whether the server has closed the stream because the job has ended.
    let ended = false;
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
    /** Finds out whether the stream was refused for good or the server is down: an EventSource does not tell. */
    const refused = async () => {
      try {
        await getJob(id);
      } catch (error) {
        const status = error instanceof ApiError ? error.status : 0;
        if (isMissing(status) && !over) setMissing(true);
        // A token starts a new session, which connects again.
        if (isMissing(status) || status === 401) return;
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
        frames = undefined;
        ended = true;
      });
      source.addEventListener("error", () => {
        setConnection("lost");
        if (source?.readyState === EventSource.CLOSED) void refused();
      });
    };
    connect();
    check.current = async () => {
      if (!ended || document.hidden) return;
      try {
        const job = await getJob(id);
        if (over || !ended) return;
        push({ kind: "job", job });
        if (isActive(job)) {
          ended = false;
          connect();
        }
      } catch (error) {
        if (over || !(error instanceof ApiError && isMissing(error.status))) return;
        ended = false; // stop checking
        setMissing(true);
      }
    };
    const seen = () => check.current();
    const timer = window.setInterval(seen, CHECK);
    const stopListening = [onReturn(seen), onJobChanged((changed) => changed === id && seen())];
    return () => {
      over = true;
      window.clearInterval(timer);
      for (const stop of stopListening) stop();
      source?.close();
      for (const timer of [retry, flush, frames]) window.clearTimeout(timer);
    };
  }, [id, session]);

  useAnnounced(watched.job);
  const take = (job: Job) => {
    apply([{ kind: "job", job }]);
    if (isActive(job)) check.current();
  };
  return { ...watched, connection, missing, take, check: () => check.current() };
}

/** Whether a status means that there is no such job; 422 is a malformed id. */
function isMissing(status: number): boolean {
  return status === 404 || status === 422;
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
