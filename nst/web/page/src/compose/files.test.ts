import { describe, expect, it } from "vitest";

import type { Limits } from "../types.ts";
import { ACCEPT, fileProblem, narrowProblem, type Field } from "./files.ts";

const limits = { file_bytes: 100, video_bytes: 1000 } as Limits;
const problem = (name: string, type: string, field: Field = "content", size = 10) =>
  fileProblem(new File([new Uint8Array(size)], name, { type }), field, limits);

describe("a file", () => {
  it("is accepted if it is a picture or, as content, a video, even if the browser knows no type for it", () => {
    const pictures = [["a.jpg", "image/jpeg"], ["a.heic", "image/heic"], ["a.HEIC", ""], ["a.heif", ""], ["a.jxl", ""], ["a.gif", "image/gif"]];
    const videos = [["a.mp4", "video/mp4"], ["a.mov", "video/quicktime"], ["a.webm", "video/webm"], ["a.mkv", ""]];
    for (const [name, type] of pictures) expect(problem(name!, type!, "style")).toBe("");
    for (const [name, type] of [...pictures, ...videos]) expect(problem(name!, type!)).toBe("");
    expect(problem("a.mp4", "video/mp4", "style")).toBe("a.mp4 is a video; a style must be a picture.");
    for (const [name, type] of [["a.pdf", "application/pdf"], ["a.txt", ""], ["a.svg", "image/svg+xml"]]) {
      expect(problem(name!, type!)).toContain(`${name} is`);
    }
  });

  it("can be chosen if it is accepted", () => {
    for (const kind of ["image/heic", ".heic", ".jxl"]) expect(ACCEPT.style.split(",")).toContain(kind);
    for (const kind of ["image/gif", "video/mp4", "video/quicktime", "video/webm"]) expect(ACCEPT.content.split(",")).toContain(kind);
    expect(ACCEPT.style).not.toContain("video");
  });

  it("may not exceed the limit for its kind", () => {
    expect(problem("a.jpg", "image/jpeg", "content", 101)).toBe(""); // it may be made smaller
    expect(problem("a.mp4", "video/mp4", "content", 101)).toBe("");
    expect(problem("a.mp4", "video/mp4", "content", 1001)).toContain("the limit is 1 kB");
    expect(problem("a.jpg", "image/jpeg", "content", 0)).toBe("a.jpg is empty.");
  });
});

describe("a picture that is too narrow", () => {
  const side = { side: 16 } as Limits;
  const texts = { image_size: "400", scales: "2", style_scale: "1" };
  const picture = (width: number, height: number) => ({ file: new File([], "a.png"), width, height });

  it("is refused by the same calculation as on the server", () => {
    expect(narrowProblem(picture(400, 300), "content", texts, side)).toBe("");
    expect(narrowProblem(picture(40, 3), "content", texts, side)).toBe(
      "a.png would have 15 pixels on its short side at the smallest scale but needs 16: choose another picture or a larger size.",
    );
    expect(narrowProblem(picture(40, 30), "content", texts, side)).toBe(""); // a content is enlarged
    expect(narrowProblem(picture(40, 30), "style", texts, side)).toContain("would have 15 pixels");
    expect(narrowProblem(picture(40, 30), "style", { ...texts, style_scale: "2" }, side)).toBe("");
  });

  it("is not reported while the settings are wrong", () => {
    expect(narrowProblem(picture(1, 1), "style", { ...texts, image_size: "" }, side)).toBe("");
  });
});
