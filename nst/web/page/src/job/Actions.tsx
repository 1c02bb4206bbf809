import { useState, type ReactNode } from "react";

import { useAnnounce } from "../announce.tsx";
import { ApiError, archiveUrl, costsUrl, deleteJob, getRecipe, resultUrl, settingsUrl, videoDownloadUrl } from "../api.ts";
import { ComparePicker } from "../compare/ComparePicker.tsx";
import type { Field } from "../compose/files.ts";
import { Button } from "../parts/Button.tsx";
import { Confirm } from "../parts/Dialog.tsx";
import { Alert } from "../parts/Field.tsx";
import { useAction } from "../parts/hooks.ts";
import type { Job } from "../types.ts";
import { canCopy, copyPicture, copyText, fileOf } from "./use.ts";

interface Props {
  job: Job;
  onAgain: (job: Job) => void;
  /** Uses a painted picture as the content or a style of the next one. */
  onUse: (file: File, field: Field) => Promise<void>;
  onDeleted: (id: string) => void;
}

interface Download {
  title: string;
  url: string;
  /** The file name, where the server does not give one. */
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

/** A title in mid-sentence: "Video" becomes "video", but "JPEG" and "16-bit PNG" stay. */
function inSentence(title: string): string {
  return /^[A-Z][a-z]/.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
}

/** What can be done with a job that has ended. */
export function Actions({ job, onAgain, onUse, onDeleted }: Props) {
  const { kind } = job;
  const [deleting, setDeleting] = useState(false);
  const [comparing, setComparing] = useState(false);
  const [said, setSaid] = useState("");
  const { problem, run } = useAction();
  const announce = useAnnounce();
  const action = (label: ReactNode, act: () => Promise<unknown>, done = "") => {
    const attempt = async () => {
      await act();
      setSaid(done);
      announce(done);
    };
    const start = () => {
      setSaid("");
      void run(attempt);
    };
    return <Button onClick={start}>{label}</Button>;
  };
  const remove = async () => {
    setDeleting(false);
    await deleteJob(job.id).catch((error: unknown) => {
      // Another tab may have deleted it already.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    });
    onDeleted(job.id);
  };
  const picture = kind === "picture" && job.result;
  const link = `${window.location.origin}${window.location.pathname}#/job/${job.id}`;
  return (
    <section className="panel actions" aria-labelledby="actions-heading">
      <h2 id="actions-heading" className="visually-hidden">
        Actions
      </h2>
      {job.result && (
        <a className="button primary wide" href={resultUrl(job.id)} download>
          Download {kind}
        </a>
      )}
      {picture && canCopy && action("Copy picture", () => copyPicture(job), "Picture copied.")}
      {action("Copy link", () => copyText(link), "Link copied.")}
      {picture && action("Use as content", async () => onUse(await fileOf(job), "content"))}
      {picture && action("Use as style", async () => onUse(await fileOf(job), "style"))}
      <Button onClick={() => setComparing(true)}>Compare with…</Button>
      {action("Copy command", async () => copyText((await getRecipe(job.id)).command), "Command copied.")}
      <Button className="wide" onClick={() => onAgain(job)}>
        Paint again with these settings
      </Button>
      {/* Only shown: the page's live region reads it out. */}
      {said !== "" && <p className="said wide">{said}</p>}
      <Alert className="wide">{problem}</Alert>
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
      <Button className="quiet danger wide" onClick={() => setDeleting(true)}>
        Delete
      </Button>
      {deleting && (
        <Confirm title={`Delete this ${kind}?`} keep="Keep it" confirm="Delete permanently" onKeep={() => setDeleting(false)} onConfirm={() => void run(remove)}>
          <p>This also deletes its saved frames{kind === "picture" && ", its video"} and its costs. It cannot be undone.</p>
        </Confirm>
      )}
      {comparing && <ComparePicker job={job} onClose={() => setComparing(false)} />}
    </section>
  );
}
