import { useEffect, useState } from "react";

import { Button } from "../parts/Button.tsx";
import { Alert } from "../parts/Field.tsx";
import type { Job } from "../types.ts";
import { count, duration, isActive, moment, progressOf, remaining, stateOf } from "../words.ts";

interface Props {
  job: Job;
  problem: string;
  onCancel: () => void;
}

export function ProgressPanel({ job, problem, onCancel }: Props) {
  const { state, kind, epoch, epochs } = job;
  return (
    <section className="panel progress" aria-labelledby="progress-heading" data-state={state}>
      <div className="heading-row">
        <h2 id="progress-heading" data-testid="job-state">
          {stateOf(job)}
        </h2>
        {isActive(job) && (
          <Button onClick={onCancel} disabled={job.cancelling}>
            Cancel
          </Button>
        )}
      </div>
      {state === "running" && (
        <>
          <progress
            className="bar"
            aria-label={kind === "video" ? "Frames painted" : "Epochs painted"}
            max={epochs}
            value={kind === "video" && epoch !== null ? epoch + 1 : (epoch ?? 0)}
          />
          <p className="spread">
            <span>{progressOf(job)}</span>
            <TimeLeft job={job} />
          </p>
        </>
      )}
      {!isActive(job) && <p className="muted">{ending(job)}</p>}
      <Alert>{problem}</Alert>
    </section>
  );
}

/** Counts down between epochs, which can be far apart. */
function TimeLeft({ job }: { job: Job }) {
  const [left, setLeft] = useState(job.seconds_left);
  useEffect(() => {
    setLeft(job.seconds_left);
    const tick = () => setLeft((seconds) => (seconds === null ? null : Math.max(0, seconds - 1)));
    const timer = window.setInterval(tick, 1000);
    return () => window.clearInterval(timer);
  }, [job.epoch, job.seconds_left]);
  if (left === null || job.cancelling) return null;
  return <span className="muted">{remaining(left)}</span>;
}

function ending({ state, kind, epoch, epochs, started, ended, spent }: Job): string {
  const when = ended === null ? "" : `, ${moment(ended)}`;
  const took = started === null || ended === null ? "" : ` in ${duration(spent + ended - started)}`;
  if (state === "finished") return `${count(epochs, kind === "video" ? "frame" : "epoch")}${took}${when}`;
  if (epoch === null) return `Nothing had been painted yet${when}`;
  const last = kind === "video" ? `frame ${epoch + 1}` : `epoch ${epoch}`;
  return `After ${last} of ${epochs}${took}${when}`;
}
