import type { Dispatch } from "react";

import type { Preset, Setting } from "../types.ts";
import { count } from "../words.ts";
import type { Errors } from "./ComposeView.tsx";
import type { Change } from "./draft.ts";
import { Examples } from "./Examples.tsx";
import { SettingField } from "./SettingField.tsx";
import { check, grouped, textsOf, type Texts } from "./settings.ts";

/** The settings illustrated by pictures, and the values they show. */
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
  const checked = check(settings, texts, preset);
  const changed = Object.keys({ ...checked.changed, ...checked.errors });
  const reset = () => {
    const own = textsOf(preset.settings);
    change({ kind: "texts", texts: Object.fromEntries(changed.map((name) => [name, own[name] ?? ""])) });
  };
  return (
    <details className="panel folded more">
      <summary>
        More settings
        {changed.length > 0 && <span className="badge">{count(changed.length, "change")}</span>}
      </summary>
      {changed.length > 0 && (
        <button type="button" className="link" onClick={reset}>
          Reset to the preset
        </button>
      )}
      {grouped(settings).map(([title, members]) => (
        <fieldset key={title} className="group">
          <legend>{title}</legend>
          {members.map((setting) => {
            const { name } = setting;
            const text = texts[name] ?? "";
            const edit = (text: string) => change({ kind: "texts", texts: { [name]: text } });
            const examples = EXAMPLES[name];
            return (
              <SettingField key={name} setting={setting} text={text} error={errors[name]} onChange={edit}>
                {examples && <Examples name={name} values={examples} text={text} onChoose={edit} />}
              </SettingField>
            );
          })}
        </fieldset>
      ))}
    </details>
  );
}
