import { describe, expect, it } from "vitest";

import { MOST_CONTENT, MOST_STYLE, positionOf, STEP, weightsAt } from "./balance.ts";

const preset = { alpha: 10, beta: 40 };

describe("the slider between content and style", () => {
  it("has the preset's own numbers at 0", () => {
    expect(weightsAt(0, preset)).toEqual(preset);
    expect(positionOf(preset, preset)).toBe(0);
  });

  it("raises alpha to the left and beta to the right, to three figures", () => {
    expect(weightsAt(-1, preset)).toEqual({ alpha: 100, beta: 40 });
    expect(weightsAt(0.25, preset)).toEqual({ alpha: 10, beta: 71.1 });
    expect(weightsAt(MOST_CONTENT, preset)).toEqual({ alpha: 1_000_000, beta: 40 });
    expect(weightsAt(MOST_STYLE, preset)).toEqual({ alpha: 10, beta: 400 });
  });

  it("finds every position again from the numbers it gave", () => {
    for (let position = MOST_CONTENT; position <= MOST_STYLE; position += STEP) {
      expect(positionOf(weightsAt(position, preset), preset)).toBe(position);
    }
  });

  it("follows numbers that were typed, within its ends", () => {
    expect(positionOf({ alpha: 1, beta: 40 }, preset)).toBe(1);
    expect(positionOf({ alpha: 30, beta: 120 }, preset)).toBe(0);
    expect(positionOf({ alpha: 10, beta: 1e12 }, preset)).toBe(MOST_STYLE);
    expect(positionOf({ alpha: 10, beta: 0 }, preset)).toBe(MOST_CONTENT);
    expect(positionOf({ alpha: 0, beta: 40 }, preset)).toBe(MOST_STYLE);
    expect(positionOf({ alpha: 0, beta: 0 }, preset)).toBe(0);
    expect(positionOf({ alpha: NaN, beta: 40 }, preset)).toBe(0);
  });
});
