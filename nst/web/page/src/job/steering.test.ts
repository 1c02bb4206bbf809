import { describe, expect, it } from "vitest";

import type { Job } from "../types.ts";
import { changeOf, follows, inForce, withChange, wordsOf } from "./steering.ts";

const style = (title: string) => ({ title, url: "" });
const job = (steering: Job["steering"], weights = "") =>
  ({ steering, settings: { strength: 0.5, style_weights: weights }, styles: [style("a"), style("b")] }) as unknown as Job;
const change = (epoch: number, values: object) => ({ epoch, strength: null, style_weights: null, masks: null, ...values });

describe("the values in force", () => {
  it("are those of the settings before any change", () => {
    expect(inForce(job([]))).toEqual({ strength: 0.5, weights: [1, 1] });
    expect(inForce(job([], "1,4"))).toEqual({ strength: 0.5, weights: [0.25, 1] });
  });

  it("are those of the last change of each", () => {
    const steering = [change(2, { strength: 0.8 }), change(5, { style_weights: [2, 1] }), change(9, { masks: true })];
    expect(inForce(job(steering))).toEqual({ strength: 0.8, weights: [1, 0.5] });
  });
});

describe("a change", () => {
  const before = { strength: 0.5, weights: [1, 1] };

  it("contains only what differs", () => {
    expect([...changeOf(before, { ...before, strength: 0.7 })!.entries()]).toEqual([["strength", "0.7"]]);
    expect([...changeOf(before, { ...before, weights: [1, 0] })!.entries()]).toEqual([["style_weights", "1,0"]]);
    expect(changeOf(before, before)).toBeNull();
  });

  it("leaves at least one style", () => {
    expect(changeOf(before, { ...before, weights: [0, 0] })).toBeNull();
  });

  it("is in force when the weights have the same proportions", () => {
    expect(follows({ strength: 0.5, weights: [1, 0.5] }, { strength: 0.5, weights: [0.8, 0.4] })).toBe(true);
    expect(follows({ strength: 0.5, weights: [1, 0.5] }, { strength: 0.5, weights: [0.5, 0.5] })).toBe(false);
  });

  it("is written in words", () => {
    expect(wordsOf(change(1, { strength: 0.8, style_weights: [1, 0.25] }))).toBe("strength 0.8, weights 1 : 0.25");
    expect(wordsOf(change(1, { masks: false }))).toBe("no masks");
  });
});

it("replaces a change that is reported again", () => {
  const first = withChange(withChange([], { epoch: 5, strength: 0.1 }), { epoch: 2, masks: true });
  expect(withChange(first, { epoch: 5, strength: 0.2 }).map(({ epoch, strength }) => [epoch, strength])).toEqual([
    [2, null],
    [5, 0.2],
  ]);
});
