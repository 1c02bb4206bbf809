import { useEffect, useRef, useState } from "react";

import { steerJob } from "../api.ts";
import { STEPS, stepOf, strengthAt } from "../compose/strength.ts";
import { SteerMasks } from "../masks/SteerMasks.tsx";
import { Alert } from "../parts/Field.tsx";
import { Slider } from "../parts/Slider.tsx";
import type { Job } from "../types.ts";
import { isActive } from "../words.ts";
import { Repeat } from "./Finish.tsx";
import { changeOf, follows, inForce, wordsOf, type Controls } from "./steering.ts";

/** Milliseconds a slider must rest before it is sent, so that a drag is one change. */
const REST = 250;

/** Sliders that steer a picture while it is being painted, and the changes made so far. */
export function Steering({ job }: { job: Job }) {
  const live = job.kind === "picture" && job.state === "running" && !job.cancelling;
  if (job.kind === "video" || (!live && job.steering.length === 0)) return null;
  return (
    <section className={live ? "panel steering" : "panel steering past"} aria-labelledby="steering-heading">
      <h2 id="steering-heading">{live ? "Steer" : "Steered"}</h2>
      {live && <Sliders job={job} />}
      <Changes job={job} />
      {!isActive(job) && <Repeat job={job}>Paint again with these changes</Repeat>}
    </section>
  );
}

function Sliders({ job }: { job: Job }) {
  const followed = inForce(job);
  // What this page has asked for; null while the sliders show what is in force.
  const [asked, setAsked] = useState<Controls | null>(null);
  const [problem, setProblem] = useState("");
  const sent = useRef(followed);
  const reached = useRef(false);
  const timer = useRef<number | undefined>(undefined);
  const sending = useRef(Promise.resolve());
  const shown = asked ?? followed;
  const waiting = asked !== null && !follows(followed, asked);
  const changes = JSON.stringify(job.steering);
  const latest = job.steering.at(-1);

  useEffect(() => () => window.clearTimeout(timer.current), []);
  useEffect(() => {
    if (asked === null || !waiting) {
      reached.current = true;
    } else if (reached.current) {
      // Another page has steered the picture since.
      setAsked(null);
      sent.current = followed;
    }
  }, [changes]); // only what the server sends counts here

  const send = async (wanted: Controls) => {
    await sending.current; // one at a time: a later request must not arrive before an earlier one
    const form = changeOf(sent.current, wanted);
    if (form === null) return;
    try {
      await steerJob(job.id, form);
      sent.current = wanted;
    } catch (error) {
      setProblem((error as Error).message);
      setAsked(null);
    }
  };
  const change = (wanted: Controls) => {
    window.clearTimeout(timer.current);
    reached.current = false;
    setAsked(wanted);
    if (wanted.weights.every((weight) => weight === 0)) {
      setProblem("At least one style must have some weight.");
      return;
    }
    setProblem("");
    timer.current = window.setTimeout(() => void (sending.current = send(wanted)), REST);
  };
  const weigh = (index: number, weight: number) =>
    change({ ...shown, weights: shown.weights.map((each, place) => (place === index ? weight : each)) });

  return (
    <div className="sliders">
      <p className="help">Changes take effect within two epochs, without starting over.</p>
      <Slider
        label="Style strength"
        shown={String(shown.strength)}
        value={stepOf(shown.strength)}
        max={STEPS}
        step={1}
        onChange={(step) => change({ ...shown, strength: strengthAt(step) })}
      >
        <div className="ends" aria-hidden="true">
          <span>photo</span>
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
      <Alert>{problem}</Alert>
      {problem === "" && (
        <p className="muted steering-note" role="status">
          {waiting ? "Waiting for the next epoch…" : latest && `In effect since epoch ${latest.epoch}.`}
        </p>
      )}
    </div>
  );
}

function Changes({ job }: { job: Job }) {
  if (job.steering.length === 0) return null;
  return (
    <ol className="steered" aria-label="Changes during painting">
      {job.steering.map((change) => (
        <li key={change.epoch}>
          <span className="muted numbers">Epoch {change.epoch}</span>
          <span>{wordsOf(change)}</span>
        </li>
      ))}
    </ol>
  );
}
