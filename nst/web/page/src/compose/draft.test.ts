import { describe, expect, it } from "vitest";

import type { Catalogue } from "../catalogue.ts";
import type { Job, Limits } from "../types.ts";
import { changed, fresh, resumed, sampleStyle, type Change, type Draft, type Own } from "./draft.ts";
import { about, wordsOf } from "./estimate.ts";
import { formOf, settingsOf, wantedOf, weightsOf } from "./request.ts";
import { withFiles } from "./saved.ts";

const catalogue = {
  contents: [{ name: "coffee" }],
  styles: ["ink", "glass", "leaves", "mosaic", "swirls"].map((name) => ({ name })),
  networks: [{ name: "vgg19", available: true, default: true, settings: {} }],
  settings: [],
  presets: [
    { name: "fast", title: "Quick", about: "", settings: { epochs: 50, init: "matched", seed: 0 } },
    { name: "coursera", title: "As in the assignment", about: "", settings: { epochs: 200, init: "blend", seed: 0 } },
  ],
  defaultPreset: "fast",
  limits: { styles: 4 } as Limits,
} as unknown as Catalogue;

const after = (draft: Draft, ...changes: Change[]) => changes.reduce((before, each) => changed(catalogue, before, each), draft);
const pick = (name: string, mix = false): Change => ({ kind: "style", style: sampleStyle(name), mix });
const keys = ({ styles }: Draft) => styles.map(({ key }) => key.replace(/^.*:/, ""));
const own = (key: string) => ({ key, file: new File(["x"], `${key}.png`), shown: new Blob(), url: key, kind: "picture" }) as unknown as Own;

describe("styles", () => {
  it("replace each other, or mix when asked to, up to four", () => {
    const one = after(fresh(catalogue), pick("ink"), pick("glass"));
    expect(keys(one)).toEqual(["glass"]);
    const four = after(one, pick("ink", true), pick("leaves", true), pick("mosaic", true));
    expect(keys(after(four, pick("swirls", true)))).toEqual(["glass", "ink", "leaves", "mosaic"]);
    expect(keys(after(four, { kind: "removeStyle", key: "sample:ink" }))).toEqual(["glass", "leaves", "mosaic"]);
    expect(keys(after(four, pick("swirls")))).toEqual(["swirls"]);
  });

  it("uploaded by the user stay on the shelf when another is chosen", () => {
    const draft = after(fresh(catalogue), { kind: "ownStyles", own: [own("a"), own("b")] }, pick("ink"));
    expect(keys(draft)).toEqual(["ink"]);
    expect(draft.shelf.map(({ key }) => key)).toEqual(["a", "b"]);
  });

  it("have weights, which are sent if they differ", () => {
    const draft = after(fresh(catalogue), pick("ink"), pick("glass", true));
    expect(weightsOf(draft.styles)).toBe("");
    const heavy = after(draft, { kind: "weight", key: "sample:ink", weight: 100 });
    expect(weightsOf(heavy.styles)).toBe("0.667,0.333");
    const [wanted] = wantedOf(heavy);
    expect(settingsOf(heavy, wanted!, { style_weights: "1,2", epochs: 3 })).toEqual({ style_weights: "0.667,0.333", epochs: 3 });
  });

  it("share their form with the end of a video, which is not a setting", () => {
    const draft = after(fresh(catalogue), pick("ink"));
    const form = formOf(draft, wantedOf(draft)[0]!, { video_end: 2.5, epochs: 3 });
    expect([form.get("video_end"), form.get("settings")]).toEqual(["2.5", '{"epochs":3}']);
    expect(formOf(draft, wantedOf(draft)[0]!, {}).has("video_end")).toBe(false);
  });

  it("of an earlier job come with their weights", () => {
    const job = {
      id: "1", kind: "picture", content: { title: "c", url: "/c" }, preset: "fast", network: "vgg19",
      styles: [{ title: "a", url: "/0" }, { title: "b", url: "/1" }], settings: { style_weights: "0.25,0.5" },
    } as unknown as Job;
    const draft = after(fresh(catalogue), { kind: "again", job });
    expect(draft.styles.map(({ weight }) => weight)).toEqual([50, 100]);
    const form = formOf(draft, wantedOf(draft)[0]!, {});
    expect([form.get("again"), form.getAll("again_style")]).toEqual(["1", ["0", "1"]]);
    const mixed = after(draft, { kind: "removeStyle", key: "earlier:/0" }, pick("ink", true));
    const again = formOf(mixed, wantedOf(mixed)[0]!, {});
    expect([again.getAll("style_name"), again.getAll("again_style")]).toEqual([["ink"], ["1"]]);
    expect(JSON.parse(again.get("settings") as string)).toEqual({ style_weights: "0.333,0.667" });
  });
});

describe("several pictures", () => {
  const draft = after(
    fresh(catalogue),
    { kind: "content", content: { kind: "own", own: own("me") } },
    { kind: "each", each: true },
    pick("ink"),
    pick("glass"),
    { kind: "variations", text: "2" },
  );

  it("are one for each style and seed", () => {
    expect(wantedOf(draft).map(({ styles, seed }) => [styles[0]!.key, seed])).toEqual([
      ["sample:ink", 0], ["sample:ink", 1], ["sample:glass", 0], ["sample:glass", 1],
    ]);
    expect(settingsOf(draft, wantedOf(draft)[1]!, { epochs: 9 })).toEqual({ epochs: 9, seed: 1, init: "blend" });
  });

  it("send their content once", () => {
    const [first, second, third] = wantedOf(draft);
    const sent = { id: "5", styles: first!.styles };
    expect(formOf(draft, first!, {}).has("content")).toBe(true);
    const same = formOf(draft, second!, {}, sent);
    expect([same.get("again"), same.has("content"), same.has("style_name")]).toEqual(["5", false, false]);
    const other = formOf(draft, third!, {}, sent);
    expect([other.get("again"), other.has("content"), other.get("style_name")]).toEqual(["5", false, "glass"]);
  });

  it("become one again, of at most four styles, when they are mixed", () => {
    const many = after(draft, pick("leaves"), pick("mosaic"), pick("swirls"));
    expect(many.styles.length).toBe(5);
    expect(after(many, { kind: "each", each: false }).styles.length).toBe(4);
  });
});

describe("a saved draft", () => {
  it("is restored with its files, without what no longer exists", () => {
    const draft = after(
      fresh(catalogue),
      { kind: "content", content: { kind: "own", own: own("me") } },
      { kind: "ownStyles", own: [own("a"), own("lost")] },
      pick("ink", true),
      { kind: "texts", texts: { epochs: "7" } },
    );
    const text = JSON.parse(JSON.stringify(draft)) as Draft;
    const whole = withFiles(text, new Map([["me", own("me")], ["a", own("a")]]));
    expect([whole.content?.kind, keys(whole)]).toEqual(["own", ["a", "ink"]]);
    const gone = { ...catalogue, styles: [], networks: catalogue.networks.map((each) => ({ ...each, name: "other" })) };
    const back = resumed(gone as Catalogue, whole);
    expect([keys(back), back.network, back.texts.epochs, back.texts.init]).toEqual([["a"], "other", "7", "matched"]);
    expect(withFiles(text, new Map()).content).toBeNull();
  });
});

it("finds the preset closest to the settings of a painted picture", () => {
  const draft = after(fresh(catalogue), { kind: "restore", painted: { settings: { epochs: 200, init: "blend", seed: 3 }, network: "" } });
  expect([draft.preset, draft.texts.seed, draft.network]).toEqual(["coursera", "3", "vgg19"]);
});

describe("an estimate", () => {
  it("is written in brief", () => {
    expect([3, 31, 70, 150, 3400, 5400, 7000, 40_000].map(about)).toEqual([
      "a few seconds", "30 s", "1 min", "3 min", "57 min", "1 h 30 min", "2 h", "11 h",
    ]);
    expect(wordsOf({ seconds: 70, basis: "same", waiting: 0 }, 2)).toBe("Takes about 2 min");
    expect(wordsOf({ seconds: 60, basis: "similar", waiting: 120 }, 1)).toBe("Takes roughly 1 min, after about 2 min in the queue");
    expect(wordsOf({ seconds: null, basis: null, waiting: 0 }, 1)).toBe("No estimate until this network has painted a picture.");
  });
});
