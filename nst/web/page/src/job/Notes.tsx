import type { Job } from "../types.ts";
import { count, sentence } from "../words.ts";

/** Why a job failed and what was saved of it, and its warnings. */
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
  if (picture === null) return "Nothing had been painted yet.";
  if (kind === "video") return `The ${count(picture + 1, "frame")} painted until then ${picture === 0 ? "was" : "were"} saved.`;
  const things = `${result ? "picture" : "preview"} after epoch ${picture}`;
  return video ? `The ${things} and the video until then were saved.` : `The ${things} was saved.`;
}
