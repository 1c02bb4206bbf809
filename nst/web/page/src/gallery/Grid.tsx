/** The cards as a grid that can be navigated from the keyboard. Only rows near the window are in the document. */

import { defaultRangeExtractor, useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";

import type { JobCard } from "../types.ts";
import { Face } from "./Card.tsx";
import { moved } from "./list.ts";

const GAP = 18;
const NARROWEST = 200;
const NARROWEST_ON_PHONES = 145;
const WORDS = 5.4; // rem below the picture, for three lines that never wrap
/** Rows rendered above and below the window, so that fast scrolling does not show gaps. */
const OVERSCAN = 3;
/** How many rows before the end the next page is requested. */
const AHEAD = 8;
/** Pixels at the edges of the window that bars may cover. */
const BARS = 90;

interface Props {
  cards: JobCard[];
  total: number;
  /** The id of the card that has the keyboard focus. */
  active: string | null;
  selected: ReadonlySet<string>;
  now: number;
  /** Where to scroll once the cards are shown. */
  scroll: number | null;
  onActive: (id: string) => void;
  onSelect: (id: string, range: boolean) => void;
  onCancel: (job: JobCard) => void;
  /** Handles keys other than those that move. */
  onKey: (event: KeyboardEvent) => void;
  /** The last rows are about to become visible. */
  onEnd: () => void;
}

export function Grid({ cards, total, active, selected, now, scroll, onActive, onSelect, onCancel, onKey, onEnd }: Props) {
  const grid = useRef<HTMLDivElement>(null);
  const { columns, height, top } = useMeasures(grid);
  const rows = Math.ceil(cards.length / columns);
  const at = Math.max(0, active === null ? 0 : cards.findIndex(({ id }) => id === active));
  const activeRow = Math.floor(at / columns);
  const virtual = useWindowVirtualizer({
    count: rows,
    estimateSize: () => height,
    overscan: OVERSCAN,
    scrollMargin: top,
    scrollPaddingStart: BARS,
    scrollPaddingEnd: BARS,
    // Keep the row with the focus, or the focus would be lost.
    rangeExtractor: (range) => {
      const found = defaultRangeExtractor(range);
      return found.includes(activeRow) || activeRow >= rows ? found : [...found, activeRow].sort((a, b) => a - b);
    },
  });
  useLayoutEffect(() => virtual.measure(), [virtual, height]);

  const restored = useRef(scroll === null);
  useLayoutEffect(() => {
    if (restored.current || height === 0 || scroll === null) return;
    restored.current = true;
    window.scrollTo(0, scroll);
  }, [height, scroll]);

  const last = virtual.range?.endIndex ?? 0;
  const missing = cards.length < total;
  useEffect(() => {
    if (!missing || height === 0) return;
    const seen = (window.scrollY + window.innerHeight - top) / height;
    if (seen >= rows - AHEAD) onEnd();
  }, [missing, height, top, last, rows, onEnd]);

  // The next card to focus may not be in the document yet. On return, it is the card that was left.
  const focusNext = useRef(scroll !== null && active !== null);
  useEffect(() => {
    if (!focusNext.current) return;
    const link = grid.current?.querySelector<HTMLElement>(`[data-id="${active}"] a`);
    if (!link) return;
    focusNext.current = false;
    link.focus({ preventScroll: true });
  });

  const press = (event: KeyboardEvent) => {
    const inView = Math.max(1, Math.floor(window.innerHeight / height) - 1);
    const plain = !(event.altKey || event.ctrlKey || event.metaKey);
    const to = plain ? moved(event.key, at, columns, cards.length, inView) : null;
    if (to === null) return onKey(event);
    event.preventDefault();
    const card = cards[to];
    if (card === undefined || to === at) return;
    focusNext.current = true;
    if (event.shiftKey) onSelect(card.id, true);
    onActive(card.id);
    virtual.scrollToIndex(Math.floor(to / columns));
  };

  return (
    <div
      ref={grid}
      className="gallery-grid"
      role="grid"
      aria-label="Pictures"
      aria-multiselectable="true"
      aria-rowcount={Math.ceil(total / columns)}
      aria-colcount={columns}
      onKeyDown={press}
      style={{ height: Math.max(0, rows * height - GAP) }}
    >
      {height > 0 &&
        virtual.getVirtualItems().map(({ index, start }) => (
          <div
            key={index}
            role="row"
            aria-rowindex={index + 1}
            className="gallery-row"
            style={{ transform: `translateY(${start - top}px)`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
          >
            {cards.slice(index * columns, (index + 1) * columns).map((job, column) => (
              <Cell
                key={job.id}
                job={job}
                column={column + 1}
                active={index * columns + column === at}
                selected={selected.has(job.id)}
                now={now}
                onActive={onActive}
                onSelect={onSelect}
                onCancel={onCancel}
              />
            ))}
          </div>
        ))}
    </div>
  );
}

interface CellProps extends Pick<Props, "now" | "onActive" | "onSelect" | "onCancel"> {
  job: JobCard;
  column: number;
  active: boolean;
  selected: boolean;
}

const Cell = memo(function Cell({ job, column, active, selected, now, onActive, onSelect, onCancel }: CellProps) {
  const tabIndex = active ? 0 : -1;
  const press = (event: MouseEvent) => {
    if (!event.shiftKey || (event.target as HTMLElement).closest("button, label") !== null) return;
    event.preventDefault(); // shift-click would open a window
    onSelect(job.id, true);
  };
  return (
    <div
      role="gridcell"
      aria-colindex={column}
      aria-selected={selected}
      className="picture"
      data-state={job.state}
      data-id={job.id}
      onClick={press}
      onFocus={() => onActive(job.id)}
    >
      <Face job={job} now={now} onCancel={onCancel} tabIndex={tabIndex} />
      <label className="pick">
        <input
          type="checkbox"
          checked={selected}
          tabIndex={tabIndex}
          aria-label={`Select picture ${job.number}`}
          onChange={(event) => onSelect(job.id, (event.nativeEvent as globalThis.MouseEvent).shiftKey)}
        />
      </label>
    </div>
  );
});

/** The number of columns, the height of a row with its gap, and the top of the grid. */
function useMeasures(grid: React.RefObject<HTMLElement | null>) {
  const [found, setFound] = useState({ columns: 1, height: 0, top: 0 });
  const measure = useCallback(() => {
    const element = grid.current;
    if (element === null) return;
    const width = element.clientWidth;
    const narrowest = width < 560 ? NARROWEST_ON_PHONES : NARROWEST;
    const columns = Math.max(1, Math.floor((width + GAP) / (narrowest + GAP)));
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const height = Math.round(((width - GAP * (columns - 1)) / columns) * 0.75 + WORDS * rem) + GAP;
    const top = Math.round(element.getBoundingClientRect().top + window.scrollY);
    setFound((now) => (now.columns === columns && now.height === height && now.top === top ? now : { columns, height, top }));
  }, [grid]);
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(grid.current!);
    // Anything above the grid may move it.
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [grid, measure]);
  return found;
}
