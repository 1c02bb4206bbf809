import { useEffect, useEffectEvent, useState } from "react";

import { Button } from "../parts/Button.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { list } from "../words.ts";
import { isVideo, type Field } from "./files.ts";

interface Props {
  /** Files that were dropped or pasted for a field. */
  onFiles: (field: Field, files: File[]) => void;
}

/**
 * Takes files that are dropped or pasted anywhere in the studio. Parts of the page that accept them are marked with
 * `data-drop`; anywhere else a dialog asks what the files are for.
 */
export function FileDrop({ onFiles }: Props) {
  const [waiting, setWaiting] = useState<File[]>([]);
  const give = useEffectEvent((field: Field | null, files: File[]) => {
    if (files.length === 0) return;
    if (field !== null) onFiles(field, files);
    else if (files.every(isVideo)) onFiles("content", files);
    else setWaiting(files);
  });
  useEffect(() => {
    const show = (field: string | null) => {
      const root = document.documentElement;
      if (field === null) delete root.dataset.dragging;
      else root.dataset.dragging = field;
    };
    const dragged = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files")) show(partAt(event.target) ?? "page");
    };
    const left = (event: DragEvent) => {
      if (event.relatedTarget === null) show(null); // out of the window
    };
    const dropped = (event: DragEvent) => {
      show(null);
      // A file input would take the files as well.
      if (event.target instanceof HTMLInputElement && event.target.type === "file") event.preventDefault();
      give(partAt(event.target), Array.from(event.dataTransfer?.files ?? []));
    };
    const pasted = (event: ClipboardEvent) => {
      const files = Array.from(event.clipboardData?.files ?? []);
      if (files.length === 0) return;
      event.preventDefault();
      const composing = document.querySelector("form.compose") !== null;
      give(partAt(document.activeElement) ?? (composing ? "content" : null), files);
    };
    window.addEventListener("dragover", dragged);
    window.addEventListener("dragleave", left);
    window.addEventListener("drop", dropped);
    document.addEventListener("paste", pasted);
    return () => {
      show(null);
      window.removeEventListener("dragover", dragged);
      window.removeEventListener("dragleave", left);
      window.removeEventListener("drop", dropped);
      document.removeEventListener("paste", pasted);
    };
  }, []);
  if (waiting.length === 0) return null;
  const choose = (field: Field) => {
    setWaiting([]);
    onFiles(field, waiting);
  };
  return <WhatFor files={waiting} onChoose={choose} onClose={() => setWaiting([])} />;
}

/** The field that a part of the page takes files for. */
function partAt(target: EventTarget | null): Field | null {
  const part = target instanceof Element ? target.closest<HTMLElement>("[data-drop]")?.dataset.drop : undefined;
  return part === "content" || part === "style" ? part : null;
}

interface WhatForProps {
  files: File[];
  onChoose: (field: Field) => void;
  onClose: () => void;
}

function WhatFor({ files, onChoose, onClose }: WhatForProps) {
  const one = files.length === 1;
  return (
    <Dialog title={`What ${one ? "is this picture" : "are these pictures"} for?`} onClose={onClose}>
      <p className="muted name">{list(files.slice(0, 4).map(({ name }) => name))}</p>
      <div className="halves">
        <button type="button" className="half" autoFocus onClick={() => onChoose("content")}>
          <strong>Content</strong>
          <span className="muted">Paint {one ? "this picture" : "the first one"}</span>
        </button>
        <button type="button" className="half" onClick={() => onChoose("style")}>
          <strong>Style</strong>
          <span className="muted">Paint in {one ? "its style" : "their styles"}</span>
        </button>
      </div>
      <div className="row">
        <Button className="quiet" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </Dialog>
  );
}
