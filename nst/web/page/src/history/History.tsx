import { useCallback, useState } from "react";

import { ApiError, cancelJob } from "../api.ts";
import { Face } from "../gallery/Card.tsx";
import { forgetPlace } from "../gallery/memory.ts";
import { useNow } from "../gallery/useNow.ts";
import { GALLERY } from "../route.ts";
import type { JobCard } from "../types.ts";
import type { HistoryState } from "./useHistory.ts";

/** The latest pictures in one line, and the way to all of them. */
export function History({ history }: { history: HistoryState }) {
  const { jobs, total, put } = history;
  const now = useNow();
  const [problem, setProblem] = useState("");
  const cancel = useCallback(
    async (job: JobCard) => {
      setProblem("");
      try {
        put(await cancelJob(job.id));
      } catch (error) {
        setProblem((error as ApiError).message);
      }
    },
    [put],
  );
  if (jobs === null) return null;
  return (
    <section className="history" aria-labelledby="history-heading">
      <div className="heading-row">
        <h2 id="history-heading">Your pictures</h2>
        <a href={GALLERY} onClick={forgetPlace}>
          {total > 1 ? `All ${total.toLocaleString("en")} in the gallery` : "To the gallery"}
        </a>
      </div>
      {problem !== "" && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      <ul className="strip">
        {jobs.map((job) => (
          <li key={job.id} className="picture" data-state={job.state}>
            <Face job={job} now={now} onCancel={cancel} lazy />
          </li>
        ))}
      </ul>
    </section>
  );
}
