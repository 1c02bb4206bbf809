import { expect, it } from "vitest";

import { EVERYTHING, galleryHash, isFiltered, paramsOf, parseQuery } from "./query.ts";

it("a query is its address and back", () => {
  const query = { q: "a & b=c #1", state: "finished", kind: "video", preset: "fast", style: "Zürich, 2", sort: "oldest" } as const;
  const hash = galleryHash(query);
  expect(parseQuery(hash.slice("#/gallery?".length))).toEqual(query);
  expect(galleryHash(EVERYTHING)).toBe("#/gallery");
});

it("what an address cannot mean is left out", () => {
  expect(parseQuery("state=lost&kind=toString&sort=size&unknown=1")).toEqual(EVERYTHING);
  expect(parseQuery(`q=${"a".repeat(999)}`).q).toHaveLength(200);
});

it("the server is asked for what differs only, and a sort is no filter", () => {
  expect(paramsOf({ ...EVERYTHING, style: "Ink" }).toString()).toBe("style=Ink");
  expect(isFiltered({ ...EVERYTHING, sort: "style" })).toBe(false);
  expect(isFiltered({ ...EVERYTHING, q: " " })).toBe(false);
  expect(isFiltered({ ...EVERYTHING, kind: "video" })).toBe(true);
});
