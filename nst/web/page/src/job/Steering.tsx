import { useEffect, useRef, useState } from "react";

import { ApiError, repeatJob, steerJob } from "../api.ts";
import { STEPS, stepOf, strengthAt } from "../compose/strength.ts";
import { SteerMasks } from "../masks/SteerMasks.tsx";
import { Slider } from "../parts/Slider.tsx";
import { jobHash } from "../route.ts";
import type { Job } from "../types.ts";
import { changeOf, follows, inForce, wordsOf, type Controls } from "./steering.ts";
import "../styles/steering.css";

/** A slider is sent when it has rested this long: a drag is one change. */
const REST = 250;

/** Sliders that change a picture while it is being painted, and the changes that it has followed. */
export function Steering({ job }: { job: Job }) {
  const live = job.kind === "picture" && job.state === "running" && !job.cancelling;
  if (job.kind === "video" || (!live && job.steering.length === 0)) return null;
  return (
    <section className={live ? "panel steering" : "panel steering past"} aria-labelledby="steering-heading">
      <h2 id="steering-heading">{live ? "Steer" : "Steered"}</h2>
      {live && <Sliders job={job} />}
      <Changes job={job} />
      {!live && job.state !== "queued" && job.state !== "running" && <Repeat job={job} />}
    </section>
  );
}

function Sliders({ job }: { job: Job }) {
  const followed = inForce(job);
  // Where the sliders were put here; null while they show what the picture follows.
  const [asked, setAsked] = useState<Controls | null>(null);
  const [problem, setProblem] = useState("");
  const sent = useRef(followed);
  const reached = useRef(false);
  const timer = useRef<number | undefined>(undefined);
  const shown = asked ?? followed;
  const waiting = asked !== null && !follows(followed, asked);
  const changes = JSON.stringify(job.steering);

  useEffect(() => () => window.clearTimeout(timer.current), []);
  useEffect(() => {
    if (asked === null || !waiting) {
      reached.current = true;
    } else if (reached.current) {
      // Another page has steered since.
      setAsked(null);
      sent.current = followed;
    }
  }, [changes]); // only what comes from the server counts here

  const send = async (wanted: Controls) => {
    const form = changeOf(sent.current, wanted);
    if (form === null) return;
    try {
      await steerJob(job.id, form);
      sent.current = wanted;
    } catch (error) {
      setProblem((error as ApiError).message);
      setAsked(null);
    }
  };
  const change = (wanted: Controls) => {
    window.clearTimeout(timer.current);
    reached.current = false;
    setAsked(wanted);
    if (wanted.weights.every((weight) => weight === 0)) {
      setProblem("Leave at least one style some weight.");
      return;
    }
    setProblem("");
    timer.current = window.setTimeout(() => void send(wanted), REST);
  };
  const weigh = (index: number, weight: number) =>
    change({ ...shown, weights: shown.weights.map((each, place) => (place === index ? weight : each)) });

  return (
    <div className="sliders">
      <p className="help">The picture follows within two epochs; it does not start again.</p>
      <Slider
        label="Strength of the style"
        shown={String(shown.strength)}
        value={stepOf(shown.strength)}
        max={STEPS}
        step={1}
        onChange={(step) => change({ ...shown, strength: strengthAt(step) })}
      >
        <div className="ends" aria-hidden="true">
          <span>photograph</span>
          <span>style</span>
        </div>
      </Slider>
      {job.styles.length > 1 &&
        job.styles.map(({ title }, index) => (
          <Slider
            key={index}
            label={`Weight of ${title}`}
            shown={String(shown.weights[index] ?? 1)}
            value={shown.weights[index] ?? 1}
            max={1}
            step={0.05}
            onChange={(weight) => weigh(index, weight)}
          />
        ))}
      <SteerMasks job={job} onSteer={(form) => steerJob(job.id, form)} />
      {problem !== "" ? (
        <p className="error" role="alert">
          {problem}
        </p>
      ) : (
        <p className="muted steering-note" role="status">
          {waiting ? "The picture will follow with the next epoch…" : latest(job)}
        </p>
      )}
    </div>
  );
}

function latest({ steering }: Job): string {
  const last = steering.at(-1);
  return last ? `Followed from epoch ${last.epoch} on.` : "";
}

function Changes({ job }: { job: Job }) {
  if (job.steering.length === 0) return null;
  return (
    <ol className="steered" aria-label="Changes while it was painted">
      {job.steering.map((change) => (
        <li key={change.epoch}>
          <span className="muted numbers">Epoch {change.epoch}</span>
          <span>{wordsOf(change)}</span>
        </li>
      ))}
    </ol>
  );
}

/** Paints it again with the same changes at the same epochs, which gives the same picture. */
function Repeat({ job }: { job: Job }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const repeat = async () => {
    setBusy(true);
    try {
      window.location.hash = jobHash((await repeatJob(job.id)).id);
    } catch (error) {
      setProblem((error as ApiError).message);
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" className="button" onClick={repeat} disabled={busy}>
        Paint again with these changes
      </button>
      {problem !== "" && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
