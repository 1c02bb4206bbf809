import { described, fieldId, Problem } from "../parts/Problem.tsx";
import type { Setting } from "../types.ts";
import { Examples } from "./Examples.tsx";
import { OWN_STEP, STEPS, stepOf, strengthAt } from "./strength.ts";

interface Props {
  setting: Setting;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
}

const SHOWN = ["0.1", "0.2", "0.3", "0.5", "1"];

/** How much of the style shows, from the photograph to the style alone, in steps that are even to the eye. */
export function StrengthSlider({ setting, text, error, onChange }: Props) {
  const words = Number(text) === setting.default ? `${text} (the preset's)` : text;
  return (
    <div className="field strength">
      <div className="label-row">
        <label htmlFor={fieldId("strength")}>Strength of the style</label>
        <output htmlFor={fieldId("strength")} className="numbers">
          {words}
        </output>
      </div>
      <input
        type="range"
        id={fieldId("strength")}
        min={0}
        max={STEPS}
        step={1}
        value={stepOf(Number(text))}
        aria-valuetext={words}
        onChange={({ target }) => onChange(String(strengthAt(Number(target.value))))}
        {...described("strength", error, false)}
      />
      <div className="ends" aria-hidden="true">
        <span>photograph</span>
        <span className="own-strength" style={{ left: `${(100 * OWN_STEP) / STEPS}%` }}>
          preset
        </span>
        <span>style</span>
      </div>
      <Examples name="strength" values={SHOWN} text={text} onChoose={onChange} />
      <Problem field="strength" error={error} />
    </div>
  );
}
