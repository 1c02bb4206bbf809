/** Steering a picture: the values in force, the requests for changes, and the changes in words. */

import type { Job, Steered } from "../types.ts";

export interface Controls {
  strength: number;
  /** Weights of the styles, relative to the largest: 0 to 1. */
  weights: number[];
}

/** The values after all changes so far. */
export function inForce(job: Job): Controls {
  const last = <K extends "strength" | "style_weights">(name: K) => job.steering.findLast((change) => change[name] !== null)?.[name];
  const weights = last("style_weights") ?? parsed(String(job.settings.style_weights ?? ""));
  return {
    strength: last("strength") ?? Number(job.settings.strength),
    weights: relative(weights.length === job.styles.length ? weights : job.styles.map(() => 1)),
  };
}

function parsed(text: string): number[] {
  return text === "" ? [] : text.split(",").map(Number);
}

function relative(weights: number[]): number[] {
  const largest = Math.max(...weights);
  return largest > 0 ? weights.map((weight) => Math.round((100 * weight) / largest) / 100) : weights.map(() => 1);
}

/** The form that requests what differs; null if nothing does, or if no style would be left. */
export function changeOf(before: Controls, wanted: Controls): FormData | null {
  const form = new FormData();
  if (wanted.strength !== before.strength) form.append("strength", String(wanted.strength));
  const same = wanted.weights.every((weight, index) => weight === before.weights[index]);
  if (!same && wanted.weights.some((weight) => weight > 0)) form.append("style_weights", wanted.weights.join(","));
  return [...form.keys()].length === 0 ? null : form;
}

/** Whether the values in force are those that were asked for. */
export function follows(followed: Controls, asked: Controls): boolean {
  const weights = relative(asked.weights);
  return followed.strength === asked.strength && followed.weights.every((weight, index) => weight === weights[index]);
}

/** A change in words: "strength 0.8, weights 1 : 0.25". */
export function wordsOf({ strength, style_weights, masks }: Steered): string {
  const words: string[] = [];
  if (strength !== null) words.push(`strength ${strength}`);
  if (style_weights !== null) words.push(`weights ${style_weights.join(" : ")}`);
  if (masks !== null) words.push(masks ? "new masks" : "no masks");
  return words.join(", ");
}

/** Adds a change, replacing one of the same epoch. */
export function withChange(steering: Steered[], change: Partial<Steered> & { epoch: number }): Steered[] {
  const whole = { strength: null, style_weights: null, masks: null, ...change };
  return [...steering.filter(({ epoch }) => epoch !== change.epoch), whole].sort((one, other) => one.epoch - other.epoch);
}
