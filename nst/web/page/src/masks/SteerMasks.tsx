import { Suspense, useState } from "react";

import type { ApiError } from "../api.ts";
import type { Job } from "../types.ts";
import { masksOfJob, steeringForm, withMasks } from "./draftMasks.ts";
import { MaskEditor } from "./editor.tsx";
import { keysOfJob, layersOfJob } from "./jobMasks.ts";
import { Brush } from "./tints.tsx";

interface Props {
  job: Job;
  /** Sends the form of a change, which has all masks; throws what the server says against it. */
  onSteer: (form: FormData) => Promise<unknown>;
}

/** Changes the masks of a picture while it is being painted. */
export function SteerMasks({ job, onSteer }: Props) {
  const [masks, setMasks] = useState(() => masksOfJob(job));
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState("");
  const send = async (changed: ReadonlyMap<string, string | null>) => {
    setOpen(false);
    if (changed.size === 0) return;
    const next = withMasks(masks, changed);
    setProblem("");
    try {
      await onSteer(await steeringForm(next, keysOfJob(job)));
      setMasks(next);
    } catch (error) {
      setProblem((error as ApiError).message);
    }
  };
  return (
    <div className="mask-steer">
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <Brush />
        Where {job.styles.length === 1 ? "the style" : "each style"} goes
      </button>
      {problem !== "" && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      {open && (
        <Suspense fallback={null}>
          <MaskEditor layers={layersOfJob(job, masks)} onDone={(changed) => void send(changed)} onCancel={() => setOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}
