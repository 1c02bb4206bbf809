/** The state of a watched job, and how the events of its stream change it. */

import type { EpochEvent, Job, Steered } from "../types.ts";
import { sentence } from "../words.ts";
import { withChange } from "./steering.ts";

export interface Watched {
  job: Job | null;
  /** The costs of each epoch, in order. */
  rows: EpochEvent[];
}

export type JobEvent =
  | { kind: "job"; job: Job }
  | { kind: "epoch"; row: EpochEvent }
  | { kind: "picture"; epoch: number }
  | { kind: "frames"; frames: number[] }
  | { kind: "steered"; change: Partial<Steered> & { epoch: number } }
  | { kind: "trouble"; message: string };

export const NOTHING: Watched = { job: null, rows: [] };

/**
 * Inserts a row in order, replacing one of the same epoch: a new connection replays all epochs, and a restarted server
 * resumes from an earlier one.
 */
function insert(rows: EpochEvent[], row: EpochEvent): void {
  let place = rows.length;
  while (place > 0 && rows[place - 1]!.epoch >= row.epoch) place -= 1;
  rows.splice(place, rows[place]?.epoch === row.epoch ? 1 : 0, row);
}

export function reduce({ job, rows }: Watched, events: JobEvent[]): Watched {
  const next = [...rows];
  for (const event of events) {
    if (event.kind === "job") {
      job = event.job;
      // A job that starts over gets a new curve; one that waits to be resumed keeps its own.
      if (job.epoch === null) next.length = 0;
    } else if (event.kind === "epoch") {
      insert(next, event.row);
      // Replayed epochs only belong in the curve.
      if (job && job.state === "running" && event.row.epoch >= (job.epoch ?? -1)) {
        const { epoch, seconds_left, total, content, style, total_variation, temporal = null } = event.row;
        job = { ...job, epoch, seconds_left, costs: { total, content, style, total_variation, temporal } };
      }
    } else if (job && event.kind === "picture") {
      if (event.epoch >= (job.picture ?? -1)) job = { ...job, picture: event.epoch };
    } else if (job && event.kind === "frames") {
      job = { ...job, frames: event.frames };
    } else if (job && event.kind === "steered") {
      // Replayed changes may come from before an interruption, and may have been undone by it.
      if (job.state === "running") job = { ...job, steering: withChange(job.steering, event.change) };
    } else if (job && event.kind === "trouble" && !job.troubles.includes(event.message)) {
      job = { ...job, troubles: [...job.troubles, event.message] };
    }
  }
  return { job, rows: next };
}

/** What a screen reader announces when the state of a job changes. */
export function announcement(before: Job | null, after: Job): string {
  // A new job may be running before its stream is connected.
  if (before === null) return after.state === "running" && after.epoch === null ? "Painting started" : "";
  if (before.state === after.state) return "";
  const words = { queued: "", running: "Painting started", finished: "Finished", cancelled: "Cancelled", failed: `Failed: ${sentence(after.reason)}` };
  return words[after.state];
}
