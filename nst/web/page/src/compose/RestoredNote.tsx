import type { Dispatch } from "react";

import type { Change } from "./draft.ts";
import type { Restored } from "./intake.ts";

interface Props {
  restored: Restored;
  change: Dispatch<Change>;
  onClose: () => void;
}

/** A painted picture was brought in: its settings stand in the form, and either can be taken back. */
export function RestoredNote({ restored: { name, before }, change, onClose }: Props) {
  const undo = (kind: "settingsOf" | "picturesOf") => () => {
    change({ kind, draft: before });
    onClose();
  };
  return (
    <div className="restored" role="status">
      <p>
        <span className="name">{name}</span> was painted here: the settings that it carries stand in the form now.
      </p>
      <div className="row">
        <button type="button" className="button" onClick={undo("settingsOf")}>
          Keep my settings
        </button>
        <button type="button" className="button" onClick={undo("picturesOf")}>
          Take the settings only
        </button>
        <button type="button" className="button quiet" onClick={onClose}>
          Fine
        </button>
      </div>
    </div>
  );
}
