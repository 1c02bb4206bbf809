import { useEffect, useState, type RefObject } from "react";

import { cancelJob } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Field } from "../compose/files.ts";
import { lastGallery } from "../gallery/memory.ts";
import { useTitle } from "../parts/hooks.ts";
import { Missing } from "../parts/Missing.tsx";
import { focusHeading } from "../route.ts";
import type { Job } from "../types.ts";
import { isActive, progressOf, titleOf } from "../words.ts";
import { Actions } from "./Actions.tsx";
import { Continue } from "./Continue.tsx";
import { CostPanel } from "./CostPanel.tsx";
import { Finish } from "./Finish.tsx";
import { Frames } from "./Frames.tsx";
import { Made } from "./Made.tsx";
import { Notes } from "./Notes.tsx";
import { OtherStyles } from "./OtherStyles.tsx";
import { ProgressPanel } from "./ProgressPanel.tsx";
import { Stage } from "./Stage.tsx";
import { Steering } from "./Steering.tsx";
import { useJob } from "./useJob.ts";
import { PaintedVideo, ProgressVideo } from "./Video.tsx";

interface Props {
  id: string;
  session: number;
  catalogue: Catalogue;
  /** Whether the user came here from another view. */
  moved: RefObject<boolean>;
  onAgain: (job: Job) => void;
  onUse: (file: File, field: Field) => Promise<void>;
  onQueued: (job: Job) => void;
  onDeleted: (id: string) => void;
}

const LOST = "Connection lost, reconnecting…";

export function JobView({ id, session, catalogue, moved, onAgain, onUse, onQueued, onDeleted }: Props) {
  const { job, rows, connection, missing, take, check } = useJob(id, session);
  // The epoch of the saved frame being shown; null for the current picture.
  const [frame, setFrame] = useState<number | null>(null);
  const [problem, setProblem] = useState("");
  const progress = job?.state === "running" && job.epoch !== null ? `${progressOf(job)}: ` : "";
  useTitle(job ? progress + titleOf(job) : "");
  const headed = job !== null || missing;
  useEffect(() => {
    if (headed && moved.current) focusHeading();
  }, [headed, moved]);
  // By now the problem may be over.
  useEffect(() => setProblem(""), [connection, job?.state]);

  if (missing) return <Missing>It may have been deleted.</Missing>;
  if (job === null) return <p className="page-note">{connection === "lost" ? LOST : "Loading the picture…"}</p>;

  const cancel = async () => {
    setProblem("");
    take({ ...job, cancelling: true });
    try {
      take(await cancelJob(id));
    } catch (error) {
      take(job);
      setProblem((error as Error).message);
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
          {LOST}
        </p>
      )}
      <div className="job-columns">
        <div className="job-picture">
          {job.kind === "video" && job.video && frame === null ? <PaintedVideo job={job} /> : <Stage job={job} frame={frame} />}
          <Frames job={job} chosen={frame} onChoose={setFrame} />
          <OtherStyles job={job} catalogue={catalogue} onQueued={onQueued} />
          {job.kind === "picture" && <ProgressVideo key={job.epoch} job={job} />}
        </div>
        <div className="job-side">
          <ProgressPanel job={job} problem={problem} onCancel={cancel} />
          <Steering job={job} />
          <Notes job={job} />
          {!isActive(job) && (
            <>
              <Finish job={job} catalogue={catalogue} />
              <Continue job={job} catalogue={catalogue} onResumed={take} />
              <Actions job={job} onAgain={onAgain} onUse={onUse} onDeleted={onDeleted} />
            </>
          )}
          {(rows.length > 0 || job.costs !== null) && <CostPanel job={job} rows={rows} />}
          <Made job={job} catalogue={catalogue} />
        </div>
      </div>
    </article>
  );
}
