import { useRef } from "react";

import { thumbnailUrl } from "../api.ts";
import { ContentMasks, Masked } from "../masks/MaskDesk.tsx";
import { described, fieldId, helpId, Problem } from "../parts/Problem.tsx";
import type { Sample } from "../types.ts";
import { bytes, count, list } from "../words.ts";
import { Camera } from "./Camera.tsx";
import type { Content, Own } from "./draft.ts";
import { ACCEPT } from "./files.ts";

interface Props {
  samples: Sample[];
  content: Content | null;
  error: string | undefined;
  maskError: string | undefined;
  /** The names of the files that are being looked at. */
  reading: string[];
  onFiles: (files: File[]) => void;
  onChange: (content: Content | null) => void;
  /** The picture of an earlier job is there no more. */
  onLost: () => void;
}

export function ContentPicker({ samples, content, error, maskError, reading, onFiles, onChange, onLost }: Props) {
  const chooser = useRef<HTMLInputElement>(null);
  const shown = content && shownOf(content, samples);
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
              {shown.note && <span className="muted"> {shown.note}</span>}
            </figcaption>
          </figure>
        ) : (
          <p className="invitation" id={helpId("content")}>
            Drop the picture or video to paint here, or paste it
          </p>
        )}
        <div className="row">
          <label className="button file">
            {shown ? "Choose another picture or video" : "Choose a picture or video"}
            <input
              ref={chooser}
              type="file"
              id={fieldId("content")}
              accept={ACCEPT.content}
              onChange={({ target }) => take(target, onFiles)}
              {...described("content", error, shown === null)}
            />
          </label>
          <label className="button file camera">
            Take a photo
            <input type="file" accept={ACCEPT.style} capture="environment" onChange={({ target }) => take(target, onFiles)} />
          </label>
          <Camera onPhoto={(photo) => onFiles([photo])} />
          {shown && (
            <button
              type="button"
              className="button quiet"
              onClick={() => {
                onChange(null);
                chooser.current?.focus();
              }}
            >
              Remove
            </button>
          )}
        </div>
        <ContentMasks error={maskError} />
        <Reading names={reading} />
        <Problem field="content" error={error} />
      </div>
      {samples.length > 0 && (
        <div className="samples" role="group" aria-label="Sample pictures">
          <span className="muted">Or take a sample</span>
          {samples.map((sample) => (
            <button
              key={sample.name}
              type="button"
              className="thumb"
              aria-pressed={content?.kind === "sample" && content.name === sample.name}
              onClick={() => onChange({ kind: "sample", name: sample.name })}
            >
              <img src={thumbnailUrl(sample.url, 160)} alt="" width="64" height="48" />
              <span>{sample.title}</span>
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

/** What is being looked at: a video may take a while. */
export function Reading({ names }: { names: string[] }) {
  return (
    <p className="muted" role="status">
      {names.length > 0 && `Reading ${list(names)}…`}
    </p>
  );
}

/** Hands the files on, and clears the input so that the same file can be chosen again. */
export function take(input: HTMLInputElement, onFiles: (files: File[]) => void) {
  const files = Array.from(input.files ?? []);
  input.value = "";
  if (files.length > 0) onFiles(files);
}

export function shownOf(content: Content, samples: Sample[]): { title: string; url: string; note: string } {
  switch (content.kind) {
    case "own":
      return { title: content.own.file.name, url: content.own.url, note: noteOf(content.own) };
    case "sample": {
      const sample = samples.find(({ name }) => name === content.name);
      return { title: sample?.title ?? content.name, url: sample?.url ?? "", note: "" };
    }
    case "again":
      return { title: content.picture.title, url: thumbnailUrl(content.picture.url, 1024), note: "as before" };
  }
}

function noteOf({ file, kind, frames, width, height }: Own): string {
  const size = `${width} × ${height}, ${bytes(file.size)}`;
  return kind === "video" ? `${count(frames, "frame")}, ${size}` : size;
}
