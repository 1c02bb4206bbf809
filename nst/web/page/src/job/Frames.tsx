import { frameUrl, thumbnailUrl } from "../api.ts";
import type { Job } from "../types.ts";
import { isActive } from "../words.ts";
import { thinned } from "./curve.ts";

/** The most frames shown: each is a picture to load. */
const MOST = 24;

interface Props {
  job: Job;
  chosen: number | null;
  onChoose: (epoch: number | null) => void;
}

/** The saved frames, to look back at. */
export function Frames({ job, chosen, onChoose }: Props) {
  if (job.frames.length === 0) return null;
  const shown = thinned(job.frames, MOST);
  const video = job.kind === "video";
  return (
    <section className="frames" aria-labelledby="frames-heading">
      <div className="heading-row">
        <h2 id="frames-heading">{video ? "Painted frames" : "Saved frames"}</h2>
        <p className="muted">
          {shown.length < job.frames.length && `${shown.length} of ${job.frames.length}`}
        </p>
      </div>
      <ul className="strip">
        {shown.map((epoch) => (
          <li key={epoch}>
            <button
              type="button"
              className="frame"
              aria-pressed={chosen === epoch}
              aria-label={video ? `Frame ${epoch + 1}` : `Epoch ${epoch}`}
              onClick={() => onChoose(chosen === epoch ? null : epoch)}
            >
              <img src={thumbnailUrl(frameUrl(job.id, epoch), 160)} alt="" loading="lazy" />
              <span>{video ? epoch + 1 : epoch}</span>
            </button>
          </li>
        ))}
        {job.picture !== null && (
          <li>
            <button type="button" className="frame now" aria-pressed={chosen === null} onClick={() => onChoose(null)}>
              {isActive(job) ? "Now" : video && job.video ? "Video" : job.state === "finished" ? "Final" : "Last"}
            </button>
          </li>
        )}
      </ul>
    </section>
  );
}
