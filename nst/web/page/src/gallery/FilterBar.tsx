import { useEffect, useId, useRef, useState } from "react";

import type { GalleryChoices } from "../types.ts";
import { EVERYTHING, isFiltered, SORTS, STATES, type Query } from "./query.ts";

const PAUSE = 250; // milliseconds without typing before the search starts

interface Props {
  query: Query;
  choices: GalleryChoices;
  onChange: (query: Query) => void;
}

export function FilterBar({ query, choices, onChange }: Props) {
  const set = (change: Partial<Query>) => onChange({ ...query, ...change });
  const videos = choices.kinds.video !== undefined || query.kind !== "";
  return (
    <form className="filters" role="search" aria-label="Pictures" onSubmit={(event) => event.preventDefault()}>
      <SearchField value={query.q} onChange={(q) => set({ q })} />
      <Choice name="State" value={query.state} all="All states" options={counted(choices.states, query.state, STATES)} onChange={(state) => set({ state })} />
      {videos && (
        <Choice
          name="Kind"
          value={query.kind}
          all="Pictures and videos"
          options={{ picture: "Pictures", video: "Videos" }}
          onChange={(kind) => set({ kind })}
        />
      )}
      <Choice name="Preset" value={query.preset} all="All presets" options={counted(choices.presets, query.preset)} onChange={(preset) => set({ preset })} />
      <Choice name="Style" value={query.style} all="All styles" options={counted(choices.styles, query.style)} onChange={(style) => set({ style })} />
      <Choice name="Sort" value={query.sort} options={SORTS} onChange={(sort) => set({ sort: sort || "newest" })} />
      {isFiltered(query) && (
        <button type="button" className="button quiet" onClick={() => onChange({ ...EVERYTHING, sort: query.sort })}>
          Clear
        </button>
      )}
    </form>
  );
}

function SearchField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const id = useId();
  const [text, setText] = useState(value);
  const timer = useRef<number | undefined>(undefined);
  // Follow other changes of the search, but not the echo of what was typed here.
  const sent = useRef(value);
  useEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const send = (typed: string) => {
    window.clearTimeout(timer.current);
    sent.current = typed;
    onChange(typed);
  };
  // By the time the search starts, the other filters may have changed.
  const latest = useRef(send);
  useEffect(() => {
    latest.current = send;
  });
  return (
    <div className="search">
      <label className="visually-hidden" htmlFor={id}>
        Search
      </label>
      <input
        id={id}
        type="search"
        value={text}
        maxLength={200}
        placeholder="Content, style, preset or #number"
        autoComplete="off"
        onChange={({ target }) => {
          setText(target.value);
          window.clearTimeout(timer.current);
          timer.current = window.setTimeout(() => latest.current(target.value), PAUSE);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") send(text);
        }}
      />
    </div>
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  value: T | "";
  /** The label of the option for no filter; omitted if there is always a value. */
  all?: string;
  options: Partial<Record<T, string>>;
  onChange: (value: T | "") => void;
}

function Choice<T extends string>({ name, value, all, options, onChange }: ChoiceProps<T>) {
  return (
    <select className="choice" aria-label={name} value={value} onChange={({ target }) => onChange(target.value as T | "")} data-set={value !== "" && all !== undefined}>
      {all !== undefined && <option value="">{all}</option>}
      {(Object.entries(options) as [T, string][]).map(([option, title]) => (
        <option key={option} value={option}>
          {title}
        </option>
      ))}
    </select>
  );
}

/** The values that any picture has, and the chosen one, with the number of pictures. */
function counted(counts: Record<string, number>, chosen: string, titles: Record<string, string> = {}): Record<string, string> {
  const all = chosen === "" || Object.hasOwn(counts, chosen) ? counts : { ...counts, [chosen]: 0 };
  return Object.fromEntries(Object.entries(all).map(([name, count]) => [name, `${titles[name] ?? name} (${count.toLocaleString("en")})`]));
}
