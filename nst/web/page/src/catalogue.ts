/** What the server offers: samples, networks and settings. Fetched once, and retried until it arrives. */

import { useEffect, useState } from "react";

import { ApiError, getContents, getNetworks, getSettings, getStyles } from "./api.ts";
import { limited } from "./compose/settings.ts";
import type { Limits, Network, Preset, Sample, Setting } from "./types.ts";

export interface Catalogue {
  contents: Sample[];
  styles: Sample[];
  networks: Network[];
  settings: Setting[];
  presets: Preset[];
  defaultPreset: string;
  limits: Limits;
}

async function read(): Promise<Catalogue> {
  const [contents, styles, networks, answer] = await Promise.all([getContents(), getStyles(), getNetworks(), getSettings()]);
  const { presets, default_preset: defaultPreset, limits } = answer;
  const settings = answer.settings.map((setting) => limited(setting, limits));
  return { contents, styles, networks, settings, presets, defaultPreset, limits };
}

export function useCatalogue(session: number): Catalogue | null {
  const [catalogue, setCatalogue] = useState<Catalogue | null>(null);
  const wanted = catalogue === null;
  useEffect(() => {
    if (!wanted) return;
    let timer: number | undefined;
    let alive = true;
    const ask = async () => {
      try {
        const found = await read();
        if (alive) setCatalogue(found);
      } catch (error) {
        // A token starts a new session, which asks again.
        if (alive && !(error instanceof ApiError && error.status === 401)) timer = window.setTimeout(ask, 2000);
      }
    };
    void ask();
    return () => {
      alive = false;
      window.clearTimeout(timer);
    };
  }, [wanted, session]);
  return catalogue;
}

/** A preset with what a network overrides of it, such as its layers. */
export function presetOf(catalogue: Catalogue, name: string, network: string): Preset {
  const { presets, defaultPreset, networks } = catalogue;
  const find = (name: string) => presets.find((preset) => preset.name === name);
  const preset = (find(name) ?? find(defaultPreset) ?? presets[0])!;
  const own = networks.find((each) => each.name === network)?.settings;
  return { ...preset, settings: { ...preset.settings, ...own } };
}

export function titleOf({ networks }: Catalogue, name: string): string {
  return networks.find((network) => network.name === name)?.title ?? name;
}

/** The small network that comes with the program and paints drafts. */
export const SMALL = "preview";

/** The network that drafts are a preview of; null if the small one is all there is. */
export function finisher({ networks }: Catalogue): Network | null {
  return networks.find(({ name, available, default: usual }) => available && usual && name !== SMALL) ?? null;
}

/** Whether the small network can draft for this one: that takes the same layers and settings. */
export function canDraft({ networks }: Catalogue, name: string): boolean {
  const network = networks.find((each) => each.name === name);
  const small = networks.find((each) => each.name === SMALL);
  return name !== SMALL && small?.available === true && Object.keys(network?.settings ?? {}).length === 0;
}
