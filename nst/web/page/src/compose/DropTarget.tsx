import { useEffect, useRef, useState } from "react";

import { filesOf } from "./files.ts";

type Half = "content" | "styles";

interface Props {
  onContent: (files: File[]) => void;
  onStyles: (files: File[]) => void;
}

/** While files are dragged over the page, it is two halves to drop them on: content and style. */
export function DropTarget({ onContent, onStyles }: Props) {
  const [over, setOver] = useState<Half | null>(null);
  const drop = useRef({ content: onContent, styles: onStyles });
  useEffect(() => {
    drop.current = { content: onContent, styles: onStyles };
  });
  useEffect(() => {
    const dragged = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files")) setOver(halfAt(event));
    };
    const left = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(null);
    };
    const dropped = (event: DragEvent) => {
      setOver(null);
      const files = filesOf(event.dataTransfer);
      if (files.length > 0) drop.current[halfAt(event)](files);
    };
    window.addEventListener("dragover", dragged);
    window.addEventListener("dragleave", left);
    window.addEventListener("drop", dropped);
    return () => {
      window.removeEventListener("dragover", dragged);
      window.removeEventListener("dragleave", left);
      window.removeEventListener("drop", dropped);
    };
  }, []);
  if (over === null) return null;
  return (
    <div className="drop" aria-hidden="true">
      <p className={over === "content" ? "over" : ""}>Paint this picture</p>
      <p className={over === "styles" ? "over" : ""}>Paint in its style</p>
    </div>
  );
}

/** Side by side where the page is wide, one above the other on a phone; the style sheet has the same width. */
function halfAt({ clientX, clientY }: DragEvent): Half {
  const first = window.innerWidth >= 700 ? clientX < window.innerWidth / 2 : clientY < window.innerHeight / 2;
  return first ? "content" : "styles";
}
