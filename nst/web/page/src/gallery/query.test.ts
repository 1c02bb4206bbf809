import { expect, it } from "vitest";

import { EVERYTHING, galleryHash, isFiltered, paramsOf, parseQuery } from "./query.ts";

it("converts a query to a route and back", () => {
  const query = { q: "a & b=c #1", state: "finished", kind: "video", preset: "fast", style: "Zürich, 2", sort: "oldest" } as const;
  const hash = galleryHash(query);
  expect(parseQuery(hash.slice("#/gallery?".length))).toEqual(query);
  expect(galleryHash(EVERYTHING)).toBe("#/gallery");
});

it("ignores what it does not know", () => {
  expect(parseQuery("state=lost&kind=toString&sort=size&unknown=1")).toEqual(EVERYTHING);
  expect(parseQuery(`q=${"a".repeat(999)}`).q).toHaveLength(200);
});

it("sends only what differs, and does not count the order as a filter", () => {
  expect(paramsOf({ ...EVERYTHING, style: "Ink" }).toString()).toBe("style=Ink");
  expect(isFiltered({ ...EVERYTHING, sort: "style" })).toBe(false);
  expect(isFiltered({ ...EVERYTHING, q: " " })).toBe(false);
  expect(isFiltered({ ...EVERYTHING, kind: "video" })).toBe(true);
});
