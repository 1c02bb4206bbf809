/** The list of earlier jobs: pages of it, kept fresh while something is waiting or being painted. */

import { useCallback, useEffect, useRef, useState } from "react";

import { getJobs } from "../api.ts";
import type { Job } from "../types.ts";
import { isActive } from "../words.ts";

const PAGE = 24;
const EVERY = 3000;

export interface HistoryState {
  /** Newest first; null before the first answer. */
  jobs: Job[] | null;
  more: boolean;
  showMore: () => void;
  /** Takes in a job that another answer of the server told of. */
  put: (job: Job) => void;
  drop: (id: string) => void;
}

interface Listed {
  jobs: Job[] | null;
  more: boolean;
}

/** The newest jobs, as many pages as hold `wanted`. */
async function read(wanted: number): Promise<{ jobs: Job[]; more: boolean }> {
  const jobs: Job[] = [];
  let more = true;
  while (more && jobs.length < wanted) {
    const page = await getJobs(PAGE, jobs.at(-1)?.number);
    jobs.push(...page.jobs);
    more = page.more && page.jobs.length > 0;
  }
  return { jobs, more };
}

export function useHistory(watching: boolean, session: number): HistoryState {
  const [listed, setListed] = useState<Listed>({ jobs: null, more: false });
  const wanted = useRef(PAGE);
  // Answers that were overtaken by a newer question, or by what was put or dropped, are not taken in.
  const asked = useRef(0);

  const refresh = useCallback(async () => {
    const mine = ++asked.current;
    try {
      const found = await read(wanted.current);
      if (mine === asked.current) setListed(found);
    } catch {
      // The header says that the server is away; what is listed stays.
      setListed((before) => (before.jobs === null ? { jobs: [], more: false } : before));
    }
  }, []);

  useEffect(() => {
    if (!watching) return;
    const seen = () => {
      if (!document.hidden) void refresh();
    };
    seen();
    window.addEventListener("focus", seen);
    document.addEventListener("visibilitychange", seen);
    return () => {
      window.removeEventListener("focus", seen);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [watching, session, refresh]);

  const busy = watching && (listed.jobs?.some(isActive) ?? false);
  useEffect(() => {
    if (!busy) return;
    const timer = window.setInterval(() => {
      if (!document.hidden) void refresh();
    }, EVERY);
    return () => window.clearInterval(timer);
  }, [busy, refresh]);

  const edit = useCallback((change: (jobs: Job[]) => Job[]) => {
    asked.current += 1;
    setListed(({ jobs, more }) => ({ jobs: jobs && change(jobs), more }));
  }, []);
  const put = useCallback(
    (job: Job) =>
      edit((jobs) =>
        jobs.some(({ id }) => id === job.id) ? jobs.map((each) => (each.id === job.id ? job : each)) : [job, ...jobs],
      ),
    [edit],
  );
  const drop = useCallback((id: string) => edit((jobs) => jobs.filter((job) => job.id !== id)), [edit]);
  const showMore = useCallback(() => {
    wanted.current += PAGE;
    void refresh();
  }, [refresh]);
  return { ...listed, showMore, put, drop };
}
