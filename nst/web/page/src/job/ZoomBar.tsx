import { Button } from "../parts/Button.tsx";
import { WHOLE, type Look } from "./zoom.ts";

interface Props {
  look: Look;
  /** CSS pixels per pixel of the picture. */
  scale: number;
  onLook: (look: Look) => void;
}

/** Zoom buttons and the current scale. */
export function ZoomBar({ look, scale, onLook }: Props) {
  // The pane corrects what goes beyond its limits.
  const by = (factor: number) => onLook({ ...look, zoom: look.zoom * factor });
  const near = (value: number) => Math.abs(value - 1) < 0.005;
  return (
    <div className="zoom-bar" role="group" aria-label="Zoom">
      <Button aria-label="Zoom out" title="Zoom out (-)" onClick={() => by(1 / 1.25)}>
        −
      </Button>
      <output className="zoom-scale" aria-label="Size">{`${Math.round(100 * scale)} %`}</output>
      <Button aria-label="Zoom in" title="Zoom in (+)" onClick={() => by(1.25)}>
        +
      </Button>
      <Button title="Fit to the window (0)" aria-pressed={near(look.zoom)} onClick={() => onLook(WHOLE)}>
        Fit
      </Button>
      <Button title="Actual size (1)" aria-pressed={near(scale)} onClick={() => by(1 / scale)}>
        1:1
      </Button>
    </div>
  );
}
