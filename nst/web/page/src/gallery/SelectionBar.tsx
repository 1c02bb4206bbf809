import { zipUrl } from "../api.ts";
import type { JobCard } from "../types.ts";
import { count, isActive } from "../words.ts";

/** Pictures in one zip, at most, as the server has it. */
export const MOST_ZIPPED = 1000;

interface Props {
  /** The selected cards, in the order of the list. */
  chosen: JobCard[];
  all: boolean;
  /** What is being done with them, such as "Deleting 3 of 40…", or nothing. */
  busy: string;
  onAll: () => void;
  onClear: () => void;
  onCancel: () => void;
  onDelete: () => void;
  /** Opens the question whether to delete; the keyboard asks it, too. */
  dialog: React.RefObject<HTMLDialogElement | null>;
}

/** What can be done with the selected pictures. */
export function SelectionBar({ chosen, all, busy, onAll, onClear, onCancel, onDelete, dialog }: Props) {
  const painted = chosen.filter((job) => !isActive(job) && job.picture !== null);
  const comparable = chosen.filter(({ picture }) => picture !== null);
  const stoppable = chosen.filter((job) => isActive(job) && !job.cancelling);
  const tooMany = painted.length > MOST_ZIPPED;
  if (chosen.length === 0) return null;
  return (
    <section className="selection" aria-label="Selection">
      <p className="selection-count" role="status">
        {busy || `${chosen.length.toLocaleString("en")} selected`}
      </p>
      <div className="row">
        {!all && (
          <button type="button" className="button quiet" onClick={onAll} disabled={busy !== ""}>
            Select all
          </button>
        )}
        {painted.length > 0 && !tooMany && (
          <a className="button" href={zipUrl(painted.map(({ id }) => id))} download>
            Download (zip)
          </a>
        )}
        {tooMany && <span className="muted">At most {count(MOST_ZIPPED, "picture")} fit one zip.</span>}
        {chosen.length === 2 && comparable.length === 2 && (
          <a className="button" href={`#/compare/${comparable[0]!.id}/${comparable[1]!.id}`}>
            Compare
          </a>
        )}
        {stoppable.length > 0 && (
          <button type="button" className="button" onClick={onCancel} disabled={busy !== ""}>
            Cancel {count(stoppable.length, "painting")}
          </button>
        )}
        <button type="button" className="button danger" onClick={() => dialog.current?.showModal()} disabled={busy !== ""}>
          Delete
        </button>
        <button type="button" className="button quiet" onClick={onClear}>
          Clear selection
        </button>
      </div>
      <DeleteDialog dialog={dialog} chosen={chosen} onDelete={onDelete} />
    </section>
  );
}

function DeleteDialog({ dialog, chosen, onDelete }: Pick<Props, "dialog" | "chosen" | "onDelete">) {
  // A running job cannot be deleted before it has stopped.
  const running = chosen.filter(({ state }) => state === "running").length;
  const [first] = chosen;
  const what = chosen.length === 1 && first ? `this ${first.kind}` : count(chosen.length, "picture");
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="delete-selected-heading">
      <h2 id="delete-selected-heading">Delete {what}?</h2>
      <p>
        Saved frames, videos and costs go with {chosen.length === 1 ? "it" : "them"}. This cannot be undone.
        {running > 0 && ` ${count(running, "picture is", "pictures are")} being painted and will be kept: cancel first.`}
      </p>
      <div className="row">
        <button type="button" className="button" autoFocus onClick={() => dialog.current?.close()}>
          Keep {chosen.length === 1 ? "it" : "them"}
        </button>
        <button
          type="button"
          className="button primary danger"
          onClick={() => {
            dialog.current?.close();
            onDelete();
          }}
        >
          Delete for good
        </button>
      </div>
    </dialog>
  );
}
