import { useEffect, useState } from "react";

import { ApiError, cancelJob, pictureUrl, thumbnailUrl } from "../api.ts";
import { jobHash } from "../route.ts";
import type { Job } from "../types.ts";
import { ago, moment, stateOf, titleOf } from "../words.ts";
import type { HistoryState } from "./useHistory.ts";

export function History({ history }: { history: HistoryState }) {
  const { jobs, more, showMore, put } = history;
  const now = useNow();
  const [problem, setProblem] = useState("");
  const cancel = async (job: Job) => {
    setProblem("");
    try {
      put(await cancelJob(job.id));
    } catch (error) {
      setProblem((error as ApiError).message);
    }
  };
  if (jobs === null) return null;
  return (
    <section className="history" aria-labelledby="history-heading">
      <h2 id="history-heading">Your pictures</h2>
      {problem !== "" && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      <ul className="pictures">
        {jobs.map((job) => (
          <Card key={job.id} job={job} now={now} onCancel={() => cancel(job)} />
        ))}
      </ul>
      {more && (
        <button type="button" className="button" onClick={showMore}>
          Show more
        </button>
      )}
    </section>
  );
}

function Card({ job, now, onCancel }: { job: Job; now: number; onCancel: () => void }) {
  const { state, kind, picture, content, styles } = job;
  const time = job.ended ?? job.started ?? job.created;
  return (
    <li className="picture" data-state={state}>
      <a href={jobHash(job.id)} aria-label={`${titleOf(job)}, ${kind === "video" ? "video, " : ""}number ${job.number}, ${stateOf(job)}`}>
        <span className="cover">
          {picture === null ? (
            <img className="unpainted" src={thumbnailUrl(content.url, 320)} alt="" loading="lazy" />
          ) : (
            <img src={thumbnailUrl(pictureUrl(job), 320)} alt="" loading="lazy" />
          )}
          {kind === "video" && (
            <span className="mark" aria-hidden="true">
              Video
            </span>
          )}
          {state === "running" && (
            <progress className="bar" aria-hidden="true" max={job.epochs} value={job.epoch ?? 0} />
          )}
        </span>
        <span className="sources">
          {styles.map(({ url }) => (
            <img key={url} src={thumbnailUrl(url, 160)} alt="" loading="lazy" />
          ))}
          <span className="name">{content.title}</span>
        </span>
      </a>
      <p className="card-line">
        <span className="state">{stateOf(job)}</span>
        {state === "queued" && !job.cancelling ? (
          <button type="button" className="link" onClick={onCancel} aria-label={`Cancel number ${job.number}`}>
            Cancel
          </button>
        ) : (
          <time className="muted" dateTime={new Date(time * 1000).toISOString()} title={moment(time)}>
            {ago(time, now)}
          </time>
        )}
      </p>
    </li>
  );
}

/** The time in seconds, anew every half minute: "just now" does not stay true. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now() / 1000), 30_000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
