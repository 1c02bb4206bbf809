import { described, fieldId, Problem } from "../parts/Problem.tsx";
import type { Setting } from "../types.ts";

interface Props {
  setting: Setting;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
}

/** How much of the style shows, from the photograph to the style alone; the middle is the preset's own. */
export function StrengthSlider({ setting, text, error, onChange }: Props) {
  const words = text === String(setting.default) ? `${text} (the preset's)` : text;
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
        min={setting.at_least ?? 0}
        max={setting.at_most ?? 1}
        step={0.05}
        value={text}
        aria-valuetext={words}
        onChange={({ target }) => onChange(target.value)}
        {...described("strength", error, false)}
      />
      <div className="ends" aria-hidden="true">
        <span>photograph</span>
        <span>style</span>
      </div>
      <Problem field="strength" error={error} />
    </div>
  );
}
