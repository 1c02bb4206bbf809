import { useState, type PointerEvent } from "react";

import { frameUrl, pictureUrl, thumbnailUrl } from "../api.ts";
import type { Job } from "../types.ts";
import { isActive, stateOf, titleOf } from "../words.ts";
import { useLoaded } from "./useLoaded.ts";

/** The picture, and over it a slider that uncovers the content it was painted from; a frame of a video has none. */
export function Stage({ job, frame }: { job: Job; frame: number | null }) {
  const wanted = frame !== null ? frameUrl(job.id, frame) : job.picture !== null ? pictureUrl(job) : null;
  const painted = useLoaded(wanted);
  // How much of the content shows, from the left, in percent.
  const [share, setShare] = useState(0);
  const [ratio, setRatio] = useState<number | null>(null);
  const measured = job.width !== null && job.height !== null ? job.width / job.height : ratio;
  // As large as the column and the window allow, whole.
  const size = measured === null ? {} : { aspectRatio: measured, maxWidth: `max(16rem, calc((100svh - 13rem) * ${measured}))` };
  const contentUrl = thumbnailUrl(job.content.url, 1280);

  const follow = (event: PointerEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setShare(Math.round(Math.min(100, Math.max(0, (100 * (event.clientX - left)) / width))));
  };

  if (painted === null || job.kind === "video") {
    return (
      <div className={painted === null ? "stage waiting" : "stage plain"} style={size}>
        <img
          src={painted ?? contentUrl}
          alt={painted === null ? `Content picture: ${job.content.title}` : altOf(job, frame)}
          onLoad={({ currentTarget }) => setRatio(currentTarget.naturalWidth / currentTarget.naturalHeight)}
        />
        {painted === null && isActive(job) && <p className="stage-note">{stateOf(job)}</p>}
      </div>
    );
  }
  return (
    <div
      className="stage"
      style={size}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        follow(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) follow(event);
      }}
    >
      {share > 0 && <img src={contentUrl} alt="" draggable={false} />}
      <img
        src={painted}
        alt={altOf(job, frame)}
        draggable={false}
        style={{ clipPath: `inset(0 0 0 ${share}%)` }}
      />
      <input
        type="range"
        className="compare"
        min={0}
        max={100}
        value={share}
        onChange={({ target }) => setShare(Number(target.value))}
        aria-label="Compare with the content picture"
        aria-valuetext={share === 0 ? "painted picture only" : `${share} % content picture, from the left`}
      />
      {share > 0 && <div className="divider" style={{ left: `${share}%` }} />}
      {/* The handle stays whole where the line is at an edge. */}
      <div className="handle" style={{ left: `clamp(1.5rem, ${share}%, calc(100% - 1.5rem))` }} aria-hidden="true">
        <svg viewBox="0 0 24 24" width="20" height="20">
          <path d="M9 6l-6 6 6 6M15 6l6 6-6 6" fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
      </div>
    </div>
  );
}

function altOf(job: Job, frame: number | null): string {
  if (frame === null) return titleOf(job);
  return job.kind === "video" ? `${titleOf(job)}, frame ${frame + 1}` : `${titleOf(job)}, after epoch ${frame}`;
}
