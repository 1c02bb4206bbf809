/** How the form's pictures are shown: a title and a URL. */

import { thumbnailUrl } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Sample } from "../types.ts";
import type { Content, Style } from "./draft.ts";

export interface Shown {
  title: string;
  url: string;
}

function shownSample(name: string, samples: Sample[]): Shown {
  const { title, url } = samples.find((sample) => sample.name === name) ?? { title: name, url: "" };
  return { title, url };
}

export function shownContent(content: Content, { contents }: Pick<Catalogue, "contents">): Shown {
  if (content.kind === "own") return { title: content.own.file.name, url: content.own.url };
  if (content.kind === "sample") return shownSample(content.name, contents);
  return { title: content.picture.title, url: thumbnailUrl(content.picture.url, 1024) };
}

export function shownStyle(style: Style, { styles }: Pick<Catalogue, "styles">): Shown {
  if (style.kind === "own") return { title: style.own.file.name, url: style.own.url };
  if (style.kind === "sample") return shownSample(style.name, styles);
  return { title: style.picture.title, url: thumbnailUrl(style.picture.url, 1024) };
}
