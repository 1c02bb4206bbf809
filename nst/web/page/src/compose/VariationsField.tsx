import type { Dispatch } from "react";

import { described, fieldId, helpId, Problem } from "../parts/Problem.tsx";
import { MOST_VARIATIONS, type Change, type Draft } from "./draft.ts";
import { isNoisy } from "./request.ts";

interface Props {
  draft: Draft;
  error: string | undefined;
  change: Dispatch<Change>;
}

/** Several pictures that differ in their seed alone. */
export function VariationsField({ draft, error, change }: Props) {
  const { variations, texts } = draft;
  const number = Number(variations);
  const seed = Number(texts.seed ?? 0);
  return (
    <div className="field">
      <label htmlFor={fieldId("variations")}>Variations</label>
      <input
        type="number"
        id={fieldId("variations")}
        inputMode="numeric"
        min={1}
        max={MOST_VARIATIONS}
        step={1}
        value={variations}
        onChange={({ target }) => change({ kind: "variations", text: target.value })}
        {...described("variations", error)}
      />
      <p className="help" id={helpId("variations")}>
        {number > 1
          ? `Seeds ${seed} to ${seed + number - 1}${isNoisy(texts.init) ? "" : ", from noise over the content (starting picture: blend), as another start has no noise to vary"}.`
          : "Pictures that differ in their seed alone."}
      </p>
      <Problem field="variations" error={error} />
    </div>
  );
}

/** What is wrong with the number of variations, or nothing. */
export function variationsProblem(text: string): string {
  const number = Number(text);
  const fits = text.trim() !== "" && Number.isInteger(number) && number >= 1 && number <= MOST_VARIATIONS;
  return fits ? "" : `Variations must be a whole number, at least 1 and at most ${MOST_VARIATIONS}.`;
}
