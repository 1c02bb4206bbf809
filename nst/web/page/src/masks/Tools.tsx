import { useEffect, useId, useRef } from "react";

import { ACCEPT } from "../compose/files.ts";
import { Button } from "../parts/Button.tsx";
import { FileInput } from "../parts/FileInput.tsx";
import { Slider } from "../parts/Slider.tsx";
import type { Tool } from "./Board.tsx";
import { css } from "./colours.ts";
import { colourOfLayer, nameOfLayer, percent, type MaskLayer } from "./layers.ts";

export interface Action {
  label: string;
  onClick: () => void;
  /** Whether it would do nothing now. */
  idle?: boolean;
  wide?: boolean;
}

interface Props {
  tool: Tool;
  /** As a share of the longest side. */
  size: number;
  /** As a share of the radius. */
  softness: number;
  plain: boolean;
  actions: Action[];
  onTool: (tool: Tool) => void;
  onSize: (size: number) => void;
  onSoftness: (softness: number) => void;
  onPlain: (plain: boolean) => void;
  onFile: (file: File) => void;
}

const TOOLS: [Tool, string][] = [
  ["paint", "Paint"],
  ["erase", "Erase"],
  ["move", "Move"],
];

export function Tools({ tool, size, softness, plain, actions, onTool, onSize, onSoftness, onPlain, onFile }: Props) {
  const id = useId();
  return (
    <div className="mask-tools">
      <fieldset className="segments">
        <legend className="visually-hidden">Tool</legend>
        {TOOLS.map(([name, label]) => (
          <label key={name}>
            <input type="radio" name={`${id}-tool`} checked={tool === name} onChange={() => onTool(name)} />
            {label}
          </label>
        ))}
      </fieldset>
      {/* Quadratic: small brushes need finer steps. */}
      <Slider
        label="Brush size"
        value={Math.sqrt(size)}
        min={0.07}
        max={1}
        step={0.01}
        shown={percent(size)}
        onChange={(value) => onSize(value * value)}
      />
      <Slider label="Soft edge" value={softness} max={1} step={0.01} shown={percent(softness)} onChange={onSoftness} />
      <div className="mask-row">
        {/* Not disabled, or they would lose the keyboard focus. */}
        {actions.map(({ label, onClick, idle, wide }) => (
          <Button key={label} className={wide ? "wide" : ""} aria-disabled={idle} onClick={onClick}>
            {label}
          </Button>
        ))}
        <label className="button file wide">
          Choose a mask file
          <FileInput accept={ACCEPT.style} onFiles={([file]) => onFile(file!)} />
        </label>
      </div>
      <label className="mask-plain">
        <input type="checkbox" checked={plain} onChange={({ target }) => onPlain(target.checked)} />
        Show only the mask
      </label>
    </div>
  );
}

interface ChooserProps {
  layers: MaskLayer[];
  /** How much of each is painted; null if the mask has no effect. */
  shares: (number | null)[];
  active: number;
  onChoose: (index: number) => void;
}

/** Chooses which mask to paint. */
export function LayerChooser({ layers, shares, active, onChoose }: ChooserProps) {
  const name = useId();
  const chosen = useRef<HTMLLabelElement>(null);
  // On a phone they are in a scrolling row.
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
