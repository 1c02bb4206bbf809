import { useEffect, useRef, useState } from "react";

import { ApiError, getJobs, pictureUrl, thumbnailUrl } from "../api.ts";
import { compareHash } from "../route.ts";
import type { Job } from "../types.ts";
import { titleOf } from "../words.ts";

const PAGE = 48;

/** A dialog with the other pictures, each of which opens beside this one. */
export function ComparePicker({ job, onClose }: { job: Job; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [jobs, setJobs] = useState<Job[] | null>(null);
  const [more, setMore] = useState(false);
  const [problem, setProblem] = useState("");
  const read = async (before?: number) => {
    try {
      const page = await getJobs(PAGE, before);
      setJobs((known) => [...(before === undefined ? [] : (known ?? [])), ...page.jobs]);
      setMore(page.more);
    } catch (error) {
      setProblem((error as ApiError).message);
    }
  };
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    void read();
    return () => element.close();
  }, []);
  const others = jobs?.filter(({ id, picture }) => id !== job.id && picture !== null);
  return (
    <dialog ref={dialog} className="dialog picker" aria-labelledby="picker-heading" onClose={onClose}>
      <div className="heading-row">
        <h2 id="picker-heading">Compare with</h2>
        <button type="button" className="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      {problem !== "" && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      {jobs === null && problem === "" && <p className="muted">Opening the pictures…</p>}
      {others?.length === 0 && !more && <p className="muted">There is no other picture yet.</p>}
      <ul className="picker-list">
        {others?.map((other) => (
          <li key={other.id}>
            <a href={compareHash(job.id, other.id)} onClick={onClose}>
              <img src={thumbnailUrl(pictureUrl(other), 320)} alt="" loading="lazy" />
              <span className="name">
                {other.number}: {titleOf(other)}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {more && (
        <button type="button" className="button" onClick={() => read(jobs?.at(-1)?.number)}>
          Show more
        </button>
      )}
    </dialog>
  );
}
