/** How long the painting will take, updated as the form changes. */

import { useEffect, useState } from "react";

import { postEstimate } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Estimate, SettingValues } from "../types.ts";
import type { Draft } from "./draft.ts";

const PAUSE = 350; // milliseconds without a change before asking the server

/** The content's size, of which only the proportions matter, and its number of frames; null if unknown. */
function sizeOf({ content }: Draft, { contents }: Catalogue): { width: number; height: number; frames: number } | null {
  switch (content?.kind) {
    case "own": {
      const { width, height, frames } = content.own;
      return { width, height, frames };
    }
    case "sample": {
      const sample = contents.find(({ name }) => name === content.name);
      return sample ? { width: sample.width, height: sample.height, frames: 0 } : null;
    }
    case "again":
      return content.width && content.height ? { width: content.width, height: content.height, frames: content.of === "video" ? 1 : 0 } : null;
    default:
      return null;
  }
}

/** The estimate for the draft, or null. Finished jobs improve it, so it is updated when `jobs` changes. */
export function useEstimate(catalogue: Catalogue, draft: Draft, changed: SettingValues | null, jobs: string): Estimate | null {
  const [found, setFound] = useState<Estimate | null>(null);
  const { style_weights: _, seed: __, video_end: ___, ...settings } = changed ?? {};
  const { preset, network } = draft;
  const wanted = changed === null ? "" : JSON.stringify({ ...sizeOf(draft, catalogue), preset, network, settings });
  useEffect(() => {
    if (wanted === "") return setFound(null);
    const asking = new AbortController();
    const ask = async () => {
      try {
        setFound(await postEstimate(JSON.parse(wanted) as object, asking.signal));
      } catch {
        if (!asking.signal.aborted) setFound(null); // submitting will show what is wrong
      }
    };
    const timer = window.setTimeout(ask, PAUSE);
    return () => {
      window.clearTimeout(timer);
      asking.abort();
    };
  }, [wanted, jobs]);
  return found;
}

/** A duration in brief, such as "2 min". */
export function about(seconds: number): string {
  if (seconds < 10) return "a few seconds";
  if (seconds < 55) return `${Math.round(seconds / 5) * 5} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = Math.round((minutes % 60) / 10) * 10;
  if (hours >= 10 || rest === 0) return `${Math.round(minutes / 60)} h`;
  return rest === 60 ? `${hours + 1} h` : `${hours} h ${rest} min`;
}

/** How long `paintings` pictures take, and how long they wait first. */
export function wordsOf({ seconds, basis, waiting }: Estimate, paintings: number): string {
  if (seconds === null) return "No estimate until this network has painted a picture.";
  const total = about(seconds * paintings);
  const rough = basis === "same" ? "about" : "roughly";
  const words = total.startsWith("a few") ? `Takes ${total}` : `Takes ${rough} ${total}`;
  if (waiting === null) return `${words}, after what is in the queue`;
  return waiting < 10 ? words : `${words}, after about ${about(waiting)} in the queue`;
}
