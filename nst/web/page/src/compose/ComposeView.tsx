import { useEffect, useId, useRef, useState, type Dispatch, type FormEvent } from "react";

import { ApiError, postJob } from "../api.ts";
import { presetOf, type Catalogue } from "../catalogue.ts";
import { History } from "../history/History.tsx";
import type { HistoryState } from "../history/useHistory.ts";
import { fieldId } from "../parts/Problem.tsx";
import type { Job } from "../types.ts";
import { bytes } from "../words.ts";
import { ContentPicker } from "./ContentPicker.tsx";
import { kindOf, styleCount, type Change, type Draft, type Own } from "./draft.ts";
import { DropTarget } from "./DropTarget.tsx";
import { fileProblem, filesOf, looked, type Field } from "./files.ts";
import { MoreSettings } from "./MoreSettings.tsx";
import { PaintBar } from "./PaintBar.tsx";
import { bodyBytes, formOf } from "./request.ts";
import { IN_FRONT, SettingsPanel } from "./SettingsPanel.tsx";
import { check } from "./settings.ts";
import { Showcase } from "./Showcase.tsx";
import { StylePicker } from "./StylePicker.tsx";

/** What is wrong, by the name of the field; "" for what no field is to blame for. */
export type Errors = Record<string, string>;

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  change: Dispatch<Change>;
  history: HistoryState;
  onSent: (job: Job) => void;
}

export function ComposeView({ catalogue, draft, change, history, onSent }: Props) {
  const { limits } = catalogue;
  const kind = kindOf(draft);
  const settings = catalogue.settings.filter(({ only }) => only === null || only === kind);
  const [errors, setErrors] = useState<Errors>({});
  const [sent, setSent] = useState<number | null>(null);
  // The files that are being looked at, of each field.
  const [reading, setReading] = useState<Record<Field, string[]>>({ content: [], style: [] });
  // Counts the contents chosen: one that takes long to be read does not take the place of a later one.
  const contents = useRef(0);
  const form = useRef<HTMLFormElement>(null);
  const headingId = useId();
  useFocusOnError(errors, form);

  const set = (field: string, sentence: string) => setErrors((all) => ({ ...all, [field]: sentence }));
  const edit: Dispatch<Change> = (next) => {
    setErrors((all) => without(all, fieldsOf(next, all)));
    if (next.kind === "content" || next.kind === "pair") contents.current += 1;
    change(next);
  };

  /** Those of the files that are taken; the last of the others is told of at the field. */
  const taken = async (field: Field, files: File[]): Promise<Own[]> => {
    const refused = files.map((file) => fileProblem(file, field, limits));
    const names = files.map(({ name }) => name).filter((_, index) => refused[index] === "");
    set(field, refused.find((problem) => problem !== "") ?? "");
    setReading((all) => ({ ...all, [field]: [...all[field], ...names] }));
    const own = await Promise.all(
      files.map(async (file, index) => {
        if (refused[index] !== "") return [];
        try {
          return [await looked(file, field, limits)];
        } catch (problem) {
          set(field, (problem as Error).message);
          return [];
        }
      }),
    );
    setReading((all) => ({ ...all, [field]: all[field].filter((name) => !names.includes(name)) }));
    return own.flat();
  };
  const takeContent = async (files: File[]) => {
    const mine = ++contents.current;
    const [own] = await taken("content", files.slice(0, 1));
    if (own && mine === contents.current) change({ kind: "content", content: { kind: "own", own } });
  };
  const takeStyles = async (files: File[]) => {
    const own = await taken("style", files);
    if (own.length > 0) change({ kind: "addStyles", own });
  };
  usePaste((files, inStyles) => void (inStyles ? takeStyles(files) : takeContent(files)));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (sent !== null) return;
    const { changed, errors: wrong } = check(settings, draft.texts, presetOf(catalogue, draft.preset, draft.network));
    if (draft.content === null) wrong.content = "Choose the picture or video to paint.";
    if (styleCount(draft) === 0) wrong.style = "Choose at least one style.";
    if (styleCount(draft) > limits.styles) wrong.style = `At most ${limits.styles} styles share one picture.`;
    if (bodyBytes(draft) > limits.body_bytes) {
      wrong[""] = `The files have ${bytes(bodyBytes(draft))} in all; at most ${bytes(limits.body_bytes)} are taken at once.`;
    }
    setErrors(wrong);
    if (Object.keys(wrong).length > 0) return;
    setSent(0);
    try {
      onSent(await postJob(formOf(draft, changed), setSent));
    } catch (refusal) {
      const { field, message } = refusal as ApiError;
      const shown = field !== null && document.getElementById(fieldId(field)) !== null;
      setErrors({ [shown ? field : ""]: message });
    } finally {
      setSent(null);
    }
  };

  // Whether there is a history decides what stands above the form, which must not move under the pointer.
  if (history.jobs === null) return <p className="page-note">Opening the studio…</p>;
  const empty = history.jobs.length === 0;
  return (
    <>
      <div className="intro">
        <h1 tabIndex={-1} id={headingId}>
          {empty ? "Paint a picture in the style of another" : "New painting"}
        </h1>
        {empty && (
          <Showcase
            catalogue={catalogue}
            onChoose={(pair) => {
              edit({ kind: "pair", ...pair });
              form.current?.scrollIntoView({ block: "start" });
            }}
          />
        )}
      </div>
      <form ref={form} className="compose" onSubmit={submit} noValidate aria-labelledby={headingId}>
        <div className="compose-columns">
          <div className="compose-pictures">
            <ContentPicker
              samples={catalogue.contents}
              content={draft.content}
              error={errors.content}
              reading={reading.content}
              onFiles={takeContent}
              onChange={(content) => edit({ kind: "content", content })}
            />
            <StylePicker
              samples={catalogue.styles}
              most={limits.styles}
              draft={draft}
              error={errors.style}
              reading={reading.style}
              onFiles={takeStyles}
              change={edit}
            />
          </div>
          <SettingsPanel catalogue={catalogue} draft={draft} errors={errors} change={edit} />
        </div>
        <MoreSettings
          settings={settings.filter(({ name }) => !IN_FRONT.includes(name))}
          preset={presetOf(catalogue, draft.preset, draft.network)}
          texts={draft.texts}
          errors={errors}
          change={edit}
        />
        <PaintBar catalogue={catalogue} draft={draft} error={errors[""]} sent={sent} />
      </form>
      {!empty && <History history={history} />}
      <DropTarget onContent={takeContent} onStyles={takeStyles} />
    </>
  );
}

/** The fields that a change puts right, or at least anew. */
function fieldsOf(change: Change, errors: Errors): string[] {
  switch (change.kind) {
    case "content":
      return ["content", ""];
    case "addStyles":
    case "removeStyle":
    case "toggleStyle":
    case "dropEarlierStyles":
      return ["style", ""];
    case "pair":
      return ["content", "style", ""];
    case "network":
      return ["network", ""];
    case "texts":
      return [...Object.keys(change.texts), ""];
    case "preset":
      return Object.keys(errors).filter((field) => field !== "content" && field !== "style");
    case "use":
    case "again":
      return [];
  }
}

function without(errors: Errors, fields: string[]): Errors {
  return Object.fromEntries(Object.entries(errors).filter(([field]) => !fields.includes(field)));
}

/** Takes the focus to the first field that is wrong, in the order of the page. */
function useFocusOnError(errors: Errors, form: React.RefObject<HTMLFormElement | null>) {
  useEffect(() => {
    const wrong = Object.keys(errors).filter((field) => errors[field]);
    if (wrong.length === 0) return;
    const fields = Array.from(form.current!.querySelectorAll<HTMLElement>("[id^='field-']"));
    const first = fields.find((element) => wrong.some((field) => element.id === fieldId(field)));
    const folded = first?.closest("details");
    if (folded) folded.open = true;
    first?.focus();
  }, [errors, form]);
}

function usePaste(onFiles: (files: File[], inStyles: boolean) => void) {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const files = filesOf(event.clipboardData);
      if (files.length === 0) return;
      event.preventDefault();
      latest.current(files, document.activeElement?.closest("[data-area='styles']") !== null);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, []);
}
