import type { Dispatch } from "react";

import { Button } from "../parts/Button.tsx";
import type { Change } from "./draft.ts";
import type { Restored } from "./intake.ts";

interface Props {
  restored: Restored;
  change: Dispatch<Change>;
  onClose: () => void;
}

/** Says that a painted picture was added and its settings loaded, and offers to undo either. */
export function RestoredNote({ restored: { name, before }, change, onClose }: Props) {
  const undo = (kind: "settingsOf" | "picturesOf") => () => {
    change({ kind, draft: before });
    onClose();
  };
  return (
    <div className="restored spread" role="status">
      <p>
        <span className="name">{name}</span> was painted here, so its settings have been loaded.
      </p>
      <div className="row">
        <Button onClick={undo("settingsOf")}>Keep my settings</Button>
        <Button onClick={undo("picturesOf")}>Use only the settings</Button>
        <Button className="quiet" onClick={onClose}>
          OK
        </Button>
      </div>
    </div>
  );
}
