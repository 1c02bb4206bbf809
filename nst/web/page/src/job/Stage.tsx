import { useState, type PointerEvent } from "react";

import { frameUrl, pictureUrl, thumbnailUrl } from "../api.ts";
import type { Job } from "../types.ts";
import { isActive, stateOf, titleOf } from "../words.ts";
import { useLoaded } from "./useLoaded.ts";
import { Viewer } from "./Viewer.tsx";
import { Arrows } from "./ZoomPane.tsx";

/**
 * The picture, which opens to be looked at closely; on demand over it a slider that uncovers the content it was painted
 * from. A frame of a video has no slider.
 */
export function Stage({ job, frame }: { job: Job; frame: number | null }) {
  const wanted = frame !== null ? frameUrl(job.id, frame) : job.picture !== null ? pictureUrl(job) : null;
  const painted = useLoaded(wanted);
  const [comparing, setComparing] = useState(false);
  const [open, setOpen] = useState(false);
  // How much of the content shows, from the left, in percent.
  const [share, setShare] = useState(50);
  const [natural, setNatural] = useState<{ width: number; height: number } | null>(null);
  const known = job.width !== null && job.height !== null ? { width: job.width, height: job.height } : natural;
  const measured = known && known.width / known.height;
  // As large as the column and the window allow, whole.
  const size = measured === null ? {} : { aspectRatio: measured, maxWidth: `max(16rem, calc((100svh - 15.5rem) * ${measured}))` };
  const contentUrl = thumbnailUrl(job.content.url, 1280);
  const alt = altOf(job, frame);

  const follow = (event: PointerEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setShare(Math.round(Math.min(100, Math.max(0, (100 * (event.clientX - left)) / width))));
  };

  if (painted === null) {
    return (
      <div className="stage waiting" style={size}>
        <img
          src={contentUrl}
          alt={`Content picture: ${job.content.title}`}
          onLoad={({ currentTarget }) => setNatural({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })}
        />
        {isActive(job) && <p className="stage-note">{stateOf(job)}</p>}
      </div>
    );
  }
  const slides = comparing && job.kind === "picture";
  return (
    <div className="stage-area">
      <div
        className={slides ? "stage slides" : "stage"}
        style={size}
        onClick={() => {
          if (!slides) setOpen(true);
        }}
        onPointerDown={(event) => {
          if (!slides || event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          follow(event);
        }}
        onPointerMove={(event) => {
          if (slides && event.currentTarget.hasPointerCapture(event.pointerId)) follow(event);
        }}
      >
        {slides && <img src={contentUrl} alt="" draggable={false} />}
        <img
          src={painted}
          alt={alt}
          draggable={false}
          style={slides ? { clipPath: `inset(0 0 0 ${share}%)` } : {}}
          onLoad={({ currentTarget }) => setNatural({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })}
        />
        {slides && (
          <>
            <input
              type="range"
              className="compare"
              min={0}
              max={100}
              value={share}
              autoFocus
              onChange={({ target }) => setShare(Number(target.value))}
              aria-label="Compare with the content picture"
              aria-valuetext={share === 0 ? "painted picture only" : `${share} % content picture, from the left`}
            />
            <div className="divider" style={{ left: `${share}%` }} />
            {/* The handle stays whole where the line is at an edge. */}
            <div className="handle" style={{ left: `clamp(1.5rem, ${share}%, calc(100% - 1.5rem))` }} aria-hidden="true">
              <Arrows />
            </div>
          </>
        )}
      </div>
      <div className="stage-bar">
        <p className="muted" data-testid="picture-size">
          {known && `${known.width} × ${known.height} pixels`}
        </p>
        <div className="row">
          {job.kind === "picture" && (
            <button
              type="button"
              className="button"
              aria-pressed={comparing}
              onClick={() => {
                setShare(50);
                setComparing(!comparing);
              }}
            >
              Before and after
            </button>
          )}
          <button type="button" className="button" onClick={() => setOpen(true)}>
            Full screen
          </button>
        </div>
      </div>
      {open && known && (
        <Viewer
          title={alt}
          picture={{ src: painted, alt, size: known }}
          before={
            job.kind === "picture"
              ? { src: thumbnailUrl(job.content.url, 2048), alt: `Content picture: ${job.content.title}`, size: known }
              : null
          }
          onClose={() => setOpen(false)}
        />
      )}
    </div>
  );
}

function altOf(job: Job, frame: number | null): string {
  if (frame === null) return titleOf(job);
  return job.kind === "video" ? `${titleOf(job)}, frame ${frame + 1}` : `${titleOf(job)}, after epoch ${frame}`;
}
