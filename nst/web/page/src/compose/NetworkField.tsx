import type { Dispatch } from "react";

import { fieldId, helpId, Problem, tied } from "../parts/Field.tsx";
import type { Network } from "../types.ts";
import { list } from "../words.ts";
import type { Change } from "./draft.ts";

interface Props {
  networks: Network[];
  chosen: string;
  error: string | undefined;
  change: Dispatch<Change>;
}

/** The network that compares the pictures. Those that are not installed come with instructions. */
export function NetworkField({ networks, chosen, error, change }: Props) {
  const network = networks.find(({ name }) => name === chosen);
  const missing = networks.filter(({ available }) => !available);
  const notice = network?.notice ?? "";
  const summary = [
    ...(notice === "" ? [] : [`Limits of ${network!.title}`]),
    ...(missing.length === 0 ? [] : [`How to get ${list(missing.map(({ title }) => title))}`]),
  ];
  return (
    <div className="field">
      <label htmlFor={fieldId("network")}>Network</label>
      <select value={chosen} onChange={({ target }) => change({ kind: "network", name: target.value })} {...tied("network", error)}>
        {networks.map(({ name, title, available }) => (
          <option key={name} value={name} disabled={!available}>
            {available ? title : `${title} (not installed)`}
          </option>
        ))}
      </select>
      <p className="help" id={helpId("network")}>
        {network?.about}
      </p>
      <Problem field="network" error={error} />
      {summary.length > 0 && (
        <details className="folded small">
          <summary>{summary.join(" · ")}</summary>
          {notice && <p>{notice}</p>}
          {missing.map(({ name, title, about }) => (
            <p key={name}>
              <strong>{title}</strong> {about}
            </p>
          ))}
        </details>
      )}
    </div>
  );
}
