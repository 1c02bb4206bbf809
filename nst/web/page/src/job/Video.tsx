import { pictureUrl, videoUrl } from "../api.ts";
import type { Job } from "../types.ts";
import { titleOf } from "../words.ts";

/** A painted video, in the place of a picture. */
export function Painted({ job }: { job: Job }) {
  return <video className="stage film" src={videoUrl(job.id)} aria-label={titleOf(job)} controls loop playsInline preload="auto" />;
}

/** The painting as a video. GIF and WebP are pictures to a browser, and play by themselves. */
export function Video({ job }: { job: Job }) {
  if (!job.video) return null;
  const moving = job.settings.video === "gif" || job.settings.video === "webp";
  return (
    <section className="video" aria-labelledby="video-heading">
      <h2 id="video-heading">How it was painted</h2>
      {moving ? (
        <img src={videoUrl(job.id)} alt="Video of the painting" loading="lazy" />
      ) : (
        <video
          src={videoUrl(job.id)}
          poster={pictureUrl(job)}
          aria-label="Video of the painting"
          controls
          muted
          playsInline
          preload="metadata"
        />
      )}
    </section>
  );
}
