/** Files on their way into the draft, wherever they come from: read, checked, and refused with a sentence. */

import { useCallback, useEffect, useRef, useState, type Dispatch } from "react";

import type { Catalogue } from "../catalogue.ts";
import { count, list } from "../words.ts";
import { mostStyles, type Change, type Draft } from "./draft.ts";
import { fileProblem, looked, narrowProblem, type Field, type Looked } from "./files.ts";

/** A painted picture whose settings were taken over, and the draft before. */
export interface Restored {
  name: string;
  before: Draft;
}

export interface Intake {
  /** The names of the files that are being read, of each field. */
  reading: Record<Field, string[]>;
  /** What was wrong with the files that came last. */
  problems: Record<Field, string>;
  restored: Restored | null;
  take: (field: Field, files: File[], mix?: boolean) => Promise<void>;
  forget: (field: Field) => void;
  /** Another content was chosen: one that is still being read comes too late. */
  overtake: () => void;
  setRestored: (restored: Restored | null) => void;
}

export function useIntake(catalogue: Catalogue, draft: Draft, change: Dispatch<Change>): Intake {
  const [reading, setReading] = useState<Record<Field, string[]>>({ content: [], style: [] });
  const [problems, setProblems] = useState<Record<Field, string>>({ content: "", style: "" });
  const [restored, setRestored] = useState<Restored | null>(null);
  const contents = useRef(0);
  const latest = useRef(draft);
  useEffect(() => {
    latest.current = draft;
  }, [draft]);

  const tell = useCallback((field: Field, sentence: string) => setProblems((all) => ({ ...all, [field]: sentence })), []);
  const forget = useCallback((field: Field) => tell(field, ""), [tell]);
  const overtake = useCallback(() => {
    contents.current += 1;
  }, []);

  /** Those of the files that can be used; what is wrong with the last of the others is told. */
  const read = async (field: Field, files: File[]): Promise<Looked[]> => {
    const { limits } = catalogue;
    const names = files.map(({ name }) => name);
    tell(field, "");
    setReading((all) => ({ ...all, [field]: [...all[field], ...names] }));
    const found = await Promise.all(
      files.map(async (file) => {
        try {
          const problem = fileProblem(file, field, limits);
          if (problem !== "") throw new Error(problem);
          const one = await looked(file, field, limits);
          const narrow = narrowProblem(file.name, one.own, field, latest.current.texts, limits);
          if (narrow !== "") {
            URL.revokeObjectURL(one.own.url);
            throw new Error(narrow);
          }
          return [one];
        } catch (error) {
          tell(field, (error as Error).message);
          return [];
        }
      }),
    );
    setReading((all) => {
      const left = [...all[field]];
      for (const name of names) left.splice(left.indexOf(name), 1);
      return { ...all, [field]: left };
    });
    return found.flat();
  };

  const take = async (field: Field, files: File[], mix = false) => {
    if (field === "content") {
      const mine = ++contents.current;
      const [one] = await read("content", files.slice(0, 1));
      if (!one) return;
      if (mine !== contents.current) return URL.revokeObjectURL(one.own.url);
      restore(one, files[0]!.name);
      return change({ kind: "content", content: { kind: "own", own: one.own } });
    }
    const found = await read("style", files);
    if (found.length === 0) return;
    const { current } = latest;
    const most = mostStyles(current, catalogue);
    const room = most - (mix || current.each ? current.styles.length : 0);
    const taken = found.slice(0, Math.max(0, room));
    for (const { own } of found.slice(taken.length)) URL.revokeObjectURL(own.url);
    if (taken.length < found.length) {
      const names = list(found.slice(taken.length).map(({ own }) => own.file.name));
      tell("style", `At most ${count(most, "style")} can be chosen: ${names} ${found.length - taken.length === 1 ? "was" : "were"} left out.`);
    }
    if (taken.length === 0) return;
    if (taken.length === 1) restore(taken[0]!, taken[0]!.own.file.name);
    change({ kind: "ownStyles", own: taken.map(({ own }) => own), mix });
  };

  const restore = ({ painted }: Looked, name: string) => {
    setRestored(painted === null ? null : { name, before: latest.current });
    if (painted !== null) change({ kind: "restore", painted });
  };

  return { reading, problems, restored, take, forget, overtake, setRestored };
}
