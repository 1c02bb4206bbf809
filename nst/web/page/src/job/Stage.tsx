import { useState, type SyntheticEvent } from "react";

import { frameUrl, pictureUrl, thumbnailUrl } from "../api.ts";
import { Button } from "../parts/Button.tsx";
import type { Job } from "../types.ts";
import { isActive, stateOf, titleOf } from "../words.ts";
import { Divider, shareAt } from "./Divider.tsx";
import { useLoaded } from "./useLoaded.ts";
import { Viewer } from "./Viewer.tsx";
import type { Size } from "./zoom.ts";

/** The picture, which a click enlarges, or a slider between it and its content. */
export function Stage({ job, frame }: { job: Job; frame: number | null }) {
  const wanted = frame !== null ? frameUrl(job.id, frame) : job.picture !== null ? pictureUrl(job) : null;
  const painted = useLoaded(wanted);
  const [comparing, setComparing] = useState(false);
  const [open, setOpen] = useState(false);
  // How much of the content is uncovered, in percent from the left.
  const [share, setShare] = useState(50);
  const [natural, setNatural] = useState<Size | null>(null);
  const known = job.width !== null && job.height !== null ? { width: job.width, height: job.height } : natural;
  const ratio = known && known.width / known.height;
  // As large as the column and the window allow.
  const size = ratio === null ? {} : { aspectRatio: ratio, maxWidth: `max(16rem, calc((100svh - 15.5rem) * ${ratio}))` };
  const contentUrl = thumbnailUrl(job.content.url, 1280);
  const contentAlt = `Content picture: ${job.content.title}`;
  const alt = altOf(job, frame);
  const measure = ({ currentTarget: { naturalWidth: width, naturalHeight: height } }: SyntheticEvent<HTMLImageElement>) =>
    setNatural({ width, height });

  if (painted === null) {
    return (
      <div className="stage waiting" style={size}>
        <img src={contentUrl} alt={contentAlt} onLoad={measure} />
        {isActive(job) && <p className="stage-note">{stateOf(job)}</p>}
      </div>
    );
  }
  const picture = job.kind === "picture";
  const slides = comparing && picture;
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
          setShare(shareAt(event, event.currentTarget));
        }}
        onPointerMove={(event) => {
          if (slides && event.currentTarget.hasPointerCapture(event.pointerId)) setShare(shareAt(event, event.currentTarget));
        }}
      >
        {slides && <img src={contentUrl} alt="" draggable={false} />}
        <img src={painted} alt={alt} draggable={false} style={slides ? { clipPath: `inset(0 0 0 ${share}%)` } : {}} onLoad={measure} />
        {slides && (
          <Divider
            share={share}
            onShare={setShare}
            label="Compare with the content picture"
            valueText={share === 0 ? "painted picture only" : `${share} % content picture, from the left`}
            autoFocus
          />
        )}
      </div>
      <div className="spread">
        <p className="muted" data-testid="picture-size">
          {known && `${known.width} × ${known.height} pixels`}
        </p>
        <div className="row">
          {picture && (
            <Button
              aria-pressed={comparing}
              onClick={() => {
                setShare(50);
                setComparing(!comparing);
              }}
            >
              Before and after
            </Button>
          )}
          <Button onClick={() => setOpen(true)}>Enlarge</Button>
        </div>
      </div>
      {open && known && (
        <Viewer
          title={alt}
          picture={{ src: painted, alt, size: known }}
          before={picture ? { src: thumbnailUrl(job.content.url, 2048), alt: contentAlt, size: known } : null}
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
