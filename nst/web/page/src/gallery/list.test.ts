import { expect, it } from "vitest";

import type { GalleryChanges, JobCard } from "../types.ts";
import { appended, changed, extended, moved, reconciled, toggled } from "./list.ts";

const card = (id: string, more: Partial<JobCard> = {}) => ({ id, state: "finished", epoch: 1, ...more }) as JobCard;
const ids = (cards: Iterable<JobCard>) => [...cards].map(({ id }) => id).join("");
const cards = [..."abcdef"].map((id) => card(id));
const changes = (more: Partial<GalleryChanges>): GalleryChanges => ({ cards: [], gone: [], reset: false, revision: "1", ...more });

it("keeps the objects of unchanged cards after a reload", () => {
  const after = reconciled(cards, [card("a"), card("b", { epoch: 2 }), card("g")]);
  expect(after[0]).toBe(cards[0]);
  expect(after[1]).not.toBe(cards[1]);
  expect(ids(after)).toBe("abg");
});

it("lists a job that moved to the next page once", () => {
  expect(ids(appended(cards.slice(0, 3), [card("c"), card("d")]))).toBe("abcd");
});

it("applies progress, and asks for a reload after any other change", () => {
  const running = [card("a", { state: "running" }), ...cards.slice(1)];
  const after = changed(running, changes({ cards: [card("a", { state: "running", epoch: 9 })] }));
  expect(after?.[0]?.epoch).toBe(9);
  expect(after?.[1]).toBe(running[1]);
  expect(changed(running, changes({ cards: [card("a")] }))).toBeNull();
  expect(changed(running, changes({ cards: [card("x")] }))).toBeNull();
  expect(changed(running, changes({ gone: ["b"] }))).toBeNull();
  expect(changed(running, changes({ reset: true }))).toBeNull();
  expect(changed(running, changes({}))).toEqual(running);
});

it("selects a range from either end", () => {
  expect([...extended(new Set(["f"]), cards, "b", "d")]).toEqual(["f", "b", "c", "d"]);
  expect([...extended(new Set(), cards, "d", "b")]).toEqual(["b", "c", "d"]);
  expect([...extended(new Set(), cards, null, "c")]).toEqual(["c"]);
  expect([...extended(new Set(), cards, "gone", "c")]).toEqual(["c"]);
  expect([...toggled(new Set(["a"]), "a")]).toEqual([]);
  expect([...toggled(new Set(["a"]), "b")]).toEqual(["a", "b"]);
});

it("moves within the grid and stops at its ends", () => {
  const to = (key: string, from: number) => moved(key, from, 4, 10, 2);
  expect(to("ArrowRight", 3)).toBe(4);
  expect(to("ArrowLeft", 0)).toBe(0);
  expect(to("ArrowDown", 1)).toBe(5);
  expect(to("ArrowDown", 8)).toBe(9);
  expect(to("ArrowUp", 2)).toBe(2);
  expect(to("ArrowUp", 6)).toBe(2);
  expect(to("PageDown", 0)).toBe(8);
  expect(to("PageUp", 9)).toBe(1);
  expect(to("Home", 7)).toBe(0);
  expect(to("End", 0)).toBe(9);
  expect(to("a", 3)).toBeNull();
});
