import { useId, useLayoutEffect, useRef, type ComponentProps, type ReactNode } from "react";

import { Button } from "./Button.tsx";

interface Props extends ComponentProps<"dialog"> {
  /** Called when Escape is pressed; the dialog stays open until it is no longer rendered. */
  onClose: () => void;
}

/** A modal dialog that is open for as long as it is rendered; with a `title`, that is its heading and name. */
export function Dialog({ title, onClose, children, ...props }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Closed before it is removed, the dialog gives the focus back to where it came from.
  useLayoutEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      {...(title ? { "aria-labelledby": heading } : {})}
      {...props}
      onCancel={(event) => {
        // A file input inside sends this event too when its file picker is dismissed.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
    >
      {title && <h2 id={heading}>{title}</h2>}
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  /** The label of the button that changes nothing, which has the focus. */
  keep: string;
  /** The label of the button that goes ahead. */
  confirm: string;
  onKeep: () => void;
  onConfirm: () => void;
  children?: ReactNode;
}

/** Asks before something is lost. */
export function Confirm({ title, keep, confirm, onKeep, onConfirm, children }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onKeep}>
      {children}
      <div className="row">
        <Button autoFocus onClick={onKeep}>
          {keep}
        </Button>
        <Button className="primary danger" onClick={onConfirm}>
          {confirm}
        </Button>
      </div>
    </Dialog>
  );
}
