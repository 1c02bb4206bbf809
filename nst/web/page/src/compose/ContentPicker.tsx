import { useRef } from "react";

import { thumbnailUrl } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import { ContentMasks, Masked } from "../masks/MaskDesk.tsx";
import { Button } from "../parts/Button.tsx";
import { helpId, Problem, tied } from "../parts/Field.tsx";
import { FileInput } from "../parts/FileInput.tsx";
import { bytes, count, list } from "../words.ts";
import { Camera } from "./Camera.tsx";
import type { Content } from "./draft.ts";
import { ACCEPT } from "./files.ts";
import { shownContent } from "./shown.ts";

interface Props {
  catalogue: Catalogue;
  content: Content | null;
  error: string | undefined;
  maskError: string | undefined;
  /** The names of the files being read. */
  reading: string[];
  onFiles: (files: File[]) => void;
  onChange: (content: Content | null) => void;
  /** The picture of an earlier job no longer exists. */
  onLost: () => void;
}

export function ContentPicker({ catalogue, content, error, maskError, reading, onFiles, onChange, onLost }: Props) {
  const chooser = useRef<HTMLInputElement>(null);
  const shown = content && shownContent(content, catalogue);
  const note = content && noteOf(content);
  const remove = () => {
    onChange(null);
    chooser.current?.focus();
  };
  return (
    <section className="panel" aria-labelledby="content-heading" data-drop="content">
      <h2 id="content-heading">Content</h2>
      <div className={shown ? "easel" : "easel vacant"}>
        {shown ? (
          <figure>
            <Masked>
              <img
                src={shown.url}
                alt={`Content picture: ${shown.title}`}
                {...(content.kind === "again" ? { onError: onLost } : {})}
              />
            </Masked>
            <figcaption>
              <span className="name">{shown.title}</span>
              {note && <span className="muted"> {note}</span>}
            </figcaption>
          </figure>
        ) : (
          <p className="invitation" id={helpId("content")}>
            Drop or paste a picture or video here
          </p>
        )}
        <div className="row">
          <label className="button file">
            {shown ? "Choose another picture or video" : "Choose a picture or video"}
            <FileInput ref={chooser} accept={ACCEPT.content} onFiles={onFiles} {...tied("content", error, shown === null)} />
          </label>
          <label className="button file camera">
            Take a photo
            <FileInput accept={ACCEPT.style} capture="environment" onFiles={onFiles} />
          </label>
          <Camera onPhoto={(photo) => onFiles([photo])} />
          {shown && (
            <Button className="quiet" onClick={remove}>
              Remove
            </Button>
          )}
        </div>
        <ContentMasks error={maskError} />
        <Reading names={reading} />
        <Problem field="content" error={error} />
      </div>
      {catalogue.contents.length > 0 && (
        <div className="samples" role="group" aria-label="Sample pictures">
          <span className="muted">Or try a sample</span>
          {catalogue.contents.map(({ name, title, url }) => (
            <button
              key={name}
              type="button"
              className="thumb"
              aria-pressed={content?.kind === "sample" && content.name === name}
              onClick={() => onChange({ kind: "sample", name })}
            >
              <img src={thumbnailUrl(url, 160)} alt="" width="64" height="48" />
              <span>{title}</span>
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

/** The files being read: a video may take a while. */
export function Reading({ names }: { names: string[] }) {
  return (
    <p className="muted" role="status">
      {names.length > 0 && `Reading ${list(names)}…`}
    </p>
  );
}

function noteOf(content: Content): string {
  if (content.kind !== "own") return content.kind === "again" ? "as before" : "";
  const { file, kind, frames, width, height } = content.own;
  const size = `${width} × ${height}, ${bytes(file.size)}`;
  return kind === "video" ? `${count(frames, "frame")}, ${size}` : size;
}
