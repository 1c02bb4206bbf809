/** Watches one job by its stream of events, through lost connections and restarts of the server. */

import { useEffect, useReducer, useRef, useState } from "react";

import { useAnnounce } from "../announce.tsx";
import { ApiError, eventsUrl, getJob, onJobChanged } from "../api.ts";
import type { EpochEvent, Job, Steered } from "../types.ts";
import { isActive } from "../words.ts";
import { announcement, NOTHING, reduce, type JobEvent, type Watched } from "./events.ts";

export interface JobWatch extends Watched {
  connection: "open" | "lost";
  missing: boolean;
  /** Takes in a job that another answer of the server told of; one that has been resumed is watched again. */
  take: (job: Job) => void;
  /** Asks the server what has become of the job: it may have been deleted, or resumed. */
  check: () => void;
}

/** Epochs may come in bursts of hundreds: the page is drawn once for what came within this time. */
const TOGETHER = 60;
const RETRY = 3000;
/** A job that has ended is asked for this often: it may be deleted or resumed elsewhere. */
const CHECK = 15_000;
/** The stream does not name the saved frames: while pictures come they are asked for, this often at most. */
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
    // Whether the stream has come to its end: the server closes it when the job has ended.
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
    /** Tells a stream that is refused for good from a server that is away: an EventSource does not say. */
    const refused = async () => {
      try {
        await getJob(id);
      } catch (error) {
        const status = error instanceof ApiError ? error.status : 0;
        if (isMissing(status) && !over) setMissing(true);
        // A token begins a new session, and that a new connection.
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
        ended = false; // and not asked for again
        setMissing(true);
      }
    };
    const seen = () => check.current();
    const timer = window.setInterval(seen, CHECK);
    window.addEventListener("focus", seen);
    document.addEventListener("visibilitychange", seen);
    const unheard = onJobChanged((changed) => changed === id && seen());
    return () => {
      over = true;
      window.clearInterval(timer);
      window.removeEventListener("focus", seen);
      document.removeEventListener("visibilitychange", seen);
      unheard();
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

/** Whether an answer says that there is no such job: none of that name can be, or it has been deleted. */
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
