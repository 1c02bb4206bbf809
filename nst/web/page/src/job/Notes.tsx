import type { Job } from "../types.ts";
import { count, sentence } from "../words.ts";

/** Why a job failed and what was kept of it, and whatever else went wrong on the way. */
export function Notes({ job }: { job: Job }) {
  if (job.state !== "failed" && job.troubles.length === 0) return null;
  return (
    <section className="notes" aria-label="Notes">
      {job.state === "failed" && (
        <p className="note failure">
          <strong>{sentence(job.reason) || "The painting failed."}</strong> {kept(job)}
        </p>
      )}
      {job.troubles.map((trouble) => (
        <p key={trouble} className="note">
          {sentence(trouble)}
        </p>
      ))}
    </section>
  );
}

function kept({ kind, picture, result, video }: Job): string {
  if (picture === null) return "Nothing was painted yet, so there is nothing to keep.";
  if (kind === "video") return `What was painted until then was kept: ${count(picture + 1, "frame")}.`;
  const things = result ? "picture" : "preview of the picture";
  return `The ${things} as it was after epoch ${picture} was kept${video ? ", and the video until then" : ""}.`;
}
