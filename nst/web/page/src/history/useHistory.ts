/** The latest jobs, polled while any are waiting or being painted. */

import { useCallback, useEffect, useRef, useState } from "react";

import { getGallery } from "../api.ts";
import { reconciled } from "../gallery/list.ts";
import { onReturn } from "../parts/hooks.ts";
import type { JobCard } from "../types.ts";
import { isActive } from "../words.ts";

const SHOWN = 12;
const EVERY = 3000;

interface Listed {
  /** Newest first; null before the first response. */
  jobs: JobCard[] | null;
  /** The number of all jobs. */
  total: number;
}

export interface HistoryState extends Listed {
  /** Adds or updates a job from another response. */
  put: (job: JobCard) => void;
  drop: (id: string) => void;
}

export function useHistory(watching: boolean, session: number): HistoryState {
  const [listed, setListed] = useState<Listed>({ jobs: null, total: 0 });
  // Counts requests and local changes; a response is ignored if anything has happened since its request.
  const asked = useRef(0);

  const refresh = useCallback(async () => {
    const mine = ++asked.current;
    try {
      const { cards, total } = await getGallery(new URLSearchParams(), SHOWN);
      if (mine === asked.current) setListed(({ jobs }) => ({ jobs: reconciled(jobs ?? [], cards), total }));
    } catch {
      // The header reports that the server is down; what is listed stays.
      setListed((before) => (before.jobs === null ? { jobs: [], total: 0 } : before));
    }
  }, []);

  useEffect(() => {
    if (!watching) return;
    if (!document.hidden) void refresh();
    return onReturn(refresh);
  }, [watching, session, refresh]);

  const busy = watching && (listed.jobs?.some(isActive) ?? false);
  useEffect(() => {
    if (!busy) return;
    const timer = window.setInterval(() => {
      if (!document.hidden) void refresh();
    }, EVERY);
    return () => window.clearInterval(timer);
  }, [busy, refresh]);

  const put = useCallback((job: JobCard) => {
    asked.current += 1;
    setListed(({ jobs, total }) => {
      const known = jobs?.some(({ id }) => id === job.id) ?? false;
      if (known) return { jobs: jobs!.map((each) => (each.id === job.id ? job : each)), total };
      return { jobs: jobs && [job, ...jobs].slice(0, SHOWN), total: total + 1 };
    });
  }, []);
  const drop = (id: string) => {
    asked.current += 1;
    setListed(({ jobs, total }) => ({ jobs: jobs && jobs.filter((job) => job.id !== id), total: Math.max(0, total - 1) }));
  };
  return { ...listed, put, drop };
}
