import type { Dispatch } from "react";

import type { Preset, Setting } from "../types.ts";
import { count } from "../words.ts";
import type { Errors } from "./ComposeView.tsx";
import type { Change } from "./draft.ts";
import { Examples } from "./Examples.tsx";
import { SettingField } from "./SettingField.tsx";
import { grouped, isChanged, textsOf, type Texts } from "./settings.ts";

/** Settings that are explained by pictures, with the values that these show. */
const EXAMPLES: Record<string, string[]> = {
  init: ["content", "matched", "blend", "style", "noise"],
  style_scale: ["0.5", "1", "2"],
};

interface Props {
  settings: Setting[];
  preset: Preset;
  texts: Texts;
  errors: Errors;
  change: Dispatch<Change>;
}

export function MoreSettings({ settings, preset, texts, errors, change }: Props) {
  const changed = settings.filter((setting) => isChanged(setting, texts, preset));
  const own = textsOf(preset.settings);
  return (
    <details className="panel folded more">
      <summary>
        More settings
        {changed.length > 0 && <span className="badge">{count(changed.length, "change")}</span>}
      </summary>
      {changed.length > 0 && (
        <button
          type="button"
          className="link"
          onClick={() =>
            change({ kind: "texts", texts: Object.fromEntries(changed.map(({ name }) => [name, own[name] ?? ""])) })
          }
        >
          Back to the preset's values
        </button>
      )}
      {grouped(settings).map(([title, members]) => (
        <fieldset key={title} className="group">
          <legend>{title}</legend>
          {members.map((setting) => (
            <SettingField
              key={setting.name}
              setting={setting}
              text={texts[setting.name] ?? ""}
              error={errors[setting.name]}
              onChange={(text) => change({ kind: "texts", texts: { [setting.name]: text } })}
            >
              {EXAMPLES[setting.name] && (
                <Examples
                  name={setting.name}
                  values={EXAMPLES[setting.name]!}
                  text={texts[setting.name] ?? ""}
                  onChoose={(text) => change({ kind: "texts", texts: { [setting.name]: text } })}
                />
              )}
            </SettingField>
          ))}
        </fieldset>
      ))}
    </details>
  );
}
