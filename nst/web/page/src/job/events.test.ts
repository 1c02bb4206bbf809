import { describe, expect, it } from "vitest";

import type { EpochEvent, Job } from "../types.ts";
import { announcement, NOTHING, reduce, type JobEvent } from "./events.ts";

const job: Job = {
  id: "a", number: 1, state: "running", place: null, cancelling: false, created: 0, started: 1, ended: null,
  epoch: null, epochs: 60, costs: null, seconds_left: null, picture: null, width: 400, height: 300,
  content: { title: "me.jpg", url: "" }, styles: [], preset: "fast", network: "preview", painted_with: null, settings: {}, frames: [], kind: "picture",
  reason: "", troubles: [], result: false, video: false, files: [], steering: [],
  sizes: [], spent: 0, resumable: false, checkpoint: 0, resumable_until: null,
};

const epoch = (number: number, total = 1): JobEvent => ({
  kind: "epoch",
  row: { epoch: number, total, content: 1, style: 1, total_variation: 0, seconds: number, seconds_left: 60 - number },
});
const state = (changes: Partial<Job> = {}): JobEvent => ({ kind: "job", job: { ...job, ...changes } });
const numbers = (rows: EpochEvent[]) => rows.map((row) => row.epoch);

describe("the events of a job", () => {
  it("advance it from epoch to epoch", () => {
    const { job: now, rows } = reduce(NOTHING, [state(), epoch(0), epoch(1, 5), { kind: "picture", epoch: 1 }]);
    expect(now).toMatchObject({ epoch: 1, picture: 1, seconds_left: 59, costs: { total: 5 } });
    expect(numbers(rows)).toEqual([0, 1]);
  });

  it("replayed by a new connection add nothing and undo nothing", () => {
    const before = reduce(NOTHING, [state(), epoch(0), epoch(1), epoch(2), { kind: "picture", epoch: 2 }]);
    const after = reduce(before, [state({ epoch: 2, picture: 2 }), epoch(0), { kind: "picture", epoch: 0 }, epoch(1)]);
    expect(numbers(after.rows)).toEqual([0, 1, 2]);
    expect(after.job).toMatchObject({ epoch: 2, picture: 2 });
  });

  it("of a restarted server replace those it lost", () => {
    const before = reduce(NOTHING, [state(), epoch(0), epoch(1), epoch(2, 7)]);
    const after = reduce(before, [state({ epoch: 1 }), epoch(2, 9)]);
    expect(after.rows.map((row) => row.total)).toEqual([1, 1, 9]);
    expect(after.job?.costs?.total).toBe(9);
  });

  it("start a new curve if the job starts over, but not if it is resumed", () => {
    const before = reduce(NOTHING, [state(), epoch(0), epoch(1)]);
    const queued = { state: "queued", place: 0 } as const;
    expect(numbers(reduce(before, [state({ ...queued, epoch: 1 }), epoch(2)]).rows)).toEqual([0, 1, 2]);
    expect(reduce(before, [state(queued)]).rows).toEqual([]);
  });

  it("of the past do not change a job that has ended", () => {
    const ended = state({ state: "finished", epoch: 60, picture: 60 });
    const { job: now, rows } = reduce(NOTHING, [ended, epoch(0), epoch(60)]);
    expect(now).toMatchObject({ epoch: 60, picture: 60, costs: null });
    expect(numbers(rows)).toEqual([0, 60]);
  });

  it("report each warning once", () => {
    const trouble: JobEvent = { kind: "trouble", message: "The disk is full." };
    expect(reduce(NOTHING, [state(), trouble, trouble]).job?.troubles).toEqual(["The disk is full."]);
  });
});

describe("what is announced", () => {
  it("is a change of state, and why the job failed", () => {
    const queued: Job = { ...job, state: "queued" };
    expect(announcement(queued, job)).toBe("Painting started");
    expect(announcement(null, job)).toBe("Painting started");
    expect(announcement(job, { ...job, state: "finished" })).toBe("Finished");
    expect(announcement(job, { ...job, state: "cancelled" })).toBe("Cancelled");
    expect(announcement(job, { ...job, state: "failed", reason: "No memory." })).toBe("Failed: No memory.");
  });

  it("is nothing for an epoch, or for a job that was only opened", () => {
    expect(announcement(job, { ...job, epoch: 5 })).toBe("");
    expect(announcement(null, { ...job, epoch: 5 })).toBe("");
    expect(announcement(null, { ...job, state: "finished" })).toBe("");
  });
});
