import type { Dispatch } from "react";

import { fieldId } from "../parts/Problem.tsx";
import type { Preset } from "../types.ts";
import { MOST_CONTENT, MOST_STYLE, positionOf, STEP, weightsAt, type Balance } from "./balance.ts";
import type { Change } from "./draft.ts";
import type { Texts } from "./settings.ts";

interface Props {
  texts: Texts;
  preset: Preset;
  change: Dispatch<Change>;
}

export function BalanceSlider({ texts, preset, change }: Props) {
  const own: Balance = { alpha: Number(preset.settings.alpha), beta: Number(preset.settings.beta) };
  const typed = { alpha: Number(texts.alpha), beta: Number(texts.beta) };
  const words = `alpha ${texts.alpha}, beta ${texts.beta}`;
  return (
    <div className="field balance">
      <div className="label-row">
        <label htmlFor={fieldId("balance")}>
          Balance<span className="visually-hidden"> of content and style</span>
        </label>
        <output htmlFor={fieldId("balance")} className="numbers">
          {words}
        </output>
      </div>
      <input
        type="range"
        id={fieldId("balance")}
        min={MOST_CONTENT}
        max={MOST_STYLE}
        step={STEP}
        value={positionOf(typed, own)}
        aria-valuetext={words}
        onChange={({ target }) => {
          const { alpha, beta } = weightsAt(Number(target.value), own);
          change({ kind: "texts", texts: { alpha: String(alpha), beta: String(beta) } });
        }}
      />
      <div className="ends" aria-hidden="true">
        <span>more content</span>
        <span>more style</span>
      </div>
    </div>
  );
}
