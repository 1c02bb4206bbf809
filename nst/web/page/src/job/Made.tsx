import { thumbnailUrl } from "../api.ts";
import { presetOf, titleOf, type Catalogue } from "../catalogue.ts";
import { labelOf } from "../compose/settings.ts";
import { MaskedInput } from "../masks/tints.tsx";
import type { Job } from "../types.ts";

/** The content, the styles and the settings that differ from the preset. */
export function Made({ job, catalogue }: { job: Job; catalogue: Catalogue }) {
  const preset = presetOf(catalogue, job.preset, job.network);
  const differing = catalogue.settings.filter(({ name }) => job.settings[name] !== preset.settings[name]);
  const facts: [string, string][] = [
    ["Preset", job.preset],
    ["Network", job.painted_with ?? titleOf(catalogue, job.network)],
    ...differing.map(({ name }): [string, string] => [labelOf(name), String(job.settings[name] ?? "")]),
  ];
  return (
    <section className="panel" aria-labelledby="made-heading">
      <h2 id="made-heading">Made from</h2>
      <ul className="ingredients">
        {[job.content, ...job.styles].map(({ title, url }, index) => (
          <li key={url}>
            <MaskedInput job={job} index={index}>
              <img src={thumbnailUrl(url, 320)} alt="" />
            </MaskedInput>
            <span className="muted">{index === 0 ? "Content" : "Style"}</span>
            <span className="name">{title}</span>
          </li>
        ))}
      </ul>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} className="spread">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
