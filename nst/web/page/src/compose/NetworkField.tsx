import type { Dispatch } from "react";

import { described, fieldId, helpId, Problem } from "../parts/Problem.tsx";
import type { Network } from "../types.ts";
import { list } from "../words.ts";
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
        {network?.about}
      </p>
      <Problem field="network" error={error} />
      {(network?.notice || missing.length > 0) && (
        <details className="folded small">
          <summary>{foldOf(network, missing)}</summary>
          {network?.notice && <p>{network.notice}</p>}
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

/** What is folded away: the notice of the network that is chosen, and how to get the others. */
function foldOf(network: Network | undefined, missing: Network[]): string {
  const parts = [];
  if (network?.notice) parts.push(`What ${network.title} cannot do`);
  if (missing.length > 0) parts.push(`how to get ${list(missing.map(({ title }) => title))}`);
  const text = parts.join(", and ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
