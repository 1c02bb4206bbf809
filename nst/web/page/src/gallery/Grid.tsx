/** The cards in rows, of which only those near the window are in the document; a grid for the keyboard. */

import { defaultRangeExtractor, useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";

import type { JobCard } from "../types.ts";
import { Face } from "./Card.tsx";
import { moved } from "./list.ts";

const GAP = 18;
const NARROWEST = 200;
const NARROWEST_ON_PHONES = 145;
const WORDS = 5.4; // rem below the picture: three lines, which never wrap
/** Rows that are drawn above and below the window, so that a quick turn of the wheel meets no empty ones. */
const OVERSCAN = 3;
/** The next page is asked for when so many rows are left below the window. */
const AHEAD = 8;
/** The page's bars hide so many pixels of the window's edges. */
const BARS = 90;

interface Props {
  cards: JobCard[];
  total: number;
  /** The id of the card that the keyboard is on. */
  active: string | null;
  selected: ReadonlySet<string>;
  now: number;
  /** Where the page is scrolled to when the cards are there for the first time. */
  scroll: number | null;
  onActive: (id: string) => void;
  onSelect: (id: string, range: boolean) => void;
  onCancel: (job: JobCard) => void;
  /** Keys other than those that move: the grid itself knows nothing of what can be done with cards. */
  onKey: (event: KeyboardEvent) => void;
  /** The last rows come into sight. */
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
    // What has the focus stays in the document, or the focus would be lost.
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

  // A card that comes into the document for it has the focus as soon as it is there; on return the one that had it.
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

interface CellProps {
  job: JobCard;
  column: number;
  active: boolean;
  selected: boolean;
  now: number;
  onActive: (id: string) => void;
  onSelect: (id: string, range: boolean) => void;
  onCancel: (job: JobCard) => void;
}

const Cell = memo(function Cell({ job, column, active, selected, now, onActive, onSelect, onCancel }: CellProps) {
  const tabIndex = active ? 0 : -1;
  const press = (event: MouseEvent) => {
    if (!event.shiftKey || (event.target as HTMLElement).closest("button, label") !== null) return;
    event.preventDefault(); // of a new window
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
          aria-label={`Select number ${job.number}`}
          onChange={(event) => onSelect(job.id, (event.nativeEvent as globalThis.MouseEvent).shiftKey)}
        />
      </label>
    </div>
  );
});

/** How many cards stand side by side, how high a row is with the gap below it, and where the first one begins. */
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
    // What stands above the grid moves it.
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [grid, measure]);
  return found;
}
