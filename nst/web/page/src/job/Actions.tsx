import { useRef, useState } from "react";

import { ApiError, costsUrl, deleteJob, resultUrl, videoDownloadUrl } from "../api.ts";
import type { Job } from "../types.ts";

interface Props {
  job: Job;
  onAgain: (job: Job) => void;
  onDeleted: (id: string) => void;
}

export function Actions({ job, onAgain, onDeleted }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState("");
  const remove = async () => {
    dialog.current?.close();
    try {
      await deleteJob(job.id);
      onDeleted(job.id);
    } catch (error) {
      setProblem((error as ApiError).message);
    }
  };
  return (
    <div className="actions">
      {job.result && (
        <a className="button primary wide" href={resultUrl(job.id)} download>
          Download {job.kind}
        </a>
      )}
      <button type="button" className="button wide" onClick={() => onAgain(job)}>
        Paint again with these settings
      </button>
      {job.video && job.kind === "picture" && (
        <a className="button" href={videoDownloadUrl(job.id)} download>
          Download video
        </a>
      )}
      {job.costs !== null && (
        <a className="button" href={costsUrl(job.id)} download={`costs-${job.number}.csv`}>
          Download costs (CSV)
        </a>
      )}
      {job.files.map(({ title, url }) => (
        <a key={url} className="button" href={url} download>
          Download {title}
        </a>
      ))}
      <button type="button" className="button quiet danger wide" onClick={() => dialog.current?.showModal()}>
        Delete
      </button>
      {problem !== "" && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      <dialog ref={dialog} className="dialog" aria-labelledby="delete-heading">
        <h2 id="delete-heading">Delete this {job.kind}?</h2>
        <p>Its saved frames, {job.kind === "picture" && "its video "}and its costs go with it. This cannot be undone.</p>
        <div className="row">
          <button type="button" className="button" autoFocus onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" className="button primary danger" onClick={remove}>
            Delete for good
          </button>
        </div>
      </dialog>
    </div>
  );
}
