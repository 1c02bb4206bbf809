import { expect, it } from "vitest";

import { OWN_STEP, STEPS, stepOf, strengthAt } from "./strength.ts";

const all = Array.from({ length: STEPS + 1 }, (_, step) => step);

it("has the ends and the preset's own strength on steps of the slider", () => {
  expect([0, OWN_STEP, STEPS].map(strengthAt)).toEqual([0, 0.5, 1]);
});

it("finds each step again, and the nearest of other strengths", () => {
  expect(all.map((step) => stepOf(strengthAt(step)))).toEqual(all);
  expect([0.01, 0.99, 2, -1].map(stepOf)).toEqual([0, STEPS, STEPS, 0]);
  expect(Number.isNaN(stepOf(NaN))).toBe(false);
});

it("rises from step to step", () => {
  const strengths = all.map(strengthAt);
  expect([...strengths].sort((one, other) => one - other)).toEqual(strengths);
  expect(new Set(strengths).size).toBe(STEPS + 1);
});
