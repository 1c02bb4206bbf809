import type { Dispatch } from "react";

import type { Catalogue } from "../catalogue.ts";
import { described, fieldId, helpId, Problem } from "../parts/Problem.tsx";
import type { Errors } from "./ComposeView.tsx";
import type { Change, Draft } from "./draft.ts";
import { NetworkField } from "./NetworkField.tsx";
import { SettingField } from "./SettingField.tsx";
import { StrengthSlider } from "./StrengthSlider.tsx";
import { VariationsField } from "./VariationsField.tsx";

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  errors: Errors;
  change: Dispatch<Change>;
}

/** The settings that have a place here; all others are in More settings. */
export const IN_FRONT = ["image_size", "epochs", "preserve_color", "strength"];
/** Those that other parts of the form set. */
export const ELSEWHERE = ["style_weights"];

const SIZES = [256, 400, 800, 1200];

const COLOURS: Record<string, string> = {
  none: "The style's",
  luminance: "Keep the content's (brightness only)",
  histogram: "Keep the content's (histogram)",
};

export function SettingsPanel({ catalogue, draft, errors, change }: Props) {
  const { settings, presets, limits } = catalogue;
  const { texts } = draft;
  const setting = (name: string) => settings.find((each) => each.name === name);
  const edit = (name: string) => (text: string) => change({ kind: "texts", texts: { [name]: text } });
  const [size, epochs, colours, strength] = IN_FRONT.map(setting);
  return (
    <section className="panel settings" aria-labelledby="settings-heading">
      <h2 id="settings-heading">Settings</h2>
      <fieldset className="presets">
        <legend>Preset</legend>
        {presets.map(({ name, title, about }) => (
          <label key={name} className="card">
            <input
              type="radio"
              name="preset"
              {...(name === draft.preset ? { id: fieldId("preset"), "aria-invalid": Boolean(errors.preset) } : {})}
              aria-describedby={helpId(`preset-${name}`)}
              aria-labelledby={`preset-${name}`}
              checked={name === draft.preset}
              onChange={() => change({ kind: "preset", name })}
            />
            <span className="card-name" id={`preset-${name}`}>
              {title} <code className="muted">{name}</code>
            </span>
            <span className="card-about" id={helpId(`preset-${name}`)}>{about}</span>
          </label>
        ))}
        <Problem field="preset" error={errors.preset} />
      </fieldset>

      {strength && (
        <StrengthSlider setting={strength} text={texts.strength ?? ""} error={errors.strength} onChange={edit("strength")} />
      )}

      <div className="pair">
        {size && (
          <SettingField setting={size} label="Longest side" unit="pixels" text={texts.image_size ?? ""} error={errors.image_size} onChange={edit("image_size")}>
            <div className="chips" role="group" aria-label="Usual sizes">
              {SIZES.filter((pixels) => pixels <= limits.image_size).map((pixels) => (
                <button
                  key={pixels}
                  type="button"
                  className="chip"
                  aria-pressed={Number(texts.image_size) === pixels}
                  onClick={() => edit("image_size")(String(pixels))}
                >
                  {pixels}
                </button>
              ))}
            </div>
          </SettingField>
        )}
        {epochs && (
          <SettingField setting={epochs} label="Epochs" text={texts.epochs ?? ""} error={errors.epochs} onChange={edit("epochs")} />
        )}
      </div>

      {colours && (
        <div className="field">
          <label htmlFor={fieldId("preserve_color")}>Colours</label>
          <select
            id={fieldId("preserve_color")}
            value={texts.preserve_color}
            onChange={({ target }) => edit("preserve_color")(target.value)}
            {...described("preserve_color", errors.preserve_color)}
          >
            {colours.choices.map((choice) => (
              <option key={choice} value={choice}>
                {COLOURS[choice] ?? choice}
              </option>
            ))}
          </select>
          <p className="help" id={helpId("preserve_color")}>
            {ABOUT_COLOURS[texts.preserve_color ?? ""]}
          </p>
          <Problem field="preserve_color" error={errors.preserve_color} />
        </div>
      )}

      <VariationsField draft={draft} error={errors.variations} change={change} />

      <NetworkField networks={catalogue.networks} chosen={draft.network} error={errors.network} change={change} />
    </section>
  );
}

const ABOUT_COLOURS: Record<string, string> = {
  none: "The picture takes the style's colours along with its strokes.",
  luminance: "The style acts on light and dark alone; every colour stays as it is.",
  histogram: "The style is given the content's colours before painting.",
};
