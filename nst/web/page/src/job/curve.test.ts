import { describe, expect, it } from "vitest";

import { costScale, epochAt, linearTicks, logTicks, nearest, path, thinned, x, y, type Box } from "./curve.ts";

const box: Box = { left: 0, top: 0, width: 100, height: 50 };

describe("the scale of the costs", () => {
  it("is linear from 0 while the costs are similar", () => {
    const scale = costScale([100, 50, 20]);
    expect(scale).toMatchObject({ log: false, low: 0 });
    expect(scale.ticks).toEqual([0, 50, 100]);
    expect(y(0, scale, box)).toBe(50);
  });

  it("is logarithmic where small costs would be lost", () => {
    const scale = costScale([1e6, 1e5, 1e3]);
    expect(scale.log).toBe(true);
    expect(scale.ticks).toEqual([1e3, 1e4, 1e5, 1e6]);
    expect(y(scale.high, scale, box)).toBe(0);
    expect(y(scale.low, scale, box)).toBe(50);
  });

  it("copes with costs that are 0, missing or not finite", () => {
    expect(costScale([]).ticks).toEqual([0, 1]);
    expect(costScale([0, 0]).high).toBe(1);
    expect(costScale([NaN, Infinity, 5]).high).toBeCloseTo(5.25);
  });
});

describe("ticks", () => {
  it("are round", () => {
    expect(linearTicks(0, 60, 4)).toEqual([0, 20, 40, 60]);
    expect(linearTicks(0, 0.3, 3)).toEqual([0, 0.1, 0.2, 0.3]);
  });

  it("are denser with few powers of ten, and sparser with many", () => {
    expect(logTicks(30, 700, 5)).toEqual([50, 100, 200, 500]);
    expect(logTicks(1, 1e12, 5)).toEqual([1, 1e3, 1e6, 1e9, 1e12]);
  });
});

describe("the point under the pointer", () => {
  const points = [0, 1, 2, 5, 9].map((epoch) => ({ epoch, cost: 1 }));

  it("is the nearest one", () => {
    expect([-3, 0, 0.4, 0.6, 3, 4, 8, 99].map((epoch) => points[nearest(points, epoch)]!.epoch)).toEqual([0, 0, 0, 1, 2, 5, 9, 9]);
  });

  it("is found where it is drawn", () => {
    expect(epochAt(x(7, 10, box), 10, box)).toBeCloseTo(7);
  });
});

describe("the line", () => {
  it("runs from the first epoch to the last", () => {
    const scale = { log: false, low: 0, high: 10, ticks: [] };
    const points = [
      { epoch: 0, cost: 10 },
      { epoch: 10, cost: 0 },
    ];
    expect(path(points, 10, scale, box)).toBe("M0.0 0.0L100.0 50.0");
  });

  it("has a gap where a cost cannot be shown", () => {
    const scale = { log: true, low: 1, high: 100, ticks: [] };
    const points = [1, 0, NaN, 100].map((cost, epoch) => ({ epoch, cost }));
    expect(path(points, 3, scale, box)).toBe("M0.0 50.0M100.0 0.0");
  });

  it("is thinned out evenly, keeping both ends", () => {
    const points = Array.from({ length: 1000 }, (_, n) => n);
    const kept = thinned(points, 5);
    expect(kept).toEqual([0, 250, 500, 749, 999]);
    expect(thinned([1, 2], 5)).toEqual([1, 2]);
  });
});
