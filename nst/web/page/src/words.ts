/** Numbers, times and states in words. */

import type { Job, JobCard } from "./types.ts";

export function ordinal(n: number): string {
  const tens = n % 100;
  const ending = tens >= 11 && tens <= 13 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${ending}`;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

/** A duration, in seconds up to a minute and a half. */
export function duration(seconds: number): string {
  if (seconds < 1) return "less than a second";
  if (seconds < 90) return count(Math.round(seconds), "second");
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return count(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return rest === 0 ? count(hours, "hour") : `${count(hours, "hour")} ${count(rest, "minute")}`;
}

/** The time left, rounded so that it does not flicker with every epoch. */
export function remaining(seconds: number): string {
  if (seconds < 2) return "almost done";
  if (seconds < 10) return "a few seconds left";
  if (seconds < 90) return `about ${Math.round(seconds / 5) * 5} seconds left`;
  return `about ${duration(seconds)} left`;
}

export function ago(time: number, now: number): string {
  const seconds = now - time;
  if (seconds < 45) return "just now";
  if (seconds < 5400) return `${count(Math.max(1, Math.round(seconds / 60)), "minute")} ago`;
  if (seconds < 86400) return `${count(Math.round(seconds / 3600), "hour")} ago`;
  const days = Math.round(seconds / 86400);
  if (days === 1) return "yesterday";
  if (days < 30) return `${days} days ago`;
  return new Date(time * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}

export function day(time: number): string {
  return new Date(time * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "long" });
}

export function moment(time: number): string {
  return new Date(time * 1000).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
}

export function bytes(size: number): string {
  if (size < 1000) return count(size, "byte");
  if (size < 1_000_000) return `${Math.round(size / 1000)} kB`;
  const millions = size / 1_000_000;
  return `${millions < 10 ? millions.toFixed(1).replace(/\.0$/, "") : Math.round(millions)} MB`;
}

/** A cost or weight to three significant figures: 0.00012, 3.46, 12,300, 4.12M. */
export function figure(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(1);
  return value.toLocaleString("en", {
    maximumSignificantDigits: 3,
    ...(size >= 1e5 ? { notation: "compact" } : {}),
  });
}

/** A label on an axis, where space is short: 10K, 2.5M. */
export function shortFigure(value: number): string {
  const plain = Math.abs(value) < 1000 || Math.abs(value) >= 1e15;
  return plain ? figure(value) : value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}

/** A message from the server as a sentence. The name of a setting at its start keeps its case. */
export function sentence(message: string): string {
  const text = message.trim();
  const begun = /^[a-z]+[\s:,;']/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return begun === "" || /[.!?…)]$/.test(begun) ? begun : `${begun}.`;
}

export function list(words: string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

export function titleOf(job: Pick<Job, "content" | "styles">): string {
  return `${job.content.title} in the style of ${list(job.styles.map((style) => style.title))}`;
}

export function stateOf(job: JobCard): string {
  if (job.cancelling) return "Stopping…";
  if (job.state === "queued") return job.place ? `Waiting: ${ordinal(job.place + 1)} in the queue` : "Waiting: next in the queue";
  if (job.state === "running") return job.epoch === null ? "Getting ready…" : "Painting";
  return { finished: "Finished", cancelled: "Cancelled", failed: "Failed" }[job.state];
}

/** How far a job has got: its epoch, or the frame of a video. */
export function progressOf({ kind, epoch, epochs, width }: JobCard): string {
  if (epoch !== null) return kind === "video" ? `Frame ${epoch + 1} of ${epochs}` : `Epoch ${epoch} of ${epochs}`;
  return kind === "video" && width !== null ? `Painting frame 1 of ${epochs}…` : "Preparing the network…";
}

export function isActive({ state }: Pick<Job, "state">): boolean {
  return state === "queued" || state === "running";
}
