import { expect, test } from "vitest";

import { ownStyle, sampleStyle, type Draft, type Own } from "../compose/draft.ts";
import type { Job } from "../types.ts";
import { appendMasks, keptMasks, keysOfJob, layerKey, layersOf, layersOfJob, masksOfJob, NO_MASKS, steeringForm, stylesOf, withMasks } from "./draftMasks.ts";

const PNG = "data:image/png;base64,aGFsbG8=";
const INK = "sample:ink";
const GLASS = "sample:glass";

function draft(more: Partial<Draft> = {}): Draft {
  const content = { kind: "sample", name: "chelsea" } as const;
  const masks = { content: { [INK]: PNG }, style: { [GLASS]: PNG }, earlier: false };
  return { content, styles: [sampleStyle("ink"), sampleStyle("glass")], again: null, masks, ...more } as Draft;
}

const CATALOGUE = {
  contents: [{ name: "chelsea", title: "Chelsea", url: "/c" }],
  styles: [{ name: "ink", title: "Ink", url: "/i" }],
} as Parameters<typeof layersOf>[1];

test("styles are listed in the order in which they are sent, the user's own first", () => {
  const own = { key: "own:7", file: new File(["x"], "me.png"), url: "blob:1", kind: "picture", frames: 0 } as Own;
  const styles = [...draft().styles, ownStyle(own)];
  expect(stylesOf(draft({ styles }), CATALOGUE).map(({ key, title }) => [key, title])).toEqual([
    ["own:7", "me.png"],
    [INK, "Ink"],
    [GLASS, "glass"],
  ]);
});

test("masks over the content are dropped with it", () => {
  const before = draft();
  expect(keptMasks(before, draft({ masks: before.masks }))).toBe(before.masks);
  const after = draft({ masks: before.masks, content: { kind: "sample", name: "coffee" } });
  expect(keptMasks(before, after)).toEqual({ content: {}, style: { [GLASS]: PNG }, earlier: false });
});

test("masks are dropped with their styles", () => {
  const before = draft();
  const after = draft({ masks: before.masks, styles: [sampleStyle("ink")] });
  expect(keptMasks(before, after)).toEqual({ content: { [INK]: PNG }, style: {}, earlier: false });
});

test("masks that come with another content are kept", () => {
  const masks = { content: { [INK]: "/api/masks/0" }, style: {}, earlier: true };
  const after = draft({ masks, content: { kind: "sample", name: "coffee" } });
  expect(keptMasks(draft(), after)).toBe(masks);
});

test("the masks of a job belong to its styles; coloured ones are not shown", () => {
  const job = {
    styles: [{ url: "/s/0" }, { url: "/s/1" }],
    masks: [
      { over: "content", style: 1, url: "/m/1" },
      { over: "style", style: 0, url: "/m/0" },
    ],
  } as Job;
  expect(masksOfJob(job)).toEqual({ content: { "earlier:/s/1": "/m/1" }, style: { "earlier:/s/0": "/m/0" }, earlier: true });
  expect(masksOfJob({ styles: [] } as unknown as Job)).toEqual(NO_MASKS);
  const coloured = { ...job, masks: [{ over: "content", style: null, url: "/m/0" }] } as Job;
  expect(masksOfJob(coloured)).toEqual({ content: {}, style: {}, earlier: true });
});

test("the editor's changes are applied to the draft", () => {
  const { masks } = draft();
  const changed = new Map([
    [layerKey("content", INK), null],
    [layerKey("style", INK), "data:new"],
  ]);
  expect(withMasks({ ...masks, earlier: true }, changed)).toEqual({
    content: {},
    style: { [GLASS]: PNG, [INK]: "data:new" },
    earlier: false,
  });
  expect(withMasks(masks, new Map())).toBe(masks);
});

test("each style has a layer over the content and one over the style", () => {
  const found = layersOf(draft(), CATALOGUE).map(({ key, title, picture, mask }) => [key, title, picture.title, mask]);
  expect(found).toEqual([
    [`content ${INK}`, "Ink", "Chelsea", PNG],
    [`content ${GLASS}`, "glass", "Chelsea", null],
    [`style ${INK}`, "Ink", "Ink", null],
    [`style ${GLASS}`, "glass", "glass", PNG],
  ]);
  expect(layersOf(draft({ content: null }), CATALOGUE)).toHaveLength(2);
});

test("masks are sent with the positions of their styles", async () => {
  const form = new FormData();
  await appendMasks(form, draft(), [INK, GLASS]);
  expect([...form].map(([name, value]) => [name, typeof value === "string" ? value : value.name])).toEqual([
    ["content_mask", "content-mask-1.png"],
    ["content_mask_for", "0"],
    ["style_mask", "style-mask-2.png"],
    ["style_mask_for", "1"],
  ]);
  expect(await (form.get("content_mask") as File).text()).toBe("hallo");
});

test("an earlier job's masks stay with the server until they are changed", async () => {
  const again = () => {
    const form = new FormData();
    form.append("again", "0123456789abcdef");
    return form;
  };
  const [kept, changed] = [again(), again()];
  const lent = { id: "0123456789abcdef", styles: [] };
  await appendMasks(kept, { masks: { ...NO_MASKS, earlier: true }, again: lent }, [INK]);
  expect([...kept.keys()]).toEqual(["again"]);
  await appendMasks(changed, { masks: NO_MASKS, again: lent }, [INK]);
  expect([...changed]).toEqual([
    ["again", "0123456789abcdef"],
    ["keep_masks", "false"],
  ]);
});

test("a job has the same layers, and is steered with all its masks", async () => {
  const job = {
    kind: "picture",
    content: { title: "Cat", url: "/c" },
    styles: [
      { title: "Ink", url: "/s/0" },
      { title: "Glass", url: "/s/1" },
    ],
    masks: [{ over: "content", style: 1, url: PNG }],
  } as Job;
  expect(layersOfJob(job).map(({ key, picture, mask }) => [key, picture.url, mask])).toEqual([
    ["content earlier:/s/0", "/c?size=1024", null],
    ["content earlier:/s/1", "/c?size=1024", PNG],
    ["style earlier:/s/0", "/s/0?size=1024", null],
    ["style earlier:/s/1", "/s/1?size=1024", null],
  ]);
  const form = await steeringForm(masksOfJob(job), keysOfJob(job));
  expect([...form.keys(), form.get("content_mask_for")]).toEqual(["content_mask", "content_mask_for", "1"]);
  expect([...(await steeringForm(NO_MASKS, keysOfJob(job)))]).toEqual([["no_masks", "true"]]);
});
