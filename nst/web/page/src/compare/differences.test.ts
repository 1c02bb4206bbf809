import { expect, it } from "vitest";

import type { Job, Setting } from "../types.ts";
import { differences, outcomes } from "./differences.ts";

const job = (changes: Partial<Job>): Job => ({
  id: "a", number: 1, kind: "picture", state: "finished", place: null, cancelling: false, created: 0, started: 0, ended: 10,
  epoch: 59, epochs: 60, costs: { total: 5, content: 1, style: 2, total_variation: 0 }, seconds_left: null, picture: 59,
  width: 400, height: 300, content: { title: "me.jpg", url: "" }, styles: [{ title: "Ink", url: "" }], preset: "fast",
  network: "preview", painted_with: null, settings: { epochs: 60, strength: 0.5, download: true }, frames: [], reason: "",
  troubles: [], steering: [], result: true, video: true, files: [], sizes: [], spent: 0, resumable: true, checkpoint: 1, resumable_until: 1,
  ...changes,
});
const settings = ["epochs", "strength", "download"].map((name) => ({ name }) as Setting);

it("lists the settings that differ, in words", () => {
  const other = job({ styles: [{ title: "Ink", url: "" }, { title: "Glass", url: "" }], settings: { epochs: 60, strength: 0.8, download: false } });
  expect(differences(job({}), other, settings)).toEqual([
    { name: "Style", values: ["Ink", "Ink and Glass"] },
    { name: "Strength", values: ["0.5", "0.8"] },
    { name: "Download", values: ["on", "off"] },
  ]);
  expect(differences(job({}), job({ number: 2 }), settings)).toEqual([]);
});

it("lists the results, with the time of all sessions", () => {
  const found = outcomes(job({}), job({ spent: 20, epoch: null, costs: null }));
  expect(found.map(({ name }) => name)).toEqual(["Epochs painted", "Total cost", "Style cost", "Content cost", "Time"]);
  expect(found[0]!.values).toEqual(["60", "–"]);
  expect(found[4]!.values).toEqual(["10 seconds", "30 seconds"]);
});
