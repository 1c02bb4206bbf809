import { useState } from "react";

import { ApiError, repeatJob } from "../api.ts";
import { finisher, SMALL, type Catalogue } from "../catalogue.ts";
import { jobHash } from "../route.ts";
import type { Job } from "../types.ts";

/** Below a draft: paints the same with the network that it stands for. */
export function Finish({ job, catalogue }: { job: Job; catalogue: Catalogue }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const network = finisher(catalogue);
  if (job.network !== SMALL || network === null) return null;
  const finish = async () => {
    setBusy(true);
    setProblem("");
    try {
      window.location.hash = jobHash((await repeatJob(job.id, network.name)).id);
    } catch (error) {
      setProblem((error as ApiError).message);
    }
    setBusy(false);
  };
  return (
    <section className="panel actions" aria-labelledby="finish-heading">
      <h2 id="finish-heading">A draft</h2>
      <p className="help wide">The small network has painted it. The same settings mean the same with {network.title}.</p>
      <button type="button" className="button primary wide" onClick={finish} disabled={busy}>
        Paint it with {network.title}
      </button>
      {problem !== "" && (
        <p className="error wide" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
