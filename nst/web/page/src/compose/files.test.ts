import { describe, expect, it } from "vitest";

import type { Limits } from "../types.ts";
import { ACCEPT, fileProblem, narrowProblem, type Field } from "./files.ts";

const limits = { file_bytes: 100, video_bytes: 1000 } as Limits;
const problem = (name: string, type: string, field: Field = "content", size = 10) =>
  fileProblem(new File([new Uint8Array(size)], name, { type }), field, limits);

describe("a file of one's own", () => {
  it("is taken if it is a picture, or as content a video, also where the browser has no type for it", () => {
    const pictures = [["a.jpg", "image/jpeg"], ["a.heic", "image/heic"], ["a.HEIC", ""], ["a.heif", ""], ["a.jxl", ""], ["a.gif", "image/gif"]];
    const videos = [["a.mp4", "video/mp4"], ["a.mov", "video/quicktime"], ["a.webm", "video/webm"], ["a.mkv", ""]];
    for (const [name, type] of pictures) expect(problem(name!, type!, "style")).toBe("");
    for (const [name, type] of [...pictures, ...videos]) expect(problem(name!, type!)).toBe("");
    expect(problem("a.mp4", "video/mp4", "style")).toBe("a.mp4 is a video; a style is a picture.");
    for (const [name, type] of [["a.pdf", "application/pdf"], ["a.txt", ""], ["a.svg", "image/svg+xml"]]) {
      expect(problem(name!, type!)).toContain(`${name} is`);
    }
  });

  it("can be chosen if it is taken", () => {
    for (const kind of ["image/heic", ".heic", ".jxl"]) expect(ACCEPT.style.split(",")).toContain(kind);
    for (const kind of ["image/gif", "video/mp4", "video/quicktime", "video/webm"]) expect(ACCEPT.content.split(",")).toContain(kind);
    expect(ACCEPT.style).not.toContain("video");
  });

  it("has the largest size of its kind", () => {
    expect(problem("a.jpg", "image/jpeg", "content", 101)).toBe(""); // it may be made smaller
    expect(problem("a.mp4", "video/mp4", "content", 101)).toBe("");
    expect(problem("a.mp4", "video/mp4", "content", 1001)).toContain("at most 1 kB are taken");
    expect(problem("a.jpg", "image/jpeg", "content", 0)).toBe("a.jpg is empty.");
  });
});

describe("a picture that is too narrow", () => {
  const side = { side: 16 } as Limits;
  const texts = { image_size: "400", scales: "2", style_scale: "1" };

  it("is refused by the server's own sum", () => {
    expect(narrowProblem("a.png", { width: 400, height: 300 }, "content", texts, side)).toBe("");
    expect(narrowProblem("a.png", { width: 40, height: 3 }, "content", texts, side)).toBe(
      "a.png would have 15 pixels on its short side at the smallest scale, and needs 16: choose another picture or a larger size.",
    );
    expect(narrowProblem("a.png", { width: 40, height: 30 }, "content", texts, side)).toBe(""); // a content is enlarged
    expect(narrowProblem("a.png", { width: 40, height: 30 }, "style", texts, side)).toContain("would have 15 pixels");
    expect(narrowProblem("a.png", { width: 40, height: 30 }, "style", { ...texts, style_scale: "2" }, side)).toBe("");
  });

  it("is left alone while the settings are wrong", () => {
    expect(narrowProblem("a.png", { width: 1, height: 1 }, "style", { ...texts, image_size: "" }, side)).toBe("");
  });
});
