interface Props {
  /** The setting's name, and the values that there are pictures of. */
  name: string;
  values: string[];
  /** Captions, where the value itself does not explain enough. */
  labels?: Record<string, string>;
  text: string;
  onChoose: (value: string) => void;
}

/** A setting's effect on one pair of pictures, painted by tools/settings_pictures.py. Clicking a picture sets its value. */
export function Examples({ name, values, labels, text, onChoose }: Props) {
  return (
    <div className={values.length <= 3 ? "examples few" : "examples"} role="group" aria-label="What it does">
      {values.map((value) => (
        <button key={value} type="button" aria-pressed={same(value, text)} onClick={() => onChoose(value)}>
          <img src={exampleUrl(name, value)} alt="" width="176" height="132" loading="lazy" />
          <span>{labels?.[value] ?? value}</span>
        </button>
      ))}
    </div>
  );
}

export function exampleUrl(name: string, value: string): string {
  return `/settings/${name}-${value}.jpg`;
}

/** Compares numbers by value, however they are written. */
function same(value: string, text: string): boolean {
  return value === text || (text.trim() !== "" && Number(value) === Number(text));
}
