import { useRef, useState, type PointerEvent } from "react";

import { useSize } from "../parts/hooks.ts";
import { figure, shortFigure } from "../words.ts";
import { costScale, epochAt, linearTicks, nearest, path, thinned, x, y, type Box, type Point } from "./curve.ts";

export interface Series {
  name: string;
  key: "total" | "style" | "content";
  points: Point[];
}

/** The epoch at which a new size starts. */
interface Mark {
  epoch: number;
  label: string;
}

interface Props {
  /** All of the same epochs. */
  series: Series[];
  epochs: number;
  unit: "epoch" | "frame";
  marks?: Mark[];
  /** Epochs at which the picture was steered. */
  changes?: number[];
}

const HEIGHT = 230;
const MARGIN = { left: 46, right: 16, top: 22, bottom: 34 };
/** The most points of a line: more would share a pixel. */
const MOST = 400;
/** The width in pixels that a mark's label needs. */
const LABEL = 68;

/**
 * The costs over the epochs, or over the frames of a video, with a readout at the pointer or keyboard. Drawn at the size
 * of its box rather than scaled to it, which would scale the text too.
 */
export function Curve({ series, epochs, unit, marks = [], changes = [] }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = Math.floor(useSize(frame, { width: 320, height: HEIGHT }).width);
  const [hidden, setHidden] = useState<string[]>([]);
  const [pointed, setPointed] = useState<number | null>(null);
  const shown = series
    .filter(({ key }) => !hidden.includes(key))
    .map((each) => ({ ...each, points: thinned(each.points, MOST) }));
  const scale = costScale(shown.flatMap(({ points }) => points.map(({ cost }) => cost)));
  const box: Box = {
    left: MARGIN.left,
    top: MARGIN.top,
    width: Math.max(10, width - MARGIN.left - MARGIN.right),
    height: HEIGHT - MARGIN.top - MARGIN.bottom,
  };
  const floor = box.top + box.height;
  const all = series[0]!.points;
  const place = pointed === null ? all.length - 1 : nearest(all, pointed);
  const at = all[place]?.epoch ?? 0;
  const size = marks.findLast(({ epoch }) => epoch <= at)?.label;
  const said = `${unit === "epoch" ? "Epoch" : "Frame"} ${at}${size && marks.length > 1 ? `, ${size}` : ""}`;
  const values = series.map(({ name, points }) => `${name} ${figure(points[place]?.cost ?? null)}`);

  const follow = (event: PointerEvent<HTMLDivElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    setPointed(all[nearest(all, epochAt(event.clientX - left, epochs, box))]?.epoch ?? null);
  };
  const toggle = (key: string) =>
    setHidden((before) => {
      const without = before.filter((each) => each !== key);
      if (without.length < before.length) return without;
      return before.length + 1 < series.length ? [...before, key] : before; // one must stay
    });

  return (
    <figure className="curve">
      <div ref={frame} className="curve-frame" onPointerDown={follow} onPointerMove={follow} onPointerLeave={() => setPointed(null)}>
        <svg width={width} height={HEIGHT} role="img" aria-label={summary(series, scale.log, unit, marks)}>
          {scale.ticks.map((tick) => (
            <g key={tick} className="tick">
              <line x1={box.left} x2={box.left + box.width} y1={y(tick, scale, box)} y2={y(tick, scale, box)} />
              <text x={box.left - 7} y={y(tick, scale, box)} textAnchor="end" dominantBaseline="central">
                {shortFigure(tick)}
              </text>
            </g>
          ))}
          {linearTicks(0, epochs, Math.max(2, Math.floor(box.width / 70)))
            .filter(Number.isInteger)
            .map((tick) => (
              <text key={tick} x={x(tick, epochs, box)} y={floor + 14} textAnchor="middle">
                {tick}
              </text>
            ))}
          <text x={box.left + box.width / 2} y={HEIGHT - 4} textAnchor="middle">
            {unit}
          </text>
          {marks.length > 1 &&
            marks.map(({ epoch, label }, index) => {
              const from = x(epoch, epochs, box);
              const room = x(marks[index + 1]?.epoch ?? epochs, epochs, box) - from;
              return (
                <g key={epoch} className="size-mark">
                  {index > 0 && <line x1={from} x2={from} y1={box.top - 12} y2={floor} />}
                  {room >= LABEL && (
                    <text x={from + (index > 0 ? 5 : 0)} y={box.top - 8}>
                      {label}
                    </text>
                  )}
                </g>
              );
            })}
          {changes.map((epoch) => (
            <line key={epoch} className="mark" x1={x(epoch, epochs, box)} x2={x(epoch, epochs, box)} y1={box.top} y2={floor} />
          ))}
          {shown.map(({ key, points }) => (
            <path key={key} className={`line ${key}`} d={path(points, epochs, scale, box)} />
          ))}
          {pointed !== null && (
            <g className="pointed">
              <line x1={x(at, epochs, box)} x2={x(at, epochs, box)} y1={box.top} y2={floor} />
              {series.map(({ key, points }) => {
                const cost = points[place]?.cost ?? NaN;
                const drawn = !hidden.includes(key) && Number.isFinite(cost) && (!scale.log || cost > 0);
                return drawn && <circle key={key} className={key} r="4" cx={x(at, epochs, box)} cy={y(cost, scale, box)} />;
              })}
            </g>
          )}
        </svg>
        <input
          type="range"
          className="curve-at"
          min={all[0]?.epoch ?? 0}
          max={all.at(-1)?.epoch ?? 0}
          value={at}
          onChange={({ target }) => setPointed(Number(target.value))}
          onBlur={() => setPointed(null)}
          aria-label={unit === "epoch" ? "Costs at an epoch" : "Costs at a frame"}
          aria-valuetext={`${said}: ${values.join(", ")}`}
        />
      </div>
      <figcaption>
        <p className="readout" data-testid="readout">
          {said}
          {pointed === null && <span className="muted"> (latest)</span>}
        </p>
        <ul className="legend">
          {series.map(({ name, key, points }) => (
            <li key={key}>
              <button type="button" aria-pressed={!hidden.includes(key)} onClick={() => toggle(key)} title="Show or hide this line">
                <svg width="22" height="8" aria-hidden="true">
                  <path className={`line ${key}`} d="M1 4H21" />
                </svg>
                {name} <strong>{figure(points[place]?.cost ?? null)}</strong>
              </button>
            </li>
          ))}
          {scale.log && <li className="muted">logarithmic scale</li>}
        </ul>
      </figcaption>
    </figure>
  );
}

function summary(series: Series[], log: boolean, unit: string, marks: Mark[]): string {
  const lines = series.map(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first && last ? `${name} from ${figure(first.cost)} at ${unit} ${first.epoch} to ${figure(last.cost)} at ${unit} ${last.epoch}` : name;
  });
  const sizes = marks.length > 1 ? ` Sizes: ${marks.map(({ epoch, label }) => `${label} from ${unit} ${epoch}`).join(", ")}.` : "";
  return `Cost curve${log ? ", logarithmic" : ""}. ${lines.join("; ")}.${sizes}`;
}
