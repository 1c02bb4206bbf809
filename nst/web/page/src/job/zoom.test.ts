import { describe, expect, it } from "vitest";

import { actual, clamped, keyed, limits, moved, placed, toggled, WHOLE, zoomed } from "./zoom.ts";

const picture = { width: 400, height: 300 };
const frame = { width: 200, height: 200 };

describe("zooming", () => {
  it("starts with the whole picture, centred", () => {
    expect(placed(WHOLE, picture, frame)).toMatchObject({ width: 200, height: 150, left: 0, top: 25, scale: 0.5 });
  });

  it("goes to the actual size and back", () => {
    const close = keyed(WHOLE, "1", picture, frame)!;
    expect(placed(close, picture, frame)).toMatchObject({ width: 400, height: 300, scale: 1 });
    expect(actual(picture, frame)).toBe(2);
    expect(toggled(close, picture, frame)).toEqual(WHOLE);
    expect(toggled(WHOLE, picture, frame).zoom).toBe(2);
  });

  it("keeps the point under the pointer in place", () => {
    const at = { x: 60, y: -20 };
    const under = (look: typeof WHOLE) => {
      const { left, top, width, height } = placed(look, picture, frame);
      return [(frame.width / 2 + at.x - left) / width, (frame.height / 2 + at.y - top) / height];
    };
    const start = zoomed(WHOLE, 2, picture, frame);
    const closer = zoomed(start, 1.5, picture, frame, at);
    expect(under(closer)[0]).toBeCloseTo(under(start)[0]!);
    expect(under(closer)[1]).toBeCloseTo(under(start)[1]!);
  });

  it("never leaves the picture", () => {
    const close = zoomed(WHOLE, 4, picture, frame);
    const { left, top, width, height } = placed(moved(close, { x: 1e5, y: 1e5 }, picture, frame), picture, frame);
    expect([left, top]).toEqual([0, 0]);
    expect(width).toBeGreaterThan(frame.width);
    expect(height).toBeGreaterThan(frame.height);
    expect(moved(WHOLE, { x: 50, y: 50 }, picture, frame)).toEqual(WHOLE);
  });

  it("has limits that include the whole picture and its actual size", () => {
    const small = { width: 50, height: 50 };
    expect(limits(small, frame)[0]).toBe(0.25);
    expect(limits(picture, frame)).toEqual([1, 16]);
    expect(clamped({ zoom: 99, x: 0.5, y: 0.5 }, picture, frame).zoom).toBe(16);
  });

  it("works from the keyboard", () => {
    expect(keyed(WHOLE, "+", picture, frame)!.zoom).toBe(1.25);
    const close = zoomed(WHOLE, 4, picture, frame);
    expect(keyed(close, "ArrowRight", picture, frame)!.x).toBeGreaterThan(0.5);
    expect(keyed(close, "ArrowUp", picture, frame)!.y).toBeLessThan(0.5);
    expect(keyed(close, "0", picture, frame)).toEqual(WHOLE);
    expect(keyed(close, "x", picture, frame)).toBeNull();
  });
});
