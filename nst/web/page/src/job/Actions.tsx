import { useRef, useState } from "react";

import { useAnnounce } from "../announce.tsx";
import { ApiError, archiveUrl, costsUrl, deleteJob, getRecipe, resultUrl, settingsUrl, videoDownloadUrl } from "../api.ts";
import { ComparePicker } from "../compare/ComparePicker.tsx";
import type { Field } from "../compose/files.ts";
import type { Job } from "../types.ts";
import { copies, copyPicture, copyText, fileOf } from "./use.ts";

interface Props {
  job: Job;
  onAgain: (job: Job) => void;
  /** Makes a painted picture the content or a style of the next one. */
  onUse: (file: File, field: Field) => Promise<void>;
  onDeleted: (id: string) => void;
}

interface Download {
  title: string;
  url: string;
  /** The name of the file where the server gives none. */
  name?: string;
}

function downloadsOf(job: Job): Download[] {
  return [
    ...(job.result ? [{ title: "With settings (ZIP)", url: archiveUrl(job.id) }] : []),
    { title: "Settings (JSON)", url: settingsUrl(job.id) },
    ...(job.video && job.kind === "picture" ? [{ title: "Video", url: videoDownloadUrl(job.id) }] : []),
    ...(job.costs !== null ? [{ title: "Costs (CSV)", url: costsUrl(job.id), name: `costs-${job.number}.csv` }] : []),
    ...job.files,
  ];
}

/** A title within a sentence: "Video" as "video", but "JPEG" and "16-bit PNG" as they are. */
function inSentence(title: string): string {
  return /^[A-Z][a-z]/.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
}

/** What can be done with what was painted. */
export function Actions({ job, onAgain, onUse, onDeleted }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [comparing, setComparing] = useState(false);
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState("");
  const announce = useAnnounce();
  const attempt = async (what: () => Promise<unknown>, done = "") => {
    setProblem("");
    setSaid("");
    try {
      await what();
      setSaid(done);
      announce(done);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const remove = () => {
    dialog.current?.close();
    return attempt(async () => {
      try {
        await deleteJob(job.id);
      } catch (error) {
        // Gone already, from another tab.
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      }
      onDeleted(job.id);
    });
  };
  const picture = job.kind === "picture" && job.result;
  const link = `${window.location.origin}${window.location.pathname}#/job/${job.id}`;
  return (
    <section className="panel actions" aria-labelledby="actions-heading">
      <h2 id="actions-heading" className="visually-hidden">
        Actions
      </h2>
      {job.result && (
        <a className="button primary wide" href={resultUrl(job.id)} download>
          Download {job.kind}
        </a>
      )}
      {picture && copies && (
        <button type="button" className="button" onClick={() => attempt(() => copyPicture(job), "The picture is copied.")}>
          Copy picture
        </button>
      )}
      <button type="button" className="button" onClick={() => attempt(() => copyText(link), "The link is copied.")}>
        Copy link
      </button>
      {picture && (
        <>
          <button type="button" className="button" onClick={() => attempt(async () => onUse(await fileOf(job), "content"))}>
            Use as content
          </button>
          <button type="button" className="button" onClick={() => attempt(async () => onUse(await fileOf(job), "style"))}>
            Use as style
          </button>
        </>
      )}
      <button type="button" className="button" onClick={() => setComparing(true)}>
        Compare with…
      </button>
      <button
        type="button"
        className="button"
        onClick={() => attempt(async () => copyText((await getRecipe(job.id)).command), "The command line is copied.")}
      >
        Copy command
      </button>
      <button type="button" className="button wide" onClick={() => onAgain(job)}>
        Paint again with these settings
      </button>
      {/* Said where the buttons are; the page's live region reads it out. */}
      {said !== "" && <p className="said wide">{said}</p>}
      {problem !== "" && (
        <p className="error wide" role="alert">
          {problem}
        </p>
      )}
      <div className="downloads wide" role="group" aria-labelledby="downloads-heading">
        <p id="downloads-heading" className="muted">
          Downloads
        </p>
        {downloadsOf(job).map(({ title, url, name }) => (
          <a key={url} className="link" href={url} download={name ?? ""} aria-label={`Download ${inSentence(title)}`}>
            {title}
          </a>
        ))}
      </div>
      <button type="button" className="button quiet danger wide" onClick={() => dialog.current?.showModal()}>
        Delete
      </button>
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
      {comparing && <ComparePicker job={job} onClose={() => setComparing(false)} />}
    </section>
  );
}
