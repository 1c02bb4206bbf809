import { useId, type ReactNode } from "react";

interface Props {
  label: string;
  /** The value as it stands beside the label. */
  shown: string;
  value: number;
  min?: number;
  max: number;
  step: number;
  onChange: (value: number) => void;
  children?: ReactNode;
}

/** A slider below its label and its value. */
export function Slider({ label, shown, value, min = 0, max, step, onChange, children }: Props) {
  const id = useId();
  return (
    <div className="field">
      <div className="spread">
        <label htmlFor={id}>{label}</label>
        <output htmlFor={id} className="numbers">
          {shown}
        </output>
      </div>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={shown}
        onChange={({ target }) => onChange(Number(target.value))}
      />
      {children}
    </div>
  );
}
