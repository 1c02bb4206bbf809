import type { ReactNode } from "react";

import { fieldId, helpId, Problem, tied } from "../parts/Field.tsx";
import type { Setting } from "../types.ts";
import { capitalised, labelOf } from "./settings.ts";

export interface FieldProps {
  setting: Setting;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
}

interface Props extends FieldProps {
  label?: string;
  unit?: string;
  /** The setting's choices in words. */
  choices?: Record<string, string>;
  children?: ReactNode;
}

/** A setting: an input of its kind, with the help text and what is wrong with it. */
export function SettingField({ setting, text, error, onChange, label = labelOf(setting.name), unit, choices = {}, children }: Props) {
  const { name, kind, at_least, above, at_most } = setting;
  const attributes = { value: text, ...tied(name, error) };
  const whole = kind === "int";
  const after = (
    <>
      <p className="help" id={helpId(name)}>
        {capitalised(setting.help)}.
      </p>
      <Problem field={name} error={error} />
    </>
  );
  if (kind === "bool") {
    return (
      <div className="field switch">
        <label htmlFor={fieldId(name)}>
          <input
            type="checkbox"
            checked={text === "true"}
            onChange={({ target }) => onChange(String(target.checked))}
            {...tied(name, error)}
          />
          {label}
        </label>
        {after}
      </div>
    );
  }
  return (
    <div className="field">
      <label htmlFor={fieldId(name)}>
        {label}
        {unit && <span className="unit"> {unit}</span>}
      </label>
      {setting.choices.length > 0 ? (
        <select onChange={({ target }) => onChange(target.value)} {...attributes}>
          {setting.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choices[choice] ?? choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...(whole || kind === "float"
            ? { type: "number", inputMode: whole ? "numeric" : "decimal", step: whole ? 1 : "any", min: at_least ?? above ?? undefined, max: at_most ?? undefined }
            : { type: "text", spellCheck: false, autoCapitalize: "off" })}
          onChange={({ target }) => onChange(target.value)}
          {...attributes}
        />
      )}
      {children}
      {after}
    </div>
  );
}
