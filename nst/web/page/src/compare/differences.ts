/** How two jobs differ: in their pictures, network, settings and results. */

import { labelOf } from "../compose/settings.ts";
import type { Job, Setting } from "../types.ts";
import { duration, figure, list } from "../words.ts";

export interface Difference {
  name: string;
  values: [string, string];
}

/** What may differ, in order: a name and how to read the value from a job. */
function facts(settings: Setting[]): [string, (job: Job) => string][] {
  return [
    ["Content", (job) => job.content.title],
    ["Style", (job) => list(job.styles.map(({ title }) => title))],
    ["Preset", (job) => job.preset],
    ["Network", (job) => job.painted_with ?? job.network],
    ["Pixels", ({ width, height }) => (width === null || height === null ? "–" : `${width} × ${height}`)],
    ...settings.map(({ name }): [string, (job: Job) => string] => [labelOf(name), (job) => shown(job.settings[name])]),
  ];
}

const OUTCOMES: [string, (job: Job) => string][] = [
  ["Epochs painted", ({ epoch }) => (epoch === null ? "–" : String(epoch + 1))],
  ["Total cost", ({ costs }) => (costs ? figure(costs.total) : "–")],
  ["Style cost", ({ costs }) => (costs ? figure(costs.style) : "–")],
  ["Content cost", ({ costs }) => (costs ? figure(costs.content) : "–")],
  ["Time", (job) => (job.started === null || job.ended === null ? "–" : duration(job.spent + job.ended - job.started))],
];

function shown(value: unknown): string {
  if (value === undefined || value === "") return "–";
  if (typeof value === "boolean") return value ? "on" : "off";
  return String(value);
}

function compared(facts: [string, (job: Job) => string][], a: Job, b: Job): Difference[] {
  return facts.map(([name, of]) => ({ name, values: [of(a), of(b)] }));
}

/** The inputs and settings that differ. */
export function differences(a: Job, b: Job, settings: Setting[]): Difference[] {
  return compared(facts(settings), a, b).filter(({ values: [one, other] }) => one !== other);
}

/** The results, whether or not they differ. */
export function outcomes(a: Job, b: Job): Difference[] {
  return compared(OUTCOMES, a, b);
}
