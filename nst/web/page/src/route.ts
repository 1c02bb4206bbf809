/** The page's addresses, in the hash: `#/` composes, `#/job/ID` shows a job, `#/gallery?…` lists them. */

import { useSyncExternalStore } from "react";

export type Route = { view: "compose" } | { view: "job"; id: string } | { view: "gallery"; query: string };

export function parseRoute(hash: string): Route {
  const gallery = /^#\/gallery(?:\?(.*))?$/.exec(hash);
  if (gallery) return { view: "gallery", query: gallery[1] ?? "" };
  const id = /^#\/job\/([0-9A-Za-z_-]+)$/.exec(hash)?.[1];
  return id === undefined ? { view: "compose" } : { view: "job", id };
}

export function jobHash(id: string): string {
  return `#/job/${id}`;
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

/** Puts the focus on the heading of the view, so that a screen reader begins there. */
export function focusHeading() {
  document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
}
