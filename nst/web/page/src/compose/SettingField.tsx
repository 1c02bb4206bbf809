import type { ReactNode } from "react";

import { described, fieldId, helpId, Problem } from "../parts/Problem.tsx";
import type { Setting } from "../types.ts";
import { labelOf } from "./settings.ts";

interface Props {
  setting: Setting;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
  label?: string;
  unit?: string;
  children?: ReactNode;
}

/** One setting: the input that its kind asks for, with the server's help and what is wrong. */
export function SettingField({ setting, text, error, onChange, label = labelOf(setting.name), unit, children }: Props) {
  const { name, kind, choices, help } = setting;
  const id = fieldId(name);
  const ties = { id, ...described(name, error) };
  const helpText = (
    <p className="help" id={helpId(name)}>
      {help.charAt(0).toUpperCase() + help.slice(1)}.
    </p>
  );
  if (kind === "bool") {
    return (
      <div className="field switch">
        <label htmlFor={id}>
          <input
            type="checkbox"
            checked={text === "true"}
            onChange={({ target }) => onChange(String(target.checked))}
            {...ties}
          />
          {label}
        </label>
        {helpText}
        <Problem field={name} error={error} />
      </div>
    );
  }
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {unit && <span className="unit"> {unit}</span>}
      </label>
      {choices.length > 0 ? (
        <select value={text} onChange={({ target }) => onChange(target.value)} {...ties}>
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : kind === "int" || kind === "float" ? (
        <input
          type="number"
          inputMode={kind === "int" ? "numeric" : "decimal"}
          step={kind === "int" ? 1 : "any"}
          min={setting.at_least ?? setting.above ?? undefined}
          max={setting.at_most ?? undefined}
          value={text}
          onChange={({ target }) => onChange(target.value)}
          {...ties}
        />
      ) : (
        <input
          type="text"
          spellCheck={false}
          autoCapitalize="off"
          value={text}
          onChange={({ target }) => onChange(target.value)}
          {...ties}
        />
      )}
      {children}
      {helpText}
      <Problem field={name} error={error} />
    </div>
  );
}
