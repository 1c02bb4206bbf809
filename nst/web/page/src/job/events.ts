/** What is known of a job, and how each event of its stream changes that. */

import type { EpochEvent, Job, Steered } from "../types.ts";
import { sentence } from "../words.ts";
import { withChange } from "./steering.ts";

export interface Watched {
  job: Job | null;
  /** One row for each epoch painted, in order. */
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
 * Puts a row in its place. A connection that is opened anew replays all epochs, and a server that was restarted
 * goes on from an earlier one: what comes again takes the place of what was there.
 */
function placed(rows: EpochEvent[], row: EpochEvent): void {
  let place = rows.length;
  while (place > 0 && rows[place - 1]!.epoch >= row.epoch) place -= 1;
  rows.splice(place, rows[place]?.epoch === row.epoch ? 1 : 0, row);
}

export function reduce({ job, rows }: Watched, events: JobEvent[]): Watched {
  const next = [...rows];
  for (const event of events) {
    if (event.kind === "job") {
      job = event.job;
      // A job that begins anew has a new curve; one that waits to be gone on with, after a restart, keeps its own.
      if (job.epoch === null) next.length = 0;
    } else if (event.kind === "epoch") {
      placed(next, event.row);
      // What a connection replays of the past is for the curve alone.
      if (job && job.state === "running" && event.row.epoch >= (job.epoch ?? -1)) {
        const { epoch, seconds_left, total, content, style, total_variation, temporal = null } = event.row;
        job = { ...job, epoch, seconds_left, costs: { total, content, style, total_variation, temporal } };
      }
    } else if (job && event.kind === "picture") {
      if (event.epoch >= (job.picture ?? -1)) job = { ...job, picture: event.epoch };
    } else if (job && event.kind === "frames") {
      job = { ...job, frames: event.frames };
    } else if (job && event.kind === "steered") {
      // A connection replays the past, which may have been steered otherwise before the job was interrupted.
      if (job.state === "running") job = { ...job, steering: withChange(job.steering, event.change) };
    } else if (job && event.kind === "trouble" && !job.troubles.includes(event.message)) {
      job = { ...job, troubles: [...job.troubles, event.message] };
    }
  }
  return { job, rows: next };
}

/** What is told to a person who does not see the page, when a job goes from one state to the next. */
export function announcement(before: Job | null, after: Job): string {
  // A job that was sent just now may be running before its stream is there: nothing of it is painted yet.
  if (before === null) return after.state === "running" && after.epoch === null ? "Painting began" : "";
  if (before.state === after.state) return "";
  switch (after.state) {
    case "queued":
      return "";
    case "running":
      return "Painting began";
    case "finished":
      return "Finished";
    case "cancelled":
      return "Cancelled";
    case "failed":
      return `Failed: ${sentence(after.reason)}`;
  }
}
