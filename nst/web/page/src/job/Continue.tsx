import { useState, type FormEvent } from "react";

import { resumeJob } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import { Button } from "../parts/Button.tsx";
import { Alert } from "../parts/Field.tsx";
import { useAction } from "../parts/hooks.ts";
import type { Job } from "../types.ts";
import { bytes, count, day } from "../words.ts";

interface Props {
  job: Job;
  catalogue: Catalogue;
  onResumed: (job: Job) => void;
}

const MORE = 100;

/** Resumes a job that has ended, to the end of its plan or for more epochs. */
export function Continue({ job, catalogue, onResumed }: Props) {
  const { kind, state, epoch, epochs, resumable, checkpoint } = job;
  const painted = epoch === null ? 0 : epoch + 1;
  const left = epochs - painted;
  const most = catalogue.limits.epochs;
  const room = most - painted;
  const [more, setMore] = useState(String(Math.max(1, Math.min(MORE, room))));
  const { busy, problem, setProblem, run } = useAction();
  const number = Number(more);
  const lengthens = kind === "picture" && epoch !== null && room > 0;
  if (!resumable || (state === "finished" && !lengthens)) return <NoCheckpoint job={job} />;

  const resume = (wanted: number | null) => void run(async () => onResumed(await resumeJob(job.id, wanted)));
  const lengthen = (event: FormEvent) => {
    event.preventDefault();
    if (Number.isInteger(number) && number >= 1 && number <= room) resume(number);
    else setProblem(`Enter a whole number from 1 to ${room.toLocaleString("en")}: a picture can have at most ${most.toLocaleString("en")} epochs.`);
  };
  return (
    <section className="panel continue" aria-labelledby="continue-heading">
      <h2 id="continue-heading">Continue</h2>
      {state !== "finished" && left > 0 && (
        <Button className="primary" disabled={busy} onClick={() => resume(null)}>
          {painted === 0 ? "Queue it again" : `Resume: ${count(left, kind === "video" ? "frame" : "epoch")} left`}
        </Button>
      )}
      {lengthens && (
        <form className="lengthen" onSubmit={lengthen} noValidate>
          <label htmlFor="more-epochs" className="visually-hidden">
            More epochs
          </label>
          <input
            id="more-epochs"
            type="number"
            inputMode="numeric"
            min={1}
            max={room}
            value={more}
            aria-invalid={problem !== ""}
            onChange={({ target }) => setMore(target.value)}
          />
          <Button type="submit" disabled={busy}>
            Paint {Number.isInteger(number) && number > 0 ? count(number, "more epoch") : "more epochs"}
          </Button>
        </form>
      )}
      <Alert>{problem}</Alert>
      {checkpoint > 0 && (
        <p className="help">
          From a checkpoint of {bytes(checkpoint)}
          {job.resumable_until !== null && `, kept until ${day(job.resumable_until)}`}. Frames, costs and video continue seamlessly.
        </p>
      )}
    </section>
  );
}

/** Why a picture cannot be continued. */
function NoCheckpoint({ job }: { job: Job }) {
  if (job.kind === "video" || job.epoch === null || job.checkpoint > 0) return null;
  return <p className="help">This picture cannot be continued: its checkpoint has been deleted. “Paint again” starts over.</p>;
}
