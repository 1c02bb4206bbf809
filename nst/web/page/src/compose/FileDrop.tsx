import { useEffect, useId, useRef, useState } from "react";

import { list } from "../words.ts";
import { filesOf, isVideo, type Field } from "./files.ts";

interface Props {
  /** Files that were dropped, or pasted, for a field. */
  onFiles: (field: Field, files: File[]) => void;
}

/**
 * Files that are dropped or pasted anywhere in the studio. A part of the page that takes them says so itself
 * (`data-drop`); elsewhere, as on the page of a picture, a small sheet asks what they are.
 */
export function FileDrop({ onFiles }: Props) {
  // What came without saying what it is for; each time it is a new list.
  const [waiting, setWaiting] = useState<{ files: File[]; number: number } | null>(null);
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const give = (field: Field | null, files: File[]) => {
      if (files.length === 0) return;
      if (field !== null) latest.current(field, files);
      else if (files.every(isVideo)) latest.current("content", files);
      else setWaiting((before) => ({ files, number: (before?.number ?? 0) + 1 }));
    };
    // A drag tells nothing while it rests: what is shown ends when it has left the window.
    const show = (field: string | null) => {
      const root = document.documentElement;
      if (field === null) delete root.dataset.dragging;
      else root.dataset.dragging = field;
    };
    const dragged = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files")) show(partAt(event.target) ?? "page");
    };
    const left = (event: DragEvent) => {
      if (event.relatedTarget === null) show(null);
    };
    const dropped = (event: DragEvent) => {
      show(null);
      // An input of files takes those dropped on it by itself.
      if (event.target instanceof HTMLInputElement && event.target.type === "file") event.preventDefault();
      give(partAt(event.target), filesOf(event.dataTransfer));
    };
    const pasted = (event: ClipboardEvent) => {
      const files = filesOf(event.clipboardData);
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
  if (waiting === null) return null;
  const { files, number } = waiting;
  // The sheet says late that it was closed: others may be waiting by then.
  const close = () => setWaiting((now) => (now?.number === number ? null : now));
  return <WhatFor key={number} files={files} onClose={close} onChoose={(field) => onFiles(field, files)} />;
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
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const choose = (field: Field) => {
    dialog.current?.close();
    onChoose(field);
  };
  const names = list(files.slice(0, 4).map(({ name }) => name));
  return (
    <dialog ref={dialog} className="dialog what-for" aria-labelledby={heading} onClose={onClose}>
      <h2 id={heading}>What is {files.length === 1 ? "this picture" : "all this"} for?</h2>
      <p className="muted name">{names}</p>
      <div className="halves">
        <button type="button" className="half" autoFocus onClick={() => choose("content")}>
          <strong>Content</strong>
          <span className="muted">Paint {files.length === 1 ? "this picture" : "the first of them"}</span>
        </button>
        <button type="button" className="half" onClick={() => choose("style")}>
          <strong>Style</strong>
          <span className="muted">Paint in {files.length === 1 ? "its style" : "their styles"}</span>
        </button>
      </div>
      <div className="row">
        <button type="button" className="button quiet" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
      </div>
    </dialog>
  );
}
