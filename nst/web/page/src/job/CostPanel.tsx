import type { EpochEvent, Job } from "../types.ts";
import { figure } from "../words.ts";
import { Curve, type Series } from "./Curve.tsx";
import type { Point } from "./curve.ts";

/** The current costs and their curve. Style and content are weighted, so that they add up to the total. */
export function CostPanel({ job, rows }: { job: Job; rows: EpochEvent[] }) {
  const beta = Number(job.settings.beta);
  const variation = Number(job.settings.tv_weight);
  const video = job.kind === "video";
  const first = video ? 1 : 0; // frames are counted from 1
  const series: Series[] = [
    { name: "Total", key: "total", points: rows.map(({ epoch, total }) => point(epoch + first, total)) },
    { name: "Style × beta", key: "style", points: rows.map(({ epoch, style }) => point(epoch + first, style, beta)) },
    {
      // The worker derives alpha from the strength, so we only know the product: the rest of the total.
      name: "Content × alpha",
      key: "content",
      points: rows.map(({ epoch, total, style, total_variation: rough }) =>
        point(epoch, total === null || style === null || rough === null ? null : total - beta * style - variation * rough),
      ),
    },
  ];
  return (
    <section className="panel" aria-labelledby="costs-heading">
      <h2 id="costs-heading">Costs</h2>
      {job.costs && (
        <dl className="costs">
          <Cost name="Total cost" value={job.costs.total} />
          <Cost name="Style cost" value={job.costs.style} />
          <Cost name="Content cost" value={job.costs.content} />
          {video && <Cost name="Temporal cost" value={job.costs.temporal ?? null} />}
        </dl>
      )}
      {rows.length > 1 && (
        // A frame's total includes the temporal cost, so its content cost is unknown.
        <Curve
          series={video ? series.slice(0, 2) : series}
          epochs={Math.max(job.epochs, rows.at(-1)!.epoch)}
          unit={video ? "frame" : "epoch"}
          marks={job.sizes.map(({ width, height, first: epoch }) => ({ epoch, label: `${width} × ${height}` }))}
          changes={job.steering.map(({ epoch }) => epoch)}
        />
      )}
      {job.steering.length > 0 && <p className="help">A dotted line marks a change; costs before and after it are not comparable.</p>}
      {!video && Number(job.settings.scales) > 1 && (
        <p className="help">
          Painted at {String(job.settings.scales)} sizes; the costs jump where the next one starts
          {job.sizes.length > 1 && " (dashed lines)"}.
        </p>
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
