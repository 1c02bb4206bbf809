import { useEffect, useId, useRef } from "react";

import { take } from "../compose/ContentPicker.tsx";
import { ACCEPT } from "../compose/files.ts";
import { Slider } from "../parts/Slider.tsx";
import type { Tool } from "./Board.tsx";
import { css } from "./colours.ts";
import { colourOfLayer, nameOfLayer, percent, type MaskLayer } from "./layers.ts";

interface Props {
  tool: Tool;
  /** Shares of the longest side, and of the radius. */
  size: number;
  softness: number;
  plain: boolean;
  undoable: boolean;
  redoable: boolean;
  /** Whether another style goes over the same picture, and leaves some of it. */
  rest: boolean;
  onTool: (tool: Tool) => void;
  onSize: (size: number) => void;
  onSoftness: (softness: number) => void;
  onPlain: (plain: boolean) => void;
  onUndo: () => void;
  onRedo: () => void;
  onFill: () => void;
  onInvert: () => void;
  onClear: () => void;
  onRest: () => void;
  onFile: (file: File) => void;
}

const TOOLS: [Tool, string][] = [
  ["paint", "Paint"],
  ["erase", "Erase"],
  ["move", "Move"],
];

/** Buttons that have nothing to do are not disabled, as they would lose the focus and with it the keyboard. */
export function Tools(props: Props) {
  const { tool, size, softness, plain } = props;
  const id = useId();
  return (
    <div className="mask-tools">
      <fieldset className="segments">
        <legend className="visually-hidden">Tool</legend>
        {TOOLS.map(([name, label]) => (
          <label key={name}>
            <input type="radio" name={`${id}-tool`} checked={tool === name} onChange={() => props.onTool(name)} />
            {label}
          </label>
        ))}
      </fieldset>
      {/* A slider of squares: small brushes need finer steps. */}
      <Slider
        label="Brush size"
        value={Math.sqrt(size)}
        min={0.07}
        max={1}
        step={0.01}
        shown={percent(size)}
        onChange={(value) => props.onSize(value * value)}
      />
      <Slider label="Soft edge" value={softness} max={1} step={0.01} shown={percent(softness)} onChange={props.onSoftness} />
      <div className="mask-row">
        <button type="button" className="button" aria-disabled={!props.undoable} onClick={props.onUndo}>
          Undo
        </button>
        <button type="button" className="button" aria-disabled={!props.redoable} onClick={props.onRedo}>
          Redo
        </button>
        <button type="button" className="button" onClick={props.onFill}>
          Fill
        </button>
        <button type="button" className="button" onClick={props.onInvert}>
          Invert
        </button>
        <button type="button" className="button" onClick={props.onClear}>
          Clear
        </button>
        {props.rest && (
          <button type="button" className="button wide" onClick={props.onRest}>
            Where no other style goes
          </button>
        )}
        <label className="button file wide">
          Choose a mask file
          <input type="file" accept={ACCEPT.style} onChange={({ target }) => take(target, ([file]) => props.onFile(file!))} />
        </label>
      </div>
      <label className="mask-plain">
        <input type="checkbox" checked={plain} onChange={({ target }) => props.onPlain(target.checked)} />
        Show the mask alone
      </label>
    </div>
  );
}

interface ChooserProps {
  layers: MaskLayer[];
  /** How much is painted of each, or null where a mask changes nothing. */
  shares: (number | null)[];
  active: number;
  onChoose: (index: number) => void;
}

/** Which of the masks is painted. */
export function LayerChooser({ layers, shares, active, onChoose }: ChooserProps) {
  const name = useId();
  const chosen = useRef<HTMLLabelElement>(null);
  // On a phone they lie in a row that scrolls.
  useEffect(() => {
    chosen.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [active]);
  return (
    <fieldset className="mask-layers">
      <legend className="visually-hidden">Mask</legend>
      {layers.map((layer, index) => (
        <label key={layer.key} ref={index === active ? chosen : null} className="mask-layer">
          <input type="radio" name={name} checked={index === active} onChange={() => onChoose(index)} />
          <i className="mask-swatch" style={{ background: css(colourOfLayer(layers, index)) }} aria-hidden="true" />
          <span>{nameOfLayer(layer)}</span>
          <span className="muted">{shares[index] == null ? "all" : percent(shares[index])}</span>
        </label>
      ))}
    </fieldset>
  );
}
