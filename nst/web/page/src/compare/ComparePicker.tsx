import { useEffect, useState } from "react";

import { getJobs, pictureUrl, thumbnailUrl } from "../api.ts";
import { Button } from "../parts/Button.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { Alert } from "../parts/Field.tsx";
import { useAction } from "../parts/hooks.ts";
import { compareHash } from "../route.ts";
import type { Job } from "../types.ts";
import { titleOf } from "../words.ts";

const PAGE = 48;

/** Lets the user choose a picture to compare with this one. */
export function ComparePicker({ job, onClose }: { job: Job; onClose: () => void }) {
  const [jobs, setJobs] = useState<Job[]>([]);
  const [more, setMore] = useState(false);
  const { busy, problem, run } = useAction();
  const read = (before?: number) =>
    run(async () => {
      const page = await getJobs(PAGE, before);
      setJobs((known) => (before === undefined ? page.jobs : [...known, ...page.jobs]));
      setMore(page.more);
    });
  useEffect(() => void read(), []);
  const others = jobs.filter(({ id, picture }) => id !== job.id && picture !== null);
  return (
    <Dialog className="dialog picker" aria-label="Compare with" onClose={onClose}>
      <div className="heading-row">
        <h2>Compare with</h2>
        <Button onClick={onClose}>Close</Button>
      </div>
      <Alert>{problem}</Alert>
      {jobs.length === 0 && busy && <p className="muted">Loading the pictures…</p>}
      {jobs.length > 0 && others.length === 0 && !more && <p className="muted">There are no other pictures yet.</p>}
      <ul className="picker-list">
        {others.map((other) => (
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
      {more && <Button onClick={() => read(jobs.at(-1)?.number)}>Show more</Button>}
    </Dialog>
  );
}
