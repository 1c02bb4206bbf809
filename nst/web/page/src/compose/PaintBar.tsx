import { presetOf, titleOf, type Catalogue } from "../catalogue.ts";
import { Button } from "../parts/Button.tsx";
import { fieldId } from "../parts/Field.tsx";
import type { Estimate } from "../types.ts";
import { list } from "../words.ts";
import type { Draft } from "./draft.ts";
import { wordsOf } from "./estimate.ts";
import { shownContent, shownStyle } from "./shown.ts";

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  error: string | undefined;
  /** How much of the upload is done, 0 to 1; null when nothing is being sent. */
  sent: number | null;
  paintings: number;
  estimate: Estimate | null;
  /** Whether the small network can paint a draft. */
  drafts: boolean;
}

/** The name of the button that asks for a draft. */
export const DRAFT = "draft";

/** How many seconds of a video a draft paints. */
export const DRAFT_SECONDS = 2;

/** What will be painted, how long it takes, and the button, which stays visible while the form is. */
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
          <Button type="submit" name={DRAFT} title={`A quick preview with the small network; the first ${DRAFT_SECONDS} seconds of a video`}>
            Draft
          </Button>
        )}
        <Button type="submit" className="primary paint" disabled={sent !== null}>
          {sent === null ? label : percent < 100 ? `Sending… ${percent} %` : "Sending…"}
        </Button>
      </div>
    </div>
  );
}

function summary(catalogue: Catalogue, draft: Draft): string {
  if (draft.content === null) return "Choose a picture and a style.";
  const content = shownContent(draft.content, catalogue).title;
  if (draft.styles.length === 0) return `${content}: now choose a style.`;
  const styles = list(draft.styles.map((style) => shownStyle(style, catalogue).title));
  const preset = presetOf(catalogue, draft.preset, draft.network).title;
  const each = draft.each && draft.styles.length > 1 ? ", separately" : "";
  return `${content} in the style of ${styles}${each}, ${preset}, with ${titleOf(catalogue, draft.network)}`;
}
