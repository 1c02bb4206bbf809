import { pictureUrl, videoUrl } from "../api.ts";
import type { Job } from "../types.ts";

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
