/** Files on their way into the draft, however they arrive: read, checked and refused with a reason. */

import { useEffect, useRef, useState, type Dispatch } from "react";

import type { Catalogue } from "../catalogue.ts";
import { count, list } from "../words.ts";
import { mostStyles, type Change, type Draft } from "./draft.ts";
import { fileProblem, narrowProblem, readFile, type Field, type Read } from "./files.ts";

/** A painted picture whose settings were loaded, and the draft before that. */
export interface Restored {
  name: string;
  before: Draft;
}

export interface Intake {
  /** The names of the files being read for each field. */
  reading: Record<Field, string[]>;
  /** What was wrong with the latest files. */
  problems: Record<Field, string>;
  restored: Restored | null;
  take: (field: Field, files: File[]) => Promise<void>;
  /** Clears the problem of a field. */
  forget: (field: Field) => void;
  /** Another content was chosen: ignore one still being read. */
  overtake: () => void;
  setRestored: (restored: Restored | null) => void;
}

export function useIntake(catalogue: Catalogue, draft: Draft, change: Dispatch<Change>): Intake {
  const [reading, setReading] = useState<Record<Field, string[]>>({ content: [], style: [] });
  const [problems, setProblems] = useState<Record<Field, string>>({ content: "", style: "" });
  const [restored, setRestored] = useState<Restored | null>(null);
  const contents = useRef(0);
  // A file takes a while to read, and the draft may have changed by then.
  const latest = useRef(draft);
  useEffect(() => {
    latest.current = draft;
  }, [draft]);

  const report = (field: Field, sentence: string) => setProblems((all) => ({ ...all, [field]: sentence }));
  const readOne = async (field: Field, file: File): Promise<Read> => {
    const problem = fileProblem(file, field, catalogue.limits);
    if (problem !== "") throw new Error(problem);
    const one = await readFile(file, field, catalogue.limits);
    const narrow = narrowProblem(one.own, field, latest.current.texts, catalogue.limits);
    if (narrow === "") return one;
    URL.revokeObjectURL(one.own.url);
    throw new Error(narrow);
  };
  /** Reads those that can be used, and reports what is wrong with the others. */
  const read = async (field: Field, files: File[]): Promise<Read[]> => {
    const names = files.map(({ name }) => name);
    report(field, "");
    setReading((all) => ({ ...all, [field]: [...all[field], ...names] }));
    const found = await Promise.all(
      files.map((file) =>
        readOne(field, file).catch((error: Error) => {
          report(field, error.message);
          return [];
        }),
      ),
    );
    setReading((all) => {
      const left = [...all[field]];
      for (const name of names) left.splice(left.indexOf(name), 1);
      return { ...all, [field]: left };
    });
    return found.flat();
  };

  const restore = ({ own, painted }: Read) => {
    setRestored(painted && { name: own.file.name, before: latest.current });
    if (painted !== null) change({ kind: "restore", painted });
  };
  const take = async (field: Field, files: File[]) => {
    if (field === "content") {
      const mine = ++contents.current;
      const [one] = await read("content", files.slice(0, 1));
      if (!one) return;
      if (mine !== contents.current) return URL.revokeObjectURL(one.own.url);
      restore(one);
      return change({ kind: "content", content: { kind: "own", own: one.own } });
    }
    const found = await read("style", files);
    if (found.length === 0) return;
    const { current } = latest;
    const most = mostStyles(current, catalogue);
    const room = most - (current.each ? current.styles.length : 0);
    const taken = found.slice(0, Math.max(0, room));
    const left = found.slice(taken.length);
    for (const { own } of left) URL.revokeObjectURL(own.url);
    if (left.length > 0) {
      const names = list(left.map(({ own }) => own.file.name));
      report("style", `At most ${count(most, "style")} can be chosen, so ${names} ${left.length === 1 ? "was" : "were"} left out.`);
    }
    if (taken.length === 0) return;
    if (taken.length === 1) restore(taken[0]!);
    change({ kind: "ownStyles", own: taken.map(({ own }) => own) });
  };

  return {
    reading,
    problems,
    restored,
    take,
    forget: (field) => report(field, ""),
    overtake: () => {
      contents.current += 1;
    },
    setRestored,
  };
}
