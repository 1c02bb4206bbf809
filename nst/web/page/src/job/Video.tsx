import { useState } from "react";

import { pictureUrl, videoUrl } from "../api.ts";
import type { Job } from "../types.ts";
import { titleOf } from "../words.ts";
import { Stage } from "./Stage.tsx";

/** A painted video. If the browser can play it neither as a video nor as an image, its last frame is shown. */
export function PaintedVideo({ job }: { job: Job }) {
  const [shownAs, setShownAs] = useState<"video" | "image" | "frame">("video");
  const shared = { className: "stage film", src: videoUrl(job.id) };
  if (shownAs === "video") {
    return (
      <video
        {...shared}
        aria-label={titleOf(job)}
        controls
        loop
        playsInline
        preload="auto"
        // Without the codec, a browser may play only the sound.
        onLoadedMetadata={({ currentTarget }) => currentTarget.videoWidth === 0 && setShownAs("image")}
        onError={() => setShownAs("image")}
      />
    );
  }
  if (shownAs === "image") return <img {...shared} alt={titleOf(job)} onError={() => setShownAs("frame")} />;
  return (
    <>
      <Stage job={job} frame={null} />
      <p className="muted">This browser cannot play the video. Download it to play it elsewhere.</p>
    </>
  );
}

/** How the picture was painted. To a browser, GIF and WebP are images. */
export function ProgressVideo({ job }: { job: Job }) {
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
