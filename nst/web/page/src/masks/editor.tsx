import { lazy, useEffect, useRef } from "react";

/** With its parts only when it is opened; where the server has another version by then, the page says so. */
export const MaskEditor = lazy(() => import("./MaskEditor.tsx").catch(() => ({ default: Outdated })));

function Outdated({ onCancel }: { onCancel: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="dialog" onClose={onCancel} aria-label="The masks cannot be opened">
      <p>The masks cannot be opened now. Reload the page, and try again.</p>
      <button type="button" className="button" onClick={onCancel}>
        Close
      </button>
    </dialog>
  );
}
