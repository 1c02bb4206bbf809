import type { Dispatch } from "react";

import type { Catalogue } from "../catalogue.ts";
import { fieldId, helpId, Problem } from "../parts/Field.tsx";
import type { Errors } from "./ComposeView.tsx";
import type { Change, Draft } from "./draft.ts";
import { Examples, exampleUrl } from "./Examples.tsx";
import { NetworkField } from "./NetworkField.tsx";
import { isNoisy } from "./request.ts";
import { SettingField } from "./SettingField.tsx";
import { VARIATIONS } from "./settings.ts";
import { StrengthSlider } from "./StrengthSlider.tsx";

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  errors: Errors;
  change: Dispatch<Change>;
}

/** The settings shown here; the others are under More settings. */
export const IN_FRONT = ["image_size", "epochs", "preserve_color", "strength"];
/** Settings that other parts of the form control. */
export const ELSEWHERE = ["style_weights"];

const SIZES = [256, 400, 800, 1200];

const COLOURS: Record<string, { title: string; short: string; help: string }> = {
  none: { title: "The style's", short: "the style's", help: "The picture takes on the style's colours along with its strokes" },
  luminance: {
    title: "Keep the content's (brightness only)",
    short: "brightness",
    help: "The style affects only light and dark; the colours stay as they are",
  },
  histogram: {
    title: "Keep the content's (histogram)",
    short: "histogram",
    help: "The style is recoloured to match the content before painting",
  },
};

const SHOWN_PRESETS = ["fast", "quality", "coursera"];

export function SettingsPanel({ catalogue, draft, errors, change }: Props) {
  const { settings, presets, limits } = catalogue;
  const { texts } = draft;
  const [size, epochs, colours, strength] = IN_FRONT.map((name) => {
    const setting = settings.find((each) => each.name === name);
    const onChange = (text: string) => change({ kind: "texts", texts: { [name]: text } });
    return setting && { setting, text: texts[name] ?? "", error: errors[name], onChange };
  });
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
            {SHOWN_PRESETS.includes(name) && <img className="card-picture" src={exampleUrl("preset", name)} alt="" width="176" height="132" />}
          </label>
        ))}
        <Problem field="preset" error={errors.preset} />
      </fieldset>

      {strength && <StrengthSlider {...strength} />}

      <div className="pair">
        {size && (
          <SettingField label="Longest side" unit="pixels" {...size}>
            <div className="chips" role="group" aria-label="Usual sizes">
              {SIZES.filter((pixels) => pixels <= limits.image_size).map((pixels) => (
                <button
                  key={pixels}
                  type="button"
                  className="chip"
                  aria-pressed={Number(size.text) === pixels}
                  onClick={() => size.onChange(String(pixels))}
                >
                  {pixels}
                </button>
              ))}
            </div>
          </SettingField>
        )}
        {epochs && <SettingField {...epochs} />}
      </div>

      {colours && (
        <SettingField
          {...colours}
          setting={{ ...colours.setting, help: COLOURS[colours.text]?.help ?? colours.setting.help }}
          choices={titled("title")}
        >
          <Examples
            name="preserve_color"
            values={colours.setting.choices.filter((choice) => choice in COLOURS)}
            labels={titled("short")}
            text={colours.text}
            onChoose={colours.onChange}
          />
        </SettingField>
      )}

      <SettingField
        setting={{ ...VARIATIONS, help: aboutVariations(draft) }}
        text={draft.variations}
        error={errors.variations}
        onChange={(text) => change({ kind: "variations", text })}
      />

      <NetworkField networks={catalogue.networks} chosen={draft.network} error={errors.network} change={change} />
    </section>
  );
}

function titled(key: "title" | "short"): Record<string, string> {
  return Object.fromEntries(Object.entries(COLOURS).map(([choice, words]) => [choice, words[key]]));
}

function aboutVariations({ variations, texts }: Draft): string {
  const number = Number(variations);
  if (!(number > 1)) return "Pictures that differ only in their seed";
  const seed = Number(texts.seed ?? 0);
  const start = isNoisy(texts.init) ? "" : ", starting from noise over the content (blend), because other starts do not depend on the seed";
  return `Seeds ${seed} to ${seed + number - 1}${start}`;
}
