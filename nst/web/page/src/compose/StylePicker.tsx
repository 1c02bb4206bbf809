import type { Dispatch } from "react";

import { thumbnailUrl } from "../api.ts";
import { Masked, StyleMaskButton, StyleMaskProblem } from "../masks/MaskDesk.tsx";
import { Cross } from "../parts/Cross.tsx";
import { described, fieldId, helpId, Problem } from "../parts/Problem.tsx";
import type { Sample } from "../types.ts";
import { count } from "../words.ts";
import { Reading, take } from "./ContentPicker.tsx";
import { earlierStyle, MOST_EACH, ownStyle, sampleStyle, type Change, type Draft, type Style } from "./draft.ts";
import { ACCEPT } from "./files.ts";
import { MixPanel } from "./MixPanel.tsx";

interface Props {
  samples: Sample[];
  /** The styles that may share a picture. */
  most: number;
  draft: Draft;
  error: string | undefined;
  maskError: string | undefined;
  reading: string[];
  onFiles: (files: File[]) => void;
  /** A style that was not accepted, as there are enough. */
  onFull: () => void;
  change: Dispatch<Change>;
}

/** A style that can be chosen, as a tile shows it. */
interface Tile {
  style: Style;
  title: string;
  url: string;
}

export function StylePicker({ samples, most, draft, error, maskError, reading, onFiles, onFull, change }: Props) {
  const { styles, each, shelf, again } = draft;
  const limit = each ? MOST_EACH : most;
  const tiles: Tile[] = [
    ...(again?.styles ?? []).map((picture, index) => ({
      style: earlierStyle(picture, index),
      title: picture.title,
      url: thumbnailUrl(picture.url, 320),
    })),
    ...shelf.map((own) => ({ style: ownStyle(own), title: own.file.name, url: own.url })),
    ...samples.map(({ name, title, url }) => ({ style: sampleStyle(name), title, url: thumbnailUrl(url, 320) })),
  ];
  const isChosen = ({ key }: Style) => styles.some((style) => style.key === key);
  const click = (style: Style) => {
    if (isChosen(style)) change({ kind: "removeStyle", key: style.key });
    else if (each && styles.length >= limit) onFull();
    else change({ kind: "style", style, mix: false });
  };
  const mix = (style: Style) => {
    if (styles.length >= limit) onFull();
    else change({ kind: "style", style, mix: true });
  };
  return (
    <section className="panel" aria-labelledby="style-heading" data-area="styles" data-drop="style">
      <div className="heading-row">
        <h2 id="style-heading">Style</h2>
        <p className="muted" id={helpId("style")}>
          {adviceOf(draft, most)}
        </p>
      </div>
      <ul className="gallery" aria-label="Styles">
        {tiles.map(({ style, title, url }) => {
          const chosen = isChosen(style);
          return (
            <li key={style.key} className={style.kind === "own" && chosen ? "tile-place chosen" : "tile-place"}>
              <button type="button" className={chosen ? "tile chosen" : "tile"} aria-pressed={chosen} onClick={() => click(style)}>
                <Masked style={style.key}>
                  <img src={url} alt="" />
                </Masked>
                <span className="tile-name">{title}</span>
              </button>
              {style.kind === "own" ? (
                <button type="button" className="remove" aria-label={`Remove ${title}`} onClick={() => change({ kind: "discard", key: style.key })}>
                  <Cross />
                </button>
              ) : null}
              {chosen && <StyleMaskButton style={style.key} />}
              {!each && !chosen && styles.length > 0 && (
                <button type="button" className="mix" aria-label={`Mix in ${title}`} onClick={() => mix(style)}>
                  + Mix
                </button>
              )}
            </li>
          );
        })}
        <li className="tile-place">
          <label className="tile add file">
            <span aria-hidden="true" className="plus">
              +
            </span>
            Add your own
            <input
              type="file"
              multiple
              id={fieldId("style")}
              aria-label="Add your own style"
              accept={ACCEPT.style}
              onChange={({ target }) => take(target, onFiles)}
              {...described("style", error)}
            />
          </label>
        </li>
      </ul>
      <Reading names={reading} />
      <Problem field="style" error={error} />
      <StyleMaskProblem error={maskError} />
      {styles.length > 1 && !each && <MixPanel tiles={tiles} styles={styles} change={change} />}
      <label className="switch-line">
        <input type="checkbox" checked={each} onChange={({ target }) => change({ kind: "each", each: target.checked })} />
        Each style its own picture
        <span className="muted">{each ? "several are painted from one content, one after the other" : ""}</span>
      </label>
    </section>
  );
}

function adviceOf({ styles, each }: Draft, most: number): string {
  if (each) return styles.length === 0 ? "Choose as many as you like" : `${count(styles.length, "picture")}, one for each style`;
  if (styles.length === 0) return `One, or a mix of up to ${most}`;
  return styles.length === 1 ? "A click on another replaces it; “Mix” adds one" : `A mix of ${styles.length} of at most ${most}`;
}
