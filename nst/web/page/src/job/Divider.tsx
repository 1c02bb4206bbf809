import type { ComponentProps } from "react";

interface Props {
  /** The position in percent from the left. */
  share: number;
  onShare: (share: number) => void;
  label: string;
  valueText: string;
  autoFocus?: boolean;
  /** Makes the handle itself draggable, with these listeners. */
  grip?: ComponentProps<"div">;
}

/** A line between two pictures that lie on each other; an invisible slider moves it from the keyboard. */
export function Divider({ share, onShare, label, valueText, autoFocus = false, grip }: Props) {
  return (
    <>
      <input
        type="range"
        className="compare"
        min={0}
        max={100}
        value={share}
        autoFocus={autoFocus}
        onChange={({ target }) => onShare(Number(target.value))}
        onKeyDown={(event) => event.stopPropagation()} // the arrow keys also move a zoomed picture
        aria-label={label}
        aria-valuetext={valueText}
      />
      <div className="divider" style={{ left: `${share}%` }} />
      {/* The handle stays within the picture when the line reaches its edge. */}
      <div className={grip ? "handle grip" : "handle"} style={{ left: `clamp(1.5rem, ${share}%, calc(100% - 1.5rem))` }} aria-hidden="true" {...grip}>
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
          <path d="M9 6l-6 6 6 6M15 6l6 6-6 6" fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
      </div>
    </>
  );
}

/** The position of a pointer in an element, in percent from the left. */
export function shareAt({ clientX }: { clientX: number }, element: Element): number {
  const { left, width } = element.getBoundingClientRect();
  return Math.round(Math.min(100, Math.max(0, (100 * (clientX - left)) / width)));
}
