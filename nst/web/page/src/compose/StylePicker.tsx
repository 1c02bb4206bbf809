import type { Dispatch } from "react";

import { thumbnailUrl } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import { Masked, StyleMaskButton, StyleMaskProblem } from "../masks/MaskDesk.tsx";
import { helpId, Problem, tied } from "../parts/Field.tsx";
import { FileInput } from "../parts/FileInput.tsx";
import { Cross } from "../parts/icons.tsx";
import { count } from "../words.ts";
import { Reading } from "./ContentPicker.tsx";
import { earlierStyle, mostStyles, ownStyle, sampleStyle, type Change, type Draft, type Style } from "./draft.ts";
import { ACCEPT } from "./files.ts";
import { MixPanel } from "./MixPanel.tsx";

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  error: string | undefined;
  maskError: string | undefined;
  reading: string[];
  onFiles: (files: File[]) => void;
  /** A style was clicked when no more can be added. */
  onFull: () => void;
  change: Dispatch<Change>;
}

export function StylePicker({ catalogue, draft, error, maskError, reading, onFiles, onFull, change }: Props) {
  const { styles, each, shelf, again } = draft;
  const full = styles.length >= mostStyles(draft, catalogue);
  const isChosen = ({ key }: Style) => styles.some((style) => style.key === key);
  const tiles: { style: Style; title: string; url: string }[] = [
    ...(again?.styles ?? []).map((picture, index) => ({
      style: earlierStyle(picture, index),
      title: picture.title,
      url: thumbnailUrl(picture.url, 320),
    })),
    ...shelf.map((own) => ({ style: ownStyle(own), title: own.file.name, url: own.url })),
    // A sample that the earlier job used is already listed above.
    ...catalogue.styles
      .filter(({ name, title }) => isChosen(sampleStyle(name)) || !again?.styles.some((earlier) => earlier.title === title))
      .map(({ name, title, url }) => ({ style: sampleStyle(name), title, url: thumbnailUrl(url, 320) })),
  ];
  const click = (style: Style) => {
    if (isChosen(style)) change({ kind: "removeStyle", key: style.key });
    else if (each && full) onFull();
    else change({ kind: "style", style, mix: false });
  };
  const mix = (style: Style) => (full ? onFull() : change({ kind: "style", style, mix: true }));
  return (
    <section className="panel" aria-labelledby="style-heading" data-area="styles" data-drop="style">
      <div className="heading-row">
        <h2 id="style-heading">Style</h2>
        <p className="muted" id={helpId("style")}>
          {adviceOf(draft, catalogue.limits.styles)}
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
              {style.kind === "own" && (
                <button type="button" className="round remove" aria-label={`Remove ${title}`} onClick={() => change({ kind: "discard", key: style.key })}>
                  <Cross />
                </button>
              )}
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
            <FileInput multiple aria-label="Add your own style" accept={ACCEPT.style} onFiles={onFiles} {...tied("style", error)} />
          </label>
        </li>
      </ul>
      <Reading names={reading} />
      <Problem field="style" error={error} />
      <StyleMaskProblem error={maskError} />
      {styles.length > 1 && !each && <MixPanel tiles={tiles} styles={styles} change={change} />}
      <label className="switch-line">
        <input type="checkbox" checked={each} onChange={({ target }) => change({ kind: "each", each: target.checked })} />
        Paint each style separately
        <span className="muted">{each && "one picture per style, one after the other"}</span>
      </label>
    </section>
  );
}

function adviceOf({ styles, each }: Draft, most: number): string {
  if (each) return styles.length === 0 ? "Choose as many as you like" : `${count(styles.length, "picture")}, one for each style`;
  if (styles.length === 0) return `Choose one, or mix up to ${most}`;
  return styles.length === 1 ? "Click another to switch, or “Mix” to add it" : `A mix of ${styles.length} (at most ${most})`;
}
