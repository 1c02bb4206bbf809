/** The page's routes, in the hash: `#/` is the form, `#/job/ID` a job, `#/compare/ID/ID` two, `#/gallery?…` all. */

import { useSyncExternalStore } from "react";

type Route =
  | { view: "compose" }
  | { view: "job"; id: string }
  | { view: "compare"; ids: [string, string] }
  | { view: "gallery"; query: string };

export function parseRoute(hash: string): Route {
  const pair = /^#\/compare\/([0-9A-Za-z_-]+)\/([0-9A-Za-z_-]+)$/.exec(hash);
  if (pair) return { view: "compare", ids: [pair[1]!, pair[2]!] };
  const gallery = /^#\/gallery(?:\?(.*))?$/.exec(hash);
  if (gallery) return { view: "gallery", query: gallery[1] ?? "" };
  const id = /^#\/job\/([0-9A-Za-z_-]+)$/.exec(hash)?.[1];
  return id === undefined ? { view: "compose" } : { view: "job", id };
}

export function jobHash(id: string): string {
  return `#/job/${id}`;
}

export function compareHash(a: string, b: string): string {
  return `#/compare/${a}/${b}`;
}

export const HOME = "#/";
export const GALLERY = "#/gallery";

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}

export function useHash(): string {
  return useSyncExternalStore(subscribe, () => window.location.hash);
}

/** Focuses the view's heading, where a screen reader should start. */
export function focusHeading() {
  document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
}
