import { lazy } from "react";

import { Button } from "../parts/Button.tsx";
import { Dialog } from "../parts/Dialog.tsx";

/** Loaded when it is first opened. If the server has been updated by then, its script may be gone. */
export const MaskEditor = lazy(() => import("./MaskEditor.tsx").catch(() => ({ default: Outdated })));

function Outdated({ onCancel }: { onCancel: () => void }) {
  return (
    <Dialog onClose={onCancel} aria-label="Masks">
      <p>The mask editor could not be loaded. Reload the page and try again.</p>
      <Button onClick={onCancel}>Close</Button>
    </Dialog>
  );
}
