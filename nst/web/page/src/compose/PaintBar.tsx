import { presetOf, titleOf, type Catalogue } from "../catalogue.ts";
import { fieldId } from "../parts/Problem.tsx";
import type { Estimate } from "../types.ts";
import { list } from "../words.ts";
import { shownOf } from "./ContentPicker.tsx";
import type { Draft, Style } from "./draft.ts";
import { wordsOf } from "./estimate.ts";

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  error: string | undefined;
  /** The share of the upload that has gone, or null when nothing is being sent. */
  sent: number | null;
  paintings: number;
  estimate: Estimate | null;
  /** Whether a draft can be painted first, with the small network. */
  drafts: boolean;
}

/** The name of the button that asks for a draft. */
export const DRAFT = "draft";

/** The seconds of a video that a draft paints. */
export const DRAFT_SECONDS = 2;

/** What will be painted and how long it takes, and the button; it stays in sight while the form is. */
export function PaintBar({ catalogue, draft, error, sent, paintings, estimate, drafts }: Props) {
  const percent = Math.round(100 * (sent ?? 0));
  const label = paintings === 1 ? "Paint" : `Paint ${paintings} pictures`;
  return (
    <div className="paint-bar">
      {error && (
        <p className="error" role="alert" id={fieldId("")} tabIndex={-1}>
          {error}
        </p>
      )}
      <div className="paint-row">
        {sent === null ? (
          <div className="about-to-paint">
            <p className="summary">{summary(catalogue, draft)}</p>
            <p className="estimate" data-testid="estimate">
              {estimate && draft.content !== null && wordsOf(estimate, paintings)}
            </p>
          </div>
        ) : (
          <progress className="bar" aria-label="Upload" max={100} value={percent} />
        )}
        {drafts && sent === null && (
          <button type="submit" name={DRAFT} className="button" title={`Quickly, with the small network; of a video, the first ${DRAFT_SECONDS} seconds`}>
            Draft
          </button>
        )}
        <button type="submit" className="button primary paint" disabled={sent !== null}>
          {sent === null ? label : percent < 100 ? `Sending… ${percent} %` : "Sending…"}
        </button>
      </div>
    </div>
  );
}

function summary(catalogue: Catalogue, draft: Draft): string {
  if (draft.content === null) return "Choose a picture, and a style to paint it in.";
  const content = shownOf(draft.content, catalogue.contents).title;
  if (draft.styles.length === 0) return `${content}: now choose a style.`;
  const styles = list(draft.styles.map((style) => titleOfStyle(style, catalogue)));
  const preset = presetOf(catalogue, draft.preset, draft.network).title;
  const each = draft.each && draft.styles.length > 1 ? ", each by itself" : "";
  return `${content} in the style of ${styles}${each}, ${preset}, with ${titleOf(catalogue, draft.network)}`;
}

function titleOfStyle(style: Style, { styles }: Catalogue): string {
  switch (style.kind) {
    case "own":
      return style.own.file.name;
    case "earlier":
      return style.picture.title;
    case "sample":
      return styles.find(({ name }) => name === style.name)?.title ?? style.name;
  }
}
