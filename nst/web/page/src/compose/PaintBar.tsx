import { presetOf, titleOf, type Catalogue } from "../catalogue.ts";
import { fieldId } from "../parts/Problem.tsx";
import { list } from "../words.ts";
import { shownOf } from "./ContentPicker.tsx";
import { styleCount, type Draft } from "./draft.ts";

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  error: string | undefined;
  /** The share of the upload that has gone, or null when nothing is being sent. */
  sent: number | null;
}

/** What will be painted, and the button; it stays in sight while the form is. */
export function PaintBar({ catalogue, draft, error, sent }: Props) {
  const percent = Math.round(100 * (sent ?? 0));
  return (
    <div className="paint-bar">
      {error && (
        <p className="error" role="alert" id={fieldId("")} tabIndex={-1}>
          {error}
        </p>
      )}
      <div className="paint-row">
        {sent === null ? (
          <p className="summary">{summary(catalogue, draft)}</p>
        ) : (
          <progress className="bar" aria-label="Upload" max={100} value={percent} />
        )}
        <button type="submit" className="button primary paint" disabled={sent !== null}>
          {sent === null ? "Paint" : percent < 100 ? `Sending… ${percent} %` : "Sending…"}
        </button>
      </div>
    </div>
  );
}

function summary(catalogue: Catalogue, draft: Draft): string {
  if (draft.content === null) return "Choose a picture, and a style to paint it in.";
  const content = shownOf(draft.content, catalogue.contents).title;
  if (styleCount(draft) === 0) return `${content}: now choose a style.`;
  const styles = [
    ...(draft.again?.styles ?? []).map(({ title }) => title),
    ...draft.ownStyles.map(({ file }) => file.name),
    ...draft.sampleStyles.map((name) => catalogue.styles.find((style) => style.name === name)?.title ?? name),
  ];
  const preset = presetOf(catalogue, draft.preset, draft.network).name;
  return `${content} in the style of ${list(styles)}, preset ${preset}, with ${titleOf(catalogue, draft.network)}`;
}
