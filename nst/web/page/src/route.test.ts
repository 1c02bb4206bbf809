import { expect, it } from "vitest";

import { compareHash, jobHash, parseRoute } from "./route.ts";

it("an address names two jobs to compare", () => {
  expect(parseRoute(compareHash("a1", "b2"))).toEqual({ view: "compare", ids: ["a1", "b2"] });
  expect(parseRoute("#/compare/a1")).toEqual({ view: "compose" });
});

it("an address names a job or composes", () => {
  expect(parseRoute(jobHash("9f8e7d6c5b4a3210"))).toEqual({ view: "job", id: "9f8e7d6c5b4a3210" });
  for (const hash of ["", "#/", "#/job/", "#/job/../health", "#main"]) expect(parseRoute(hash)).toEqual({ view: "compose" });
});

it("the gallery's address has its query", () => {
  expect(parseRoute("#/gallery")).toEqual({ view: "gallery", query: "" });
  expect(parseRoute("#/gallery?q=a%20b&sort=oldest")).toEqual({ view: "gallery", query: "q=a%20b&sort=oldest" });
  expect(parseRoute("#/gallery/more")).toEqual({ view: "compose" });
});
