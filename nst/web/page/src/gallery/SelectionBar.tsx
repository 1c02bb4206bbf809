import { zipUrl } from "../api.ts";
import { Button } from "../parts/Button.tsx";
import { Confirm } from "../parts/Dialog.tsx";
import { compareHash } from "../route.ts";
import type { JobCard } from "../types.ts";
import { count, isActive } from "../words.ts";

/** The server's limit on the pictures in a ZIP file. */
export const MOST_ZIPPED = 1000;

interface Props {
  /** The selected cards, in the order of the list. */
  chosen: JobCard[];
  all: boolean;
  /** What is in progress, such as "Deleting 3 of 40…", or "". */
  busy: string;
  onAll: () => void;
  onClear: () => void;
  onCancel: () => void;
  onDelete: () => void;
}

/** What can be done with the selected pictures. */
export function SelectionBar({ chosen, all, busy, onAll, onClear, onCancel, onDelete }: Props) {
  const painted = chosen.filter((job) => !isActive(job) && job.picture !== null);
  const stoppable = chosen.filter((job) => isActive(job) && !job.cancelling);
  const tooMany = painted.length > MOST_ZIPPED;
  const [one, other] = chosen;
  return (
    <section className="selection spread" aria-label="Selection">
      <p className="selection-count" role="status">
        {busy || `${chosen.length.toLocaleString("en")} selected`}
      </p>
      <div className="row">
        {!all && (
          <Button className="quiet" onClick={onAll} disabled={busy !== ""}>
            Select all
          </Button>
        )}
        {painted.length > 0 && !tooMany && (
          <a className="button" href={zipUrl(painted.map(({ id }) => id))} download>
            Download (ZIP)
          </a>
        )}
        {tooMany && <span className="muted">A ZIP file holds at most {count(MOST_ZIPPED, "picture")}.</span>}
        {one && other && chosen.length === 2 && one.picture !== null && other.picture !== null && (
          <a className="button" href={compareHash(one.id, other.id)}>
            Compare
          </a>
        )}
        {stoppable.length > 0 && (
          <Button onClick={onCancel} disabled={busy !== ""}>
            Cancel {count(stoppable.length, "painting")}
          </Button>
        )}
        <Button className="danger" onClick={onDelete} disabled={busy !== ""}>
          Delete
        </Button>
        <Button className="quiet" onClick={onClear}>
          Clear selection
        </Button>
      </div>
    </section>
  );
}

interface DeleteProps {
  chosen: JobCard[];
  onKeep: () => void;
  onDelete: () => void;
}

export function DeleteDialog({ chosen, onKeep, onDelete }: DeleteProps) {
  // A running job cannot be deleted before it has stopped.
  const running = chosen.filter(({ state }) => state === "running").length;
  const one = chosen.length === 1;
  const what = one ? `this ${chosen[0]!.kind}` : count(chosen.length, "picture");
  return (
    <Confirm title={`Delete ${what}?`} keep={one ? "Keep it" : "Keep them"} confirm="Delete permanently" onKeep={onKeep} onConfirm={onDelete}>
      <p>
        This also deletes saved frames, videos and costs. It cannot be undone.
        {running > 0 && ` ${count(running, "picture is", "pictures are")} still being painted and will be kept; cancel first to delete.`}
      </p>
    </Confirm>
  );
}
