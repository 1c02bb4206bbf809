import { useCallback } from "react";

import { cancelJob } from "../api.ts";
import { Face } from "../gallery/Card.tsx";
import { forgetPlace } from "../gallery/memory.ts";
import { useNow } from "../gallery/useNow.ts";
import { Alert } from "../parts/Field.tsx";
import { useAction } from "../parts/hooks.ts";
import { GALLERY } from "../route.ts";
import type { JobCard } from "../types.ts";
import type { HistoryState } from "./useHistory.ts";

/** The latest pictures in a row, with a link to the others. */
export function History({ history: { jobs, total, put } }: { history: HistoryState }) {
  const now = useNow();
  const { problem, run } = useAction();
  const cancel = useCallback((job: JobCard) => void run(async () => put(await cancelJob(job.id))), [run, put]);
  return (
    <section className="history" aria-labelledby="history-heading">
      <div className="heading-row">
        <h2 id="history-heading">Your pictures</h2>
        <a href={GALLERY} onClick={forgetPlace}>
          {total > 1 ? `All ${total.toLocaleString("en")} in the gallery` : "Go to the gallery"}
        </a>
      </div>
      <Alert>{problem}</Alert>
      <ul className="strip">
        {jobs?.map((job) => (
          <li key={job.id} className="picture" data-state={job.state}>
            <Face job={job} now={now} onCancel={cancel} lazy />
          </li>
        ))}
      </ul>
    </section>
  );
}
