import type { EpochEvent, Job } from "../types.ts";
import { figure } from "../words.ts";
import { Curve, type Series } from "./Curve.tsx";
import type { Point } from "./curve.ts";

/** The costs now, and how they came down. Content and style are weighed, so that they add up to the total. */
export function CostPanel({ job, rows }: { job: Job; rows: EpochEvent[] }) {
  const alpha = Number(job.settings.alpha);
  const beta = Number(job.settings.beta);
  const series: Series[] = [
    { name: "Total", key: "total", points: rows.map(({ epoch, total }) => point(epoch, total)) },
    { name: "Style × beta", key: "style", points: rows.map(({ epoch, style }) => point(epoch, style, beta)) },
    { name: "Content × alpha", key: "content", points: rows.map(({ epoch, content }) => point(epoch, content, alpha)) },
  ];
  return (
    <section className="panel" aria-labelledby="costs-heading">
      <h2 id="costs-heading">Costs</h2>
      {job.costs && (
        <dl className="costs">
          <Cost name="Total cost" value={job.costs.total} />
          <Cost name="Style cost" value={job.costs.style} />
          <Cost name="Content cost" value={job.costs.content} />
        </dl>
      )}
      {rows.length > 1 && <Curve series={series} epochs={Math.max(job.epochs, rows.at(-1)!.epoch)} />}
      {Number(job.settings.scales) > 1 && (
        <p className="help">Painted in {String(job.settings.scales)} sizes: the costs jump where the next one begins.</p>
      )}
    </section>
  );
}

function point(epoch: number, cost: number | null, weight = 1): Point {
  return { epoch, cost: cost === null ? NaN : weight * cost };
}

function Cost({ name, value }: { name: string; value: number | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={String(value ?? "")}>{figure(value)}</dd>
    </div>
  );
}
