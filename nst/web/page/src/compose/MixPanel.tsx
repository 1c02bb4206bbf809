import type { Dispatch } from "react";

import { fieldId } from "../parts/Field.tsx";
import { Cross } from "../parts/icons.tsx";
import type { Change, Style } from "./draft.ts";
import { shares } from "./request.ts";

interface Props {
  tiles: { style: Style; title: string; url: string }[];
  styles: Style[];
  change: Dispatch<Change>;
}

/** The share of each style in the picture. */
export function MixPanel({ tiles, styles, change }: Props) {
  const parts = shares(styles);
  return (
    <fieldset className="mix-panel" id={fieldId("style_weights")} tabIndex={-1}>
      <legend>Mix</legend>
      <ul>
        {styles.map(({ key, weight }, index) => {
          const { title, url } = tiles.find(({ style }) => style.key === key) ?? { title: "Style", url: undefined };
          const percent = `${Math.round(100 * parts[index]!)} %`;
          const id = `weight-${index}`;
          return (
            <li key={key}>
              <img src={url} alt="" />
              <label htmlFor={id} className="name">
                {title}
              </label>
              <input
                type="range"
                id={id}
                min={5}
                max={100}
                step={5}
                value={weight}
                aria-valuetext={`${percent} of the picture`}
                onChange={({ target }) => change({ kind: "weight", key, weight: Number(target.value) })}
              />
              <output htmlFor={id} className="numbers">
                {percent}
              </output>
              <button type="button" className="round" aria-label={`Remove ${title} from the mix`} onClick={() => change({ kind: "removeStyle", key })}>
                <Cross />
              </button>
            </li>
          );
        })}
      </ul>
    </fieldset>
  );
}
