import { expect, test } from "vitest";

import { blank, filled, History, inverted, isEven, maskSize, replace, rest, share, Stroke, type Levels } from "./levels.ts";

const HARD = { radius: 3, softness: 0, erase: false };

function painted(brush = HARD, levels = blank(20, 10)): Levels {
  new Stroke(levels, brush).line({ x: 5, y: 5 }, { x: 15, y: 5 });
  return levels;
}

const at = ({ data, width }: Levels, x: number, y: number) => data[y * width + x];

test("a mask has the shape of its picture, and no more pixels than needed", () => {
  expect(maskSize(4000, 3000)).toEqual({ width: 1024, height: 768 });
  expect(maskSize(300, 200)).toEqual({ width: 300, height: 200 });
  expect(maskSize(5000, 2)).toEqual({ width: 1024, height: 1 });
});

test("a hard stroke is white and leaves the rest alone", () => {
  const levels = painted();
  expect([at(levels, 5, 5), at(levels, 10, 3), at(levels, 14, 6)]).toEqual([255, 255, 255]);
  expect([at(levels, 10, 0), at(levels, 0, 5), at(levels, 19, 5)]).toEqual([0, 0, 0]);
});

test("a soft stroke fades out, and does not add up where it crosses itself", () => {
  const levels = blank(40, 40);
  const stroke = new Stroke(levels, { radius: 15, softness: 1, erase: false });
  stroke.line({ x: 20, y: 20 }, { x: 20, y: 20 });
  const once = levels.data.slice();
  const row = [20, 25, 30, 34].map((x) => at(levels, x, 20)!);
  expect(row).toEqual([...row].sort((a, b) => b - a));
  expect(new Set(row).size).toBe(4);
  stroke.line({ x: 20, y: 20 }, { x: 20, y: 20 });
  expect(levels.data).toEqual(once);
});

test("pressure narrows the brush", () => {
  const [full, light] = [blank(20, 20), blank(20, 20)];
  new Stroke(full, { ...HARD, radius: 8 }).line({ x: 10, y: 10 }, { x: 10, y: 10 });
  new Stroke(light, { ...HARD, radius: 8 }).line({ x: 10, y: 10 }, { x: 10, y: 10 }, 0.5);
  expect(share(light)).toBeLessThan(share(full) / 3);
});

test("a stroke outside the picture changes nothing", () => {
  const levels = blank(20, 10);
  const stroke = new Stroke(levels, HARD);
  stroke.line({ x: -50, y: 5 }, { x: -20, y: 5 });
  expect(stroke.patch(0)).toBeNull();
  expect(share(levels)).toBe(0);
});

test("erasing in an empty mask paints everything else", () => {
  const levels = painted({ ...HARD, erase: true });
  expect([at(levels, 10, 5), at(levels, 10, 0), at(levels, 0, 9)]).toEqual([0, 255, 255]);
});

test("a stroke can be reverted", () => {
  const levels = painted();
  const before = levels.data.slice();
  const stroke = new Stroke(levels, { ...HARD, erase: true });
  stroke.line({ x: 5, y: 5 }, { x: 5, y: 5 });
  expect(levels.data).not.toEqual(before);
  stroke.revert();
  expect(levels.data).toEqual(before);
});

test("changes of several masks can be undone and redone in order", () => {
  const layers = [blank(20, 10), blank(20, 10)];
  const history = new History();
  const states = [layers.map(({ data }) => data.slice())];
  const did = () => states.push(layers.map(({ data }) => data.slice()));
  const stroke = new Stroke(layers[0]!, HARD);
  stroke.line({ x: 2, y: 2 }, { x: 9, y: 8 });
  history.push(stroke.patch(0));
  did();
  history.push(replace(1, layers[1]!, rest(layers[1]!, [layers[0]!])));
  did();
  history.push(replace(0, layers[0]!, inverted(layers[0]!)));
  did();
  for (const step of [2, 1, 0]) {
    history.undo(layers);
    expect(layers.map(({ data }) => data)).toEqual(states[step]);
  }
  expect(history.undo(layers)).toBeNull();
  for (const step of [1, 2, 3]) {
    history.redo(layers);
    expect(layers.map(({ data }) => data)).toEqual(states[step]);
  }
  expect(history.redoable).toBe(false);
});

test("a new change clears the redo history, and the oldest changes are forgotten", () => {
  const layers = [blank(10, 10)];
  const history = new History(250);
  for (const level of [50, 100, 150, 200]) history.push(replace(0, layers[0]!, filled(layers[0]!, level)));
  expect(history.undo(layers)).not.toBeNull();
  history.push(replace(0, layers[0]!, filled(layers[0]!, 7)));
  expect(history.redoable).toBe(false);
  expect(history.undo(layers)).not.toBeNull();
  expect(history.undo(layers)).not.toBeNull();
  expect(history.undo(layers)).toBeNull();
  expect(layers[0]!.data[0]).toBe(100);
});

test("a replacement that changes nothing is not recorded", () => {
  const levels = blank(4, 4);
  expect(replace(0, levels, filled(levels, 0))).toBeNull();
});

test("an empty or full mask has no effect", () => {
  const levels = blank(4, 4);
  expect(isEven(levels)).toBe(true);
  levels.data.fill(255);
  expect(isEven(levels)).toBe(true);
  levels.data[3] = 0;
  expect(isEven(levels)).toBe(false);
  levels.data.fill(128);
  expect(isEven(levels)).toBe(false);
});

test("the rest is where no other mask is painted", () => {
  const [one, other] = [painted(), painted({ ...HARD, radius: 2 })];
  const found = rest(one, [other]);
  expect(found).toEqual(inverted(other));
  expect(rest(one, [])).toEqual(filled(one, 255));
});
