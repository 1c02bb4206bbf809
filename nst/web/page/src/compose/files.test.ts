import { describe, expect, it } from "vitest";

import type { Limits } from "../types.ts";
import { ACCEPT, fileProblem, type Field } from "./files.ts";

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
    expect(problem("a.jpg", "image/jpeg", "content", 101)).toBe("a.jpg has 101 bytes; at most 100 bytes are taken.");
    expect(problem("a.mp4", "video/mp4", "content", 101)).toBe("");
    expect(problem("a.mp4", "video/mp4", "content", 1001)).toContain("at most 1 kB are taken");
    expect(problem("a.jpg", "image/jpeg", "content", 0)).toBe("a.jpg is empty.");
  });
});
