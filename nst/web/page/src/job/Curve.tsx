import { useEffect, useRef, useState } from "react";

import { figure, shortFigure } from "../words.ts";
import { costScale, linearTicks, path, thinned, x, y, type Box, type Point } from "./curve.ts";

export interface Series {
  name: string;
  key: "total" | "style" | "content";
  points: Point[];
}

interface Props {
  series: Series[];
  epochs: number;
  unit: "epoch" | "frame";
  /** Epochs at which the costs change their meaning. */
  marks?: number[];
}

const HEIGHT = 220;
const MARGIN = { left: 46, right: 16, top: 10, bottom: 34 };
/** Points of a line: more than its pixels show nothing. */
const MOST = 400;

/** The costs over the epochs, or over the frames of a video. Drawn in the pixels that it has, so that its words keep their size. */
export function Curve({ series, epochs, unit, marks = [] }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const shown = series.map((each) => ({ ...each, points: thinned(each.points, MOST) }));
  const scale = costScale(shown.flatMap(({ points }) => points.map(({ cost }) => cost)));
  const box: Box = {
    left: MARGIN.left,
    top: MARGIN.top,
    width: Math.max(10, width - MARGIN.left - MARGIN.right),
    height: HEIGHT - MARGIN.top - MARGIN.bottom,
  };
  const floor = box.top + box.height;
  return (
    <figure className="curve">
      <div ref={frame}>
        <svg width={width} height={HEIGHT} role="img" aria-label={summary(series, scale.log, unit)}>
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
          {marks.map((epoch) => (
            <line key={epoch} className="mark" x1={x(epoch, epochs, box)} x2={x(epoch, epochs, box)} y1={box.top} y2={floor} />
          ))}
          {shown.map(({ key, points }) => (
            <path key={key} className={`line ${key}`} d={path(points, epochs, scale, box)} />
          ))}
        </svg>
      </div>
      <figcaption>
        <ul className="legend">
          {series.map(({ name, key }) => (
            <li key={key}>
              <svg width="22" height="8" aria-hidden="true">
                <path className={`line ${key}`} d="M1 4H21" />
              </svg>
              {name}
            </li>
          ))}
          {scale.log && <li className="muted">logarithmic scale</li>}
        </ul>
      </figcaption>
    </figure>
  );
}

function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(320);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

function summary(series: Series[], log: boolean, unit: string): string {
  const lines = series.map(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first && last ? `${name} from ${figure(first.cost)} at ${unit} ${first.epoch} to ${figure(last.cost)} at ${unit} ${last.epoch}` : name;
  });
  return `Cost curve${log ? ", logarithmic" : ""}. ${lines.join("; ")}.`;
}
