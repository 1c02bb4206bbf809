import type { Dispatch } from "react";

import { thumbnailUrl } from "../api.ts";
import { described, fieldId, helpId, Problem } from "../parts/Problem.tsx";
import type { Sample } from "../types.ts";
import { list } from "../words.ts";
import { Reading, take } from "./ContentPicker.tsx";
import { styleCount, type Change, type Draft } from "./draft.ts";
import { ACCEPT } from "./files.ts";

interface Props {
  samples: Sample[];
  most: number;
  draft: Draft;
  error: string | undefined;
  reading: string[];
  onFiles: (files: File[]) => void;
  change: Dispatch<Change>;
}

export function StylePicker({ samples, most, draft, error, reading, onFiles, change }: Props) {
  const number = styleCount(draft);
  const earlier = draft.again?.styles ?? [];
  return (
    <section className="panel" aria-labelledby="style-heading" data-area="styles">
      <div className="heading-row">
        <h2 id="style-heading">Style</h2>
        <p className="muted" id={helpId("style")}>
          {number === 0 ? `One, or up to ${most} that share the picture` : `${number} of ${most} chosen`}
        </p>
      </div>
      {earlier.length > 0 && (
        <div className="earlier-styles">
          <ul className="gallery">
            {earlier.map(({ title, url }) => (
              <li key={url} className="tile chosen">
                <img src={thumbnailUrl(url, 320)} alt="" />
                <span className="tile-name">{title}</span>
              </li>
            ))}
          </ul>
          <p className="muted">
            As before. A style chosen below takes the place of {earlier.length === 1 ? "it" : "them"}.{" "}
            <button type="button" className="link" onClick={() => change({ kind: "dropEarlierStyles" })}>
              Remove
            </button>
          </p>
        </div>
      )}
      <ul className="gallery" aria-label="Styles">
        {draft.ownStyles.map(({ file, url }) => (
          <li key={url} className="tile chosen">
            <img src={url} alt="" />
            <span className="tile-name">{file.name}</span>
            <button
              type="button"
              className="remove"
              aria-label={`Remove ${file.name}`}
              onClick={() => change({ kind: "removeStyle", url })}
            >
              <Cross />
            </button>
          </li>
        ))}
        {samples.filter(({ title }) => !earlier.some((each) => each.title === title)).map(({ name, title, url }) => (
          <li key={name}>
            <button
              type="button"
              className="tile"
              aria-pressed={draft.sampleStyles.includes(name)}
              onClick={() => change({ kind: "toggleStyle", name })}
            >
              <img src={thumbnailUrl(url, 320)} alt="" />
              <span className="tile-name">{title}</span>
            </button>
          </li>
        ))}
        <li>
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
      {number > 1 && earlier.length === 0 && (
        <p className="muted">
          In this order for style weights: {list(orderOf(draft, samples))}.
        </p>
      )}
    </section>
  );
}

function orderOf({ ownStyles, sampleStyles }: Draft, samples: Sample[]): string[] {
  const titles = sampleStyles.map((name) => samples.find((sample) => sample.name === name)?.title ?? name);
  return [...ownStyles.map(({ file }) => file.name), ...titles];
}

function Cross() {
  return (
    <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path d="M3 3l10 10M13 3L3 13" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
    </svg>
  );
}
