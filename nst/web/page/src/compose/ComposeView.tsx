import { useEffect, useId, useRef, useState, type Dispatch, type FormEvent } from "react";

import { useAnnounce } from "../announce.tsx";
import { ApiError, postJob } from "../api.ts";
import { canDraft, presetOf, SMALL, type Catalogue } from "../catalogue.ts";
import { History } from "../history/History.tsx";
import type { HistoryState } from "../history/useHistory.ts";
import { appendMasks } from "../masks/draftMasks.ts";
import { fieldId } from "../parts/Field.tsx";
import { jobHash } from "../route.ts";
import type { Job } from "../types.ts";
import { bytes, count } from "../words.ts";
import { ContentPicker } from "./ContentPicker.tsx";
import { kindOf, mostStyles, type Change, type Draft } from "./draft.ts";
import { useEstimate } from "./estimate.ts";
import { narrowProblem, type Field } from "./files.ts";
import type { Intake } from "./intake.ts";
import { MoreSettings } from "./MoreSettings.tsx";
import { DRAFT, DRAFT_SECONDS, PaintBar } from "./PaintBar.tsx";
import { bodyBytes, formOf, wantedOf, type Sent } from "./request.ts";
import { RestoredNote } from "./RestoredNote.tsx";
import { ELSEWHERE, IN_FRONT, SettingsPanel } from "./SettingsPanel.tsx";
import { check, parse, VARIATIONS, VIDEO_END } from "./settings.ts";
import { Showcase } from "./Showcase.tsx";
import { StylePicker } from "./StylePicker.tsx";

/** What is wrong, by field; "" is what no field is to blame for. */
export type Errors = Record<string, string>;

interface Props {
  catalogue: Catalogue;
  draft: Draft;
  change: Dispatch<Change>;
  intake: Intake;
  history: HistoryState;
  /** The only picture was queued. */
  onSent: (job: Job) => void;
  /** One of several pictures was queued. */
  onQueued: (job: Job) => void;
}

export function ComposeView({ catalogue, draft, change, intake, history, onSent, onQueued }: Props) {
  const { limits } = catalogue;
  const kind = kindOf(draft);
  const settings = [...catalogue.settings, VIDEO_END].filter(({ only }) => only === null || only === kind);
  const preset = presetOf(catalogue, draft.preset, draft.network);
  const checked = check(settings, draft.texts, preset);
  const paintings = wantedOf(draft);
  const [errors, setErrors] = useState<Errors>({});
  const [sent, setSent] = useState<number | null>(null);
  // Several pictures that were queued together.
  const [queued, setQueued] = useState<{ first: Job; number: number } | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const headingId = useId();
  const announce = useAnnounce();
  useFocusOnError(errors, form);
  const ended = (history.jobs ?? []).map(({ id, state }) => `${id}${state}`).join();
  const wrong = Object.keys(checked.errors).length > 0;
  const estimate = useEstimate(catalogue, draft, wrong ? null : checked.changed, ended);
  useEffect(() => setErrors((all) => without(all, ["content_mask", "style_mask"])), [draft.masks]);

  const edit: Dispatch<Change> = (next) => {
    setErrors((all) => without(all, fieldsOf(next, all)));
    setQueued(null);
    if (next.kind === "content" || next.kind === "pair") {
      intake.overtake();
      intake.forget("content");
    }
    if (["style", "removeStyle", "discard", "pair", "each"].includes(next.kind)) intake.forget("style");
    change(next);
  };
  const take = (field: Field) => (files: File[]) => {
    setErrors((all) => without(all, [field, ""]));
    void intake.take(field, files);
  };
  const full = () => {
    const most = mostStyles(draft, catalogue);
    const sentence = draft.each
      ? `At most ${most} pictures can be painted at once. Remove a style first.`
      : `At most ${most} styles can be mixed. Remove one from the mix first.`;
    setErrors((all) => ({ ...all, style: sentence }));
    announce(sentence);
  };

  const problems = (): Errors => {
    const found: Errors = { ...checked.errors };
    const { content, styles, texts } = draft;
    if (content === null) found.content = "Choose the picture or video to paint.";
    if (content?.kind === "own") found.content = narrowProblem(content.own, "content", texts, limits);
    if (styles.length === 0) found.style = "Choose at least one style.";
    for (const style of styles) if (style.kind === "own") found.style ||= narrowProblem(style.own, "style", texts, limits);
    const variations = parse(VARIATIONS, draft.variations);
    if ("error" in variations) found.variations = variations.error;
    const largest = Math.max(0, ...paintings.map((wanted) => bodyBytes(draft, wanted)));
    if (largest > limits.body_bytes) found[""] = `The files have ${bytes(largest)} in total; the limit is ${bytes(limits.body_bytes)}.`;
    return Object.fromEntries(Object.entries(found).filter(([, problem]) => problem !== ""));
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (sent !== null) return;
    const found = problems();
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    setSent(0);
    const { submitter } = event.nativeEvent as SubmitEvent;
    const drafted = submitter?.getAttribute("name") === DRAFT;
    const asked = drafted ? { ...draft, network: SMALL } : draft;
    const done: Job[] = [];
    try {
      let before: Sent | null = null;
      for (const [index, wanted] of paintings.entries()) {
        const sending = formOf(asked, wanted, checked.changed, before);
        if (drafted) sending.set("video_end", String(Math.min(DRAFT_SECONDS, Number(checked.changed.video_end ?? DRAFT_SECONDS))));
        // A repetition of the picture before has its masks, too.
        const repeated = (before as Sent | null)?.styles === wanted.styles;
        if (!repeated) await appendMasks(sending, draft, wanted.styles.map(({ key }) => key));
        const job = await postJob(sending, (share) => setSent((index + share) / paintings.length));
        before = { id: job.id, styles: wanted.styles };
        done.push(job);
        if (paintings.length > 1) onQueued(job);
      }
      intake.setRestored(null);
      if (paintings.length === 1) onSent(done[0]!);
      else announce(`${count(done.length, "picture")} are in the queue.`);
    } catch (refusal) {
      const { field = null, message } = refusal as ApiError;
      const shown = field !== null && document.getElementById(fieldId(field)) !== null;
      const some = done.length > 0 ? `${done.length} of ${count(paintings.length, "picture")} were queued. ` : "";
      setErrors({ [shown ? field : ""]: `${some}${message}` });
    } finally {
      setSent(null);
      if (paintings.length > 1 && done.length > 0) setQueued({ first: done[0]!, number: done.length });
    }
  };

  // Whether there is a history decides what is above the form, which must not move once it is shown.
  if (history.jobs === null) return <p className="page-note">Loading the studio…</p>;
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
      {intake.restored && (
        <RestoredNote restored={intake.restored} change={edit} onClose={() => intake.setRestored(null)} />
      )}
      <form ref={form} className="compose" onSubmit={submit} noValidate aria-labelledby={headingId}>
        <div className="compose-columns">
          <div className="compose-pictures">
            <ContentPicker
              catalogue={catalogue}
              content={draft.content}
              error={errors.content || intake.problems.content}
              maskError={errors.content_mask}
              reading={intake.reading.content}
              onFiles={take("content")}
              onChange={(content) => edit({ kind: "content", content })}
              onLost={() => {
                change({ kind: "content", content: null });
                setErrors((all) => ({ ...all, content: "The earlier picture has been deleted." }));
              }}
            />
            <StylePicker
              catalogue={catalogue}
              draft={draft}
              error={errors.style || intake.problems.style}
              maskError={errors.style_mask}
              reading={intake.reading.style}
              onFiles={take("style")}
              onFull={full}
              change={edit}
            />
          </div>
          <SettingsPanel catalogue={catalogue} draft={draft} errors={errors} change={edit} />
        </div>
        <MoreSettings
          settings={settings.filter(({ name }) => !IN_FRONT.includes(name) && !ELSEWHERE.includes(name))}
          preset={preset}
          texts={draft.texts}
          errors={errors}
          change={edit}
        />
        {queued && (
          <p className="queued" role="status">
            {count(queued.number, "picture is", "pictures are")} in the queue. <a href={jobHash(queued.first.id)}>Watch the first</a>
          </p>
        )}
        <PaintBar
          catalogue={catalogue}
          draft={draft}
          error={errors[""]}
          sent={sent}
          paintings={paintings.length}
          estimate={estimate}
          drafts={canDraft(catalogue, draft.network)}
        />
      </form>
      {!empty && <History history={history} />}
    </>
  );
}

/** The fields whose problems a change may solve. */
function fieldsOf(change: Change, errors: Errors): string[] {
  switch (change.kind) {
    case "content":
    case "variations":
    case "network":
      return [change.kind, ""];
    case "pair":
      return ["content", "style", ""];
    case "texts":
      return [...Object.keys(change.texts), ""];
    case "preset":
      return Object.keys(errors).filter((field) => field !== "content" && field !== "style");
    case "restore":
    case "settingsOf":
    case "picturesOf":
      return Object.keys(errors);
    case "again":
    case "masks":
      return [];
    default:
      return ["style", "style_weights", ""];
  }
}

function without(errors: Errors, fields: string[]): Errors {
  return Object.fromEntries(Object.entries(errors).filter(([field]) => !fields.includes(field)));
}

/** Focuses the first field with a problem, in the order of the page. */
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
