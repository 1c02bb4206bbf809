import { describe, expect, it } from "vitest";

import { ago, bytes, duration, figure, list, ordinal, progressOf, remaining, sentence, shortFigure } from "./words.ts";
import type { Job } from "./types.ts";

describe("numbers in words", () => {
  it("writes ordinals, also past ten and a hundred", () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 113].map(ordinal)).toEqual([
      "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th", "113th",
    ]);
  });

  it("joins names", () => {
    expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(list)).toEqual(["", "a", "a and b", "a, b and c"]);
  });

  it("writes costs of every size in few figures", () => {
    expect([0, 0.000123, 3.456, 12345, 4123456, 1e-9, NaN].map(figure)).toEqual([
      "0", "0.000123", "3.46", "12,300", "4.12M", "1.0e-9", "not finite",
    ]);
    expect([500, 10000, 2500000].map(shortFigure)).toEqual(["500", "10K", "2.5M"]);
  });

  it("turns messages into sentences", () => {
    expect(["choose a style", "learning_rate has no effect", "It ended.", ""].map(sentence)).toEqual([
      "Choose a style.", "learning_rate has no effect.", "It ended.", "",
    ]);
  });

  it("writes file sizes", () => {
    expect([999, 78_500, 1_000_000, 2_345_678, 25_000_000].map(bytes)).toEqual([
      "999 bytes", "79 kB", "1 MB", "2.3 MB", "25 MB",
    ]);
  });
});

describe("times in words", () => {
  it("writes durations", () => {
    expect([0.4, 1, 42.4, 89, 91, 600, 5399, 7200, 9000].map(duration)).toEqual([
      "less than a second", "1 second", "42 seconds", "89 seconds", "2 minutes", "10 minutes", "1 hour 30 minutes",
      "2 hours", "2 hours 30 minutes",
    ]);
  });

  it("rounds the time left", () => {
    expect([0, 5, 12, 13, 62, 300].map(remaining)).toEqual([
      "almost done", "a few seconds left", "about 10 seconds left", "about 15 seconds left", "about 60 seconds left",
      "about 5 minutes left",
    ]);
  });

  it("writes how long ago something was", () => {
    const now = 1_800_000_000;
    expect([10, 60, 3000, 7200, 90_000, 3 * 86_400].map((seconds) => ago(now - seconds, now))).toEqual([
      "just now", "1 minute ago", "50 minutes ago", "2 hours ago", "yesterday", "3 days ago",
    ]);
    // A server whose clock is ahead.
    expect(ago(now + 5, now)).toBe("just now");
  });
});

describe("the progress of a job", () => {
  it("is an epoch or a frame", () => {
    const job = { kind: "video", epoch: 11, epochs: 48, width: 400 } as Job;
    const none = { ...job, epoch: null };
    expect([job, none, { ...none, width: null }, { ...job, kind: "picture" as const }].map(progressOf)).toEqual([
      "Frame 12 of 48", "Painting frame 1 of 48…", "Preparing the network…", "Epoch 11 of 48",
    ]);
  });
});
