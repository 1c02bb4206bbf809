import { useState, type FormEvent } from "react";

import { ApiError, resumeJob } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Job } from "../types.ts";
import { bytes, count, day } from "../words.ts";

interface Props {
  job: Job;
  catalogue: Catalogue;
  /** Takes in the job, which is queued again. */
  onResumed: (job: Job) => void;
}

const MORE = 100;

/** Continues a job that has ended: to the end of its plan, or for more epochs. */
export function GoOn({ job, catalogue, onResumed }: Props) {
  const { kind, state, epoch, epochs, resumable, checkpoint } = job;
  const painted = epoch === null ? 0 : epoch + 1;
  const left = epochs - painted;
  const room = catalogue.limits.epochs - painted;
  const [more, setMore] = useState(String(Math.max(1, Math.min(MORE, room))));
  const [problem, setProblem] = useState("");
  const [sending, setSending] = useState(false);
  const number = Number(more);
  const lengthens = kind === "picture" && epoch !== null && room > 0;
  if (!resumable || (state === "finished" && !lengthens)) return <Gone job={job} />;

  const resume = async (wanted: number | null) => {
    setProblem("");
    setSending(true);
    try {
      onResumed(await resumeJob(job.id, wanted));
    } catch (error) {
      setProblem((error as ApiError).message);
      setSending(false);
    }
  };
  const lengthen = (event: FormEvent) => {
    event.preventDefault();
    if (Number.isInteger(number) && number >= 1 && number <= room) void resume(number);
    else setProblem(`Give a whole number of epochs from 1 to ${room.toLocaleString("en")}: a picture has at most ${catalogue.limits.epochs.toLocaleString("en")}.`);
  };
  return (
    <section className="panel go-on" aria-labelledby="go-on-heading">
      <h2 id="go-on-heading">Continue</h2>
      {state !== "finished" && left > 0 && (
        <button type="button" className="button primary" disabled={sending} onClick={() => resume(null)}>
          {painted === 0 ? "Queue it again" : `Resume: ${count(left, kind === "video" ? "frame" : "epoch")} left`}
        </button>
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
          <button type="submit" className="button" disabled={sending}>
            Paint {Number.isInteger(number) && number > 0 ? count(number, "more epoch", "more epochs") : "more epochs"}
          </button>
        </form>
      )}
      {problem !== "" && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      {checkpoint > 0 && (
        <p className="help">
          From a checkpoint of {bytes(checkpoint)}
          {job.resumable_until !== null && `, which is kept until ${day(job.resumable_until)}`}. Frames, costs and video continue without a gap.
        </p>
      )}
    </section>
  );
}

/** Why it cannot be continued, where one would expect that. */
function Gone({ job }: { job: Job }) {
  if (job.kind === "video" || job.epoch === null || job.checkpoint > 0) return null;
  return <p className="help">More epochs are not possible: its checkpoint has been deleted. “Paint again” starts anew.</p>;
}
