import { memo } from "react";

import { pictureUrl, thumbnailUrl } from "../api.ts";
import { jobHash } from "../route.ts";
import type { JobCard } from "../types.ts";
import { ago, isActive, list, moment, ordinal, stateOf } from "../words.ts";

const COVER = 320;
const STYLE = 96;

interface FaceProps {
  job: JobCard;
  /** The current time in seconds. */
  now: number;
  onCancel: (job: JobCard) => void;
  tabIndex?: number;
  lazy?: boolean;
}

/** The contents of a card: a link to the picture, its state, and a button to cancel it. */
export const Face = memo(function Face({ job, now, onCancel, tabIndex, lazy = false }: FaceProps) {
  const { state, kind, content, styles, number, preset } = job;
  const time = job.ended ?? job.started ?? job.created;
  const painted = job.picture !== null;
  const loading = lazy ? "lazy" : undefined;
  return (
    <>
      <a href={jobHash(job.id)} aria-label={nameOf(job)} tabIndex={tabIndex}>
        <span className="cover">
          <img
            className={painted ? undefined : "unpainted"}
            src={thumbnailUrl(painted ? pictureUrl(job) : content.url, COVER)}
            alt=""
            decoding="async"
            loading={loading}
          />
          {kind === "video" && (
            <span className="mark" aria-hidden="true">
              Video
            </span>
          )}
          {state === "running" && <progress className="bar" aria-hidden="true" max={job.epochs} value={job.epoch ?? 0} />}
        </span>
        <span className="card-title">
          <span className="name">{content.title}</span>{" "}
          <span className="muted">#{number}</span>
        </span>{" "}
        <span className="card-styles">
          {styles.map(({ url }) => (
            <img key={url} src={thumbnailUrl(url, STYLE)} alt="" width="22" height="22" decoding="async" loading={loading} />
          ))}
          <span className="name">{list(styles.map(({ title }) => title))}</span>{" "}
          <span className="preset">{preset}</span>
        </span>
      </a>
      <p className="card-line">
        <span className="state">{briefly(job)}</span>
        {isActive(job) && !job.cancelling ? (
          <button type="button" className="link" onClick={() => onCancel(job)} aria-label={`Cancel picture ${number}`} tabIndex={tabIndex}>
            Cancel
          </button>
        ) : (
          <time className="muted" dateTime={new Date(time * 1000).toISOString()} title={moment(time)}>
            {ago(time, now)}
          </time>
        )}
      </p>
    </>
  );
});

/** The state in two words at most, as cards are narrow. */
function briefly(job: JobCard): string {
  const { state, place, epoch, epochs, cancelling } = job;
  if (cancelling) return stateOf(job);
  if (state === "queued") return place ? `Waiting: ${ordinal(place + 1)}` : "Waiting: next";
  if (state === "running" && epoch !== null) return `Painting ${Math.floor((100 * (epoch + 1)) / epochs)} %`;
  return stateOf(job);
}

/** Starts with the visible text, for speech input. */
function nameOf(job: JobCard): string {
  const styles = list(job.styles.map(({ title }) => title));
  return `${job.content.title} #${job.number} ${styles} ${job.preset}, ${job.kind === "video" ? "video, " : ""}${stateOf(job)}`;
}
