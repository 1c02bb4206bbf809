import { useEffect, useState, type RefObject } from "react";

import { ApiError, cancelJob } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Field } from "../compose/files.ts";
import { lastGallery } from "../gallery/memory.ts";
import { focusHeading, GALLERY } from "../route.ts";
import type { Job } from "../types.ts";
import { isActive, progressOf, titleOf } from "../words.ts";
import { Actions } from "./Actions.tsx";
import { CostPanel } from "./CostPanel.tsx";
import { Finish } from "./Finish.tsx";
import { GoOn } from "./GoOn.tsx";
import { Frames } from "./Frames.tsx";
import { Made } from "./Made.tsx";
import { Notes } from "./Notes.tsx";
import { OtherStyles } from "./OtherStyles.tsx";
import { ProgressPanel } from "./ProgressPanel.tsx";
import { Stage } from "./Stage.tsx";
import { Steering } from "./Steering.tsx";
import { useJob } from "./useJob.ts";
import { Painted, Video } from "./Video.tsx";

interface Props {
  id: string;
  session: number;
  catalogue: Catalogue;
  /** Whether a person came here from another view, and not by loading the page. */
  moved: RefObject<boolean>;
  onAgain: (job: Job) => void;
  onUse: (file: File, field: Field) => Promise<void>;
  onQueued: (job: Job) => void;
  onDeleted: (id: string) => void;
}

export function JobView({ id, session, catalogue, moved, onAgain, onUse, onQueued, onDeleted }: Props) {
  const { job, rows, connection, missing, take, check } = useJob(id, session);
  // The epoch of an earlier frame that is looked at, or null for the picture as it is now.
  const [frame, setFrame] = useState<number | null>(null);
  const [problem, setProblem] = useState("");
  useTitle(job);
  const headed = job !== null || missing;
  useEffect(() => {
    if (headed && moved.current) focusHeading();
  }, [headed, moved]);
  // What could not be done then may be possible, or past, now.
  useEffect(() => setProblem(""), [connection, job?.state]);

  if (missing) {
    return (
      <div className="page-note">
        <h1 tabIndex={-1}>There is no such picture</h1>
        <p>It may have been deleted.</p>
        <a className="button" href={GALLERY}>
          To the other pictures
        </a>
      </div>
    );
  }
  if (job === null) {
    return <p className="page-note">{connection === "lost" ? "Connection lost, trying again…" : "Opening the picture…"}</p>;
  }

  const cancel = async () => {
    setProblem("");
    take({ ...job, cancelling: true });
    try {
      take(await cancelJob(id));
    } catch (error) {
      take(job);
      setProblem((error as ApiError).message);
      check();
    }
  };

  return (
    <article className="job" aria-labelledby="job-heading">
      <div className="job-heading">
        <a className="back" href={lastGallery()}>
          <span aria-hidden="true">← </span>All pictures
        </a>
        <h1 tabIndex={-1} id="job-heading">
          {titleOf(job)}
        </h1>
      </div>
      {connection === "lost" && isActive(job) && (
        <p className="lost" role="status">
          Connection lost, trying again…
        </p>
      )}
      <div className="job-columns">
        <div className="job-picture">
          {job.kind === "video" && job.video && frame === null ? <Painted job={job} /> : <Stage job={job} frame={frame} />}
          <Frames job={job} chosen={frame} onChoose={setFrame} />
          <OtherStyles job={job} catalogue={catalogue} onQueued={onQueued} />
          {job.kind === "picture" && <Video key={job.epoch} job={job} />}
        </div>
        <div className="job-side">
          <ProgressPanel job={job} problem={problem} onCancel={cancel} />
          <Steering job={job} />
          <Notes job={job} />
          {!isActive(job) && <Finish job={job} catalogue={catalogue} />}
          {!isActive(job) && <GoOn job={job} catalogue={catalogue} onResumed={take} />}
          {!isActive(job) && <Actions job={job} onAgain={onAgain} onUse={onUse} onDeleted={onDeleted} />}
          {(rows.length > 0 || job.costs !== null) && <CostPanel job={job} rows={rows} />}
          <Made job={job} catalogue={catalogue} />
        </div>
      </div>
    </article>
  );
}

/** The browser's tab tells how far the painting is, also while another is looked at. */
function useTitle(job: Job | null) {
  useEffect(() => {
    const plain = "NST Studio";
    if (job) {
      const far = job.state === "running" && job.epoch !== null ? `${progressOf(job)}: ` : "";
      document.title = `${far}${titleOf(job)} – ${plain}`;
    }
    return () => {
      document.title = plain;
    };
  }, [job]);
}
