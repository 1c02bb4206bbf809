import { useState } from "react";

import { useAnnounce } from "../announce.tsx";
import { repaint, thumbnailUrl } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import { Alert } from "../parts/Field.tsx";
import { useAction } from "../parts/hooks.ts";
import { jobHash } from "../route.ts";
import type { Job, Sample } from "../types.ts";

interface Props {
  job: Job;
  catalogue: Catalogue;
  onQueued: (job: Job) => void;
}

/** Queues the same picture in another of the sample styles. */
export function OtherStyles({ job, catalogue, onQueued }: Props) {
  const [queued, setQueued] = useState<Record<string, Job>>({});
  const { busy, problem, run } = useAction();
  const announce = useAnnounce();
  const mixed = job.styles.length > 1;
  const paint = async ({ name, title }: Sample) => {
    const next = await repaint(job.id, name, mixed ? { style_weights: "" } : {});
    setQueued((all) => ({ ...all, [name]: next }));
    onQueued(next);
    announce(`Queued in the style of ${title}`);
  };
  return (
    <section className="other-styles" aria-labelledby="other-styles-heading">
      <div className="heading-row">
        <h2 id="other-styles-heading">In another style</h2>
        <p className="muted">Click to queue</p>
      </div>
      <ul className="strip">
        {catalogue.styles
          .filter(({ title }) => mixed || title !== job.styles[0]!.title)
          .map((style) => {
            const { name, title, url } = style;
            const next = queued[name];
            const picture = <img src={thumbnailUrl(url, 160)} alt="" loading="lazy" />;
            return (
              <li key={name}>
                {next ? (
                  <a className="frame done" href={jobHash(next.id)} aria-label={`Open it in the style of ${title}`}>
                    {picture}
                    <span>Open ›</span>
                  </a>
                ) : (
                  <button type="button" className="frame" disabled={busy} aria-label={`Paint in the style of ${title}`} onClick={() => run(() => paint(style))}>
                    {picture}
                    <span>{title}</span>
                  </button>
                )}
              </li>
            );
          })}
      </ul>
      <Alert>{problem}</Alert>
    </section>
  );
}
