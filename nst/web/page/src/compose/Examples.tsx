interface Props {
  /** The setting, and its values for which there are pictures. */
  name: string;
  values: string[];
  /** What the pictures are called, where their value does not say it. */
  labels?: Record<string, string>;
  text: string;
  onChoose: (value: string) => void;
}

/** What tools/explained_settings.py painted: a setting's values for the same pair of pictures. A click takes one. */
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

/** Numbers are the same however they are written. */
function same(value: string, text: string): boolean {
  return value === text || (text.trim() !== "" && Number(value) === Number(text));
}
