/** The sentence beside a field that says what is wrong with it. */
export function Problem({ field, error }: { field: string; error: string | undefined }) {
  if (!error) return null;
  return (
    <p className="error" id={problemId(field)}>
      {error}
    </p>
  );
}

export function fieldId(field: string): string {
  return `field-${field}`;
}

function problemId(field: string): string {
  return `problem-${field}`;
}

export function helpId(field: string): string {
  return `help-${field}`;
}

/** What ties an input to its help and its problem. */
export function described(field: string, error: string | undefined, help = true) {
  const ids = [help ? helpId(field) : "", error ? problemId(field) : ""].filter(Boolean).join(" ");
  return { "aria-invalid": Boolean(error), "aria-describedby": ids || undefined };
}
