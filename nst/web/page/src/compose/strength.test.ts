import { expect, it } from "vitest";

import { OWN_STEP, STEPS, stepOf, strengthAt } from "./strength.ts";

const all = Array.from({ length: STEPS + 1 }, (_, step) => step);

it("has both ends and the default on steps of the slider", () => {
  expect([0, OWN_STEP, STEPS].map(strengthAt)).toEqual([0, 0.5, 1]);
});

it("maps each strength back to its step, and others to the nearest", () => {
  expect(all.map((step) => stepOf(strengthAt(step)))).toEqual(all);
  expect([0.01, 0.99, 2, -1].map(stepOf)).toEqual([0, STEPS, STEPS, 0]);
  expect(Number.isNaN(stepOf(NaN))).toBe(false);
});

it("increases with every step", () => {
  const strengths = all.map(strengthAt);
  expect([...strengths].sort((one, other) => one - other)).toEqual(strengths);
  expect(new Set(strengths).size).toBe(STEPS + 1);
});
