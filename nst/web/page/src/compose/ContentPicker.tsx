import { useRef } from "react";

import { thumbnailUrl } from "../api.ts";
import { described, fieldId, helpId, Problem } from "../parts/Problem.tsx";
import type { Sample } from "../types.ts";
import { bytes } from "../words.ts";
import type { Content } from "./draft.ts";
import { ACCEPT } from "./files.ts";

interface Props {
  samples: Sample[];
  content: Content | null;
  error: string | undefined;
  onFiles: (files: File[]) => void;
  onChange: (content: Content | null) => void;
}

export function ContentPicker({ samples, content, error, onFiles, onChange }: Props) {
  const chooser = useRef<HTMLInputElement>(null);
  const shown = content && shownOf(content, samples);
  return (
    <section className="panel" aria-labelledby="content-heading">
      <h2 id="content-heading">Content</h2>
      <div className={shown ? "easel" : "easel vacant"}>
        {shown ? (
          <figure>
            <img src={shown.url} alt={`Content picture: ${shown.title}`} />
            <figcaption>
              <span className="name">{shown.title}</span>
              {shown.note && <span className="muted"> {shown.note}</span>}
            </figcaption>
          </figure>
        ) : (
          <p className="invitation" id={helpId("content")}>
            Drop the picture to paint here, or paste it
          </p>
        )}
        <div className="row">
          <label className="button file">
            {shown ? "Choose another picture" : "Choose a picture"}
            <input
              ref={chooser}
              type="file"
              id={fieldId("content")}
              accept={ACCEPT}
              onChange={({ target }) => take(target, onFiles)}
              {...described("content", error, shown === null)}
            />
          </label>
          <label className="button file camera">
            Take a photo
            <input type="file" accept={ACCEPT} capture="environment" onChange={({ target }) => take(target, onFiles)} />
          </label>
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

/** Hands the files on, and clears the input so that the same file can be chosen again. */
export function take(input: HTMLInputElement, onFiles: (files: File[]) => void) {
  const files = Array.from(input.files ?? []);
  input.value = "";
  if (files.length > 0) onFiles(files);
}

export function shownOf(content: Content, samples: Sample[]): { title: string; url: string; note: string } {
  switch (content.kind) {
    case "own":
      return { title: content.own.file.name, url: content.own.url, note: bytes(content.own.file.size) };
    case "sample": {
      const sample = samples.find(({ name }) => name === content.name);
      return { title: sample?.title ?? content.name, url: sample?.url ?? "", note: "" };
    }
    case "again":
      return { title: content.picture.title, url: thumbnailUrl(content.picture.url, 1024), note: "as before" };
  }
}
