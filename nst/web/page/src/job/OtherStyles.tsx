import { useState } from "react";

import { useAnnounce } from "../announce.tsx";
import { ApiError, repaint, thumbnailUrl } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import { jobHash } from "../route.ts";
import type { Job, Sample, SettingValues } from "../types.ts";

interface Props {
  job: Job;
  catalogue: Catalogue;
  onQueued: (job: Job) => void;
}

/** The sample styles: one click queues the same picture in another one. */
export function OtherStyles({ job, catalogue, onQueued }: Props) {
  const [queued, setQueued] = useState<Record<string, Job>>({});
  const [sending, setSending] = useState("");
  const [problem, setProblem] = useState("");
  const announce = useAnnounce();
  const own = job.styles.length === 1 ? job.styles[0]!.title : "";
  // The weights of several styles are not those of one.
  const settings: SettingValues = job.styles.length > 1 ? { style_weights: "" } : {};
  const paint = async ({ name, title }: Sample) => {
    setProblem("");
    setSending(name);
    try {
      const next = await repaint(job.id, name, settings);
      setQueued((all) => ({ ...all, [name]: next }));
      onQueued(next);
      announce(`Queued in the style of ${title}`);
    } catch (error) {
      setProblem((error as ApiError).message);
    } finally {
      setSending("");
    }
  };
  return (
    <section className="other-styles" aria-labelledby="other-styles-heading">
      <div className="heading-row">
        <h2 id="other-styles-heading">In another style</h2>
        <p className="muted">One click queues it</p>
      </div>
      <ul className="strip">
        {catalogue.styles
          .filter(({ title }) => title !== own)
          .map((style) => {
            const next = queued[style.name];
            return (
              <li key={style.name}>
                {next ? (
                  <a className="frame done" href={jobHash(next.id)} aria-label={`Open it in the style of ${style.title}`}>
                    <img src={thumbnailUrl(style.url, 160)} alt="" />
                    <span>Open ›</span>
                  </a>
                ) : (
                  <button
                    type="button"
                    className="frame"
                    disabled={sending !== ""}
                    aria-label={`Paint in the style of ${style.title}`}
                    onClick={() => paint(style)}
                  >
                    <img src={thumbnailUrl(style.url, 160)} alt="" loading="lazy" />
                    <span>{style.title}</span>
                  </button>
                )}
              </li>
            );
          })}
      </ul>
      {problem !== "" && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
