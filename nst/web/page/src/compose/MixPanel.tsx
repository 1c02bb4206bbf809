import type { Dispatch } from "react";

import { Cross } from "../parts/Cross.tsx";
import { fieldId } from "../parts/Problem.tsx";
import type { Change, Style } from "./draft.ts";
import { shares } from "./request.ts";

interface Props {
  tiles: { style: Style; title: string; url: string }[];
  styles: Style[];
  change: Dispatch<Change>;
}

/** How much of each style the picture has: a slider each, and what they come to. */
export function MixPanel({ tiles, styles, change }: Props) {
  const parts = shares(styles);
  return (
    <fieldset className="mix-panel" id={fieldId("style_weights")} tabIndex={-1}>
      <legend>Mix</legend>
      <ul>
        {styles.map(({ key, weight }, index) => {
          const tile = tiles.find(({ style }) => style.key === key);
          const title = tile?.title ?? "Style";
          const percent = `${Math.round(100 * (parts[index] ?? 0))} %`;
          return (
            <li key={key}>
              <img src={tile?.url} alt="" />
              <label htmlFor={`weight-${index}`} className="name">
                {title}
              </label>
              <input
                type="range"
                id={`weight-${index}`}
                min={5}
                max={100}
                step={5}
                value={weight}
                aria-valuetext={`${percent} of the picture`}
                onChange={({ target }) => change({ kind: "weight", key, weight: Number(target.value) })}
              />
              <output htmlFor={`weight-${index}`} className="numbers">
                {percent}
              </output>
              <button type="button" className="unmix" aria-label={`Take ${title} out of the mix`} onClick={() => change({ kind: "removeStyle", key })}>
                <Cross />
              </button>
            </li>
          );
        })}
      </ul>
    </fieldset>
  );
}
