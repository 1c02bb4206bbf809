import { fieldId, Problem, tied } from "../parts/Field.tsx";
import { Examples } from "./Examples.tsx";
import type { FieldProps } from "./SettingField.tsx";
import { OWN_STEP, STEPS, stepOf, strengthAt } from "./strength.ts";

const SHOWN = ["0.1", "0.2", "0.3", "0.5", "1"];

/** From the photo to the style alone, in steps that look even. */
export function StrengthSlider({ setting, text, error, onChange }: FieldProps) {
  const words = Number(text) === setting.default ? `${text} (default)` : text;
  const id = fieldId("strength");
  return (
    <div className="field strength">
      <div className="spread">
        <label htmlFor={id}>Style strength</label>
        <output htmlFor={id} className="numbers">
          {words}
        </output>
      </div>
      <input
        type="range"
        min={0}
        max={STEPS}
        step={1}
        value={stepOf(Number(text))}
        aria-valuetext={words}
        onChange={({ target }) => onChange(String(strengthAt(Number(target.value))))}
        {...tied("strength", error, false)}
      />
      <div className="ends" aria-hidden="true">
        <span>photo</span>
        <span className="own-strength" style={{ left: `${(100 * OWN_STEP) / STEPS}%` }}>
          default
        </span>
        <span>style</span>
      </div>
      <Examples name="strength" values={SHOWN} text={text} onChoose={onChange} />
      <Problem field="strength" error={error} />
    </div>
  );
}
