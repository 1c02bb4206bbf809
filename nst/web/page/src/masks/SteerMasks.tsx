import { Suspense, useState } from "react";

import { Button } from "../parts/Button.tsx";
import { Alert } from "../parts/Field.tsx";
import { useAction } from "../parts/hooks.ts";
import { Brush } from "../parts/icons.tsx";
import type { Job } from "../types.ts";
import { keysOfJob, layersOfJob, masksOfJob, steeringForm, withMasks } from "./draftMasks.ts";
import { MaskEditor } from "./editor.tsx";

interface Props {
  job: Job;
  /** Sends a change, which has to include all masks. */
  onSteer: (form: FormData) => Promise<unknown>;
}

/** Changes the masks of a picture while it is being painted. */
export function SteerMasks({ job, onSteer }: Props) {
  const [masks, setMasks] = useState(() => masksOfJob(job));
  const [open, setOpen] = useState(false);
  const { problem, run } = useAction();
  const send = (changed: ReadonlyMap<string, string | null>) => {
    setOpen(false);
    if (changed.size === 0) return;
    const next = withMasks(masks, changed);
    void run(async () => {
      await onSteer(await steeringForm(next, keysOfJob(job)));
      setMasks(next);
    });
  };
  return (
    <div className="mask-steer">
      <Button onClick={() => setOpen(true)}>
        <Brush />
        {job.styles.length === 1 ? "Where the style goes" : "Where each style goes"}
      </Button>
      <Alert>{problem}</Alert>
      {open && (
        <Suspense fallback={null}>
          <MaskEditor layers={layersOfJob(job, masks)} onDone={send} onCancel={() => setOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}
