import { describe, expect, it } from "vitest";

import type { Limits, Preset, Setting } from "../types.ts";
import { check, grouped, labelOf, limited, parse, textsOf, VIDEO_END } from "./settings.ts";

function setting(name: string, more: Partial<Setting> = {}): Setting {
  return { name, kind: "int", default: 1, help: "", choices: [], at_least: null, at_most: null, above: null, only: null, ...more };
}

const epochs = setting("epochs", { at_least: 1, at_most: 2000 });
const rate = setting("learning_rate", { kind: "float", above: 0 });
const layers = setting("style_layers", { kind: "layers" });
const sheet = setting("contact_sheet", { kind: "bool" });
const preset: Preset = {
  name: "fast",
  title: "Quick",
  about: "",
  settings: { epochs: 60, learning_rate: 2, style_layers: "conv1_1=0.2", contact_sheet: false },
};

describe("the check of a setting", () => {
  it("accepts numbers in range", () => {
    expect(parse(epochs, "2000")).toEqual({ value: 2000 });
    expect(parse(rate, "1e-3")).toEqual({ value: 0.001 });
  });

  it("explains what a number must be", () => {
    const sentence = { error: "Epochs must be a whole number, at least 1 and at most 2,000." };
    for (const text of ["", "0", "2001", "1.5", "many"]) expect(parse(epochs, text)).toEqual(sentence);
    expect(parse(rate, "0")).toEqual({ error: "Learning rate must be a number, above 0." });
  });

  it("respects the server's limits", () => {
    const limits = { epochs: 500, image_size: 2048 } as Limits;
    expect(limited(epochs, limits).at_most).toBe(500);
    expect(limited(setting("image_size"), limits).at_most).toBe(2048);
    expect(limited(rate, limits)).toBe(rate);
  });
});

describe("what is sent", () => {
  const all = [epochs, rate, layers, sheet];

  it("is nothing while the form has the preset's values", () => {
    expect(check(all, textsOf(preset.settings), preset)).toEqual({ changed: {}, errors: {} });
  });

  it("is what differs, with its type", () => {
    const texts = { epochs: "30", learning_rate: "2.0", style_layers: " conv2_1=1 ", contact_sheet: "true" };
    expect(check(all, texts, preset).changed).toEqual({ epochs: 30, style_layers: "conv2_1=1", contact_sheet: true });
  });

  it("names every invalid setting", () => {
    const texts = { ...textsOf(preset.settings), epochs: "-1", learning_rate: "" };
    expect(Object.keys(check(all, texts, preset).errors)).toEqual(["epochs", "learning_rate"]);
  });
});

it("stops a video where it is asked to, and otherwise at its end", () => {
  const end = (text: string) => check([VIDEO_END], { video_end: text }, preset);
  expect(end("2.5")).toEqual({ changed: { video_end: 2.5 }, errors: {} });
  expect(end(" ")).toEqual({ changed: {}, errors: {} });
  expect(end("0").errors.video_end).toBe("End of the video in seconds must be a number, above 0 and at most 86,400.");
});

it("shows settings that the page does not know", () => {
  expect(labelOf("brush_size")).toBe("Brush size");
  expect(grouped([setting("brush_size")])).toEqual([["Other", [setting("brush_size")]]]);
});
