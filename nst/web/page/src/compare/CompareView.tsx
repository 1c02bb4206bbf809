import { useEffect, useState, type CSSProperties, type RefObject } from "react";

import { pictureUrl, thumbnailUrl } from "../api.ts";
import type { Catalogue } from "../catalogue.ts";
import { useJob } from "../job/useJob.ts";
import { useLoaded } from "../job/useLoaded.ts";
import { ZoomBar } from "../job/ZoomBar.tsx";
import { ZoomPane, type Layer } from "../job/ZoomPane.tsx";
import { WHOLE } from "../job/zoom.ts";
import { Button } from "../parts/Button.tsx";
import { useTitle } from "../parts/hooks.ts";
import { Missing } from "../parts/Missing.tsx";
import { compareHash, focusHeading, jobHash } from "../route.ts";
import type { Job } from "../types.ts";
import { stateOf, titleOf } from "../words.ts";
import { ComparePicker } from "./ComparePicker.tsx";
import { differences, outcomes, type Difference } from "./differences.ts";

interface Props {
  ids: [string, string];
  session: number;
  catalogue: Catalogue;
  moved: RefObject<boolean>;
}

/** Two pictures, side by side or on top of each other, zoomed and moved together. */
export function CompareView({ ids: [a, b], session, catalogue, moved }: Props) {
  const one = useJob(a, session);
  const other = useJob(b, session);
  const [look, setLook] = useState(WHOLE);
  const [scale, setScale] = useState(1);
  const [over, setOver] = useState(false);
  const [share, setShare] = useState(50);
  const [choosing, setChoosing] = useState(false);
  const shown = useLayer(one.job);
  const beside = useLayer(other.job);
  const missing = one.missing || other.missing;
  const ready = one.job !== null && other.job !== null;
  useEffect(() => {
    if ((ready || missing) && moved.current) focusHeading();
  }, [ready, missing, moved]);
  useTitle("Comparison");

  if (missing) return <Missing>{one.missing && other.missing ? "Both" : "One of the two"} may have been deleted.</Missing>;
  if (one.job === null || other.job === null) return <p className="page-note">Loading the pictures…</p>;
  const jobs: [Job, Job] = [one.job, other.job];
  // The shape of the pictures, or halfway between the two.
  const ratios = jobs.flatMap(({ width, height }) => (width && height ? [width / height] : []));
  const ratio = ratios.length === 0 ? 4 / 3 : Math.sqrt(ratios[0]! * ratios.at(-1)!);
  return (
    <article className="comparison" aria-labelledby="compare-heading" style={{ "--ratio": ratio } as CSSProperties}>
      <div className="job-heading">
        <a className="back" href={jobHash(a)}>
          <span aria-hidden="true">← </span>Picture {one.job.number}
        </a>
        <h1 tabIndex={-1} id="compare-heading">
          Comparison
        </h1>
      </div>
      <div className="spread">
        <div className="row" role="group" aria-label="Layout">
          <Button aria-pressed={!over} onClick={() => setOver(false)}>
            Side by side
          </Button>
          <Button aria-pressed={over} onClick={() => setOver(true)}>
            Slider
          </Button>
        </div>
        <ZoomBar look={look} scale={scale} onLook={setLook} />
        <div className="row">
          <a className="button" href={compareHash(b, a)}>
            Swap
          </a>
          <Button onClick={() => setChoosing(true)}>Change…</Button>
        </div>
      </div>
      {over && shown && beside ? (
        <div className="comparison-over">
          <ZoomPane
            label={`Picture ${jobs[0].number} on the left of the line, picture ${jobs[1].number} on the right`}
            picture={beside}
            before={shown}
            share={share}
            onShare={setShare}
            look={look}
            onLook={setLook}
            onScale={setScale}
          />
          <div className="spread">
            <Caption job={jobs[0]} />
            <Caption job={jobs[1]} />
          </div>
        </div>
      ) : (
        <div className="comparison-panes">
          {[shown, beside].map((layer, index) => {
            const job = jobs[index]!;
            return (
              <div key={index} className="comparison-pane">
                {layer ? (
                  <ZoomPane
                    label={titleOf(job)}
                    picture={layer}
                    look={look}
                    onLook={setLook}
                    {...(index === 0 ? { onScale: setScale } : {})}
                  />
                ) : (
                  <p className="pane empty">{stateOf(job)}</p>
                )}
                <Caption job={job} />
              </div>
            );
          })}
        </div>
      )}
      <div className="comparison-tables">
        <Table title="Differences" rows={differences(...jobs, catalogue.settings)} jobs={jobs} />
        <Table title="Results" rows={outcomes(...jobs)} jobs={jobs} />
      </div>
      {choosing && <ComparePicker job={one.job} onClose={() => setChoosing(false)} />}
    </article>
  );
}

/** The picture of a job, once it has been loaded. */
function useLayer(job: Job | null): Layer | null {
  const loaded = useLoaded(job !== null && job.picture !== null ? pictureUrl(job) : null);
  if (job === null || loaded === null || job.width === null || job.height === null) return null;
  return { src: loaded, alt: titleOf(job), size: { width: job.width, height: job.height } };
}

function Caption({ job }: { job: Job }) {
  return (
    <p className="caption">
      <span className="caption-styles">
        {job.styles.map(({ url }) => (
          <img key={url} src={thumbnailUrl(url, 160)} alt="" />
        ))}
      </span>
      <a href={jobHash(job.id)} className="name">
        {job.number}: {titleOf(job)}
      </a>
    </p>
  );
}

function Table({ title, rows, jobs }: { title: string; rows: Difference[]; jobs: [Job, Job] }) {
  const id = title.toLowerCase();
  return (
    <section className="panel" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {rows.length === 0 ? (
        <p className="muted">The same pictures, network and settings.</p>
      ) : (
        <table className="differences">
          <thead>
            <tr>
              <td />
              {jobs.map(({ id: job, number }) => (
                <th key={job} scope="col">
                  Picture {number}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, values }) => (
              <tr key={name} data-same={values[0] === values[1]}>
                <th scope="row">{name}</th>
                {values.map((value, index) => (
                  <td key={index}>{value}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
