import { WHOLE, type Look } from "./zoom.ts";

interface Props {
  look: Look;
  /** CSS pixels for each pixel of the picture. */
  scale: number;
  onLook: (look: Look) => void;
}

/** The buttons that zoom, and how large each pixel of the picture is. */
export function ZoomBar({ look, scale, onLook }: Props) {
  // The pane puts right what is beyond its limits.
  const by = (factor: number) => onLook({ ...look, zoom: look.zoom * factor });
  return (
    <div className="zoom-bar" role="group" aria-label="Zoom">
      <button type="button" className="button" aria-label="Zoom out" title="Zoom out (-)" onClick={() => by(1 / 1.25)}>
        −
      </button>
      <output className="zoom-scale" aria-label="Size">{`${Math.round(100 * scale)} %`}</output>
      <button type="button" className="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => by(1.25)}>
        +
      </button>
      <button type="button" className="button" title="All of it (0)" aria-pressed={Math.abs(look.zoom - 1) < 0.005} onClick={() => onLook(WHOLE)}>
        Fit
      </button>
      <button type="button" className="button" title="Its own pixels (1)" aria-pressed={Math.abs(scale - 1) < 0.005} onClick={() => by(1 / scale)}>
        1:1
      </button>
    </div>
  );
}
