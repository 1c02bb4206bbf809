import type { Dispatch } from "react";

import { described, fieldId, helpId, Problem } from "../parts/Problem.tsx";
import type { Network } from "../types.ts";
import type { Change } from "./draft.ts";

interface Props {
  networks: Network[];
  chosen: string;
  error: string | undefined;
  change: Dispatch<Change>;
}

/** The network that looks at the pictures; those that the server has not are told how to be got. */
export function NetworkField({ networks, chosen, error, change }: Props) {
  const network = networks.find(({ name }) => name === chosen);
  const missing = networks.filter(({ available }) => !available);
  return (
    <div className="field">
      <label htmlFor={fieldId("network")}>Network</label>
      <select
        id={fieldId("network")}
        value={chosen}
        onChange={({ target }) => change({ kind: "network", name: target.value })}
        {...described("network", error)}
      >
        {networks.map(({ name, title, available }) => (
          <option key={name} value={name} disabled={!available}>
            {available ? title : `${title} (not installed)`}
          </option>
        ))}
      </select>
      <p className="help" id={helpId("network")}>
        {network?.about} {network?.notice && <span className="notice">{network.notice}</span>}
      </p>
      <Problem field="network" error={error} />
      {missing.length > 0 && (
        <details className="folded small">
          <summary>How to get {missing.map(({ title }) => title).join(" and ")}</summary>
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
