import type { ReactNode } from "react";

/** What is wrong with a field, next to it. */
export function Problem({ field, error }: { field: string; error: string | undefined }) {
  if (!error) return null;
  return (
    <p className="error" id={problemId(field)}>
      {error}
    </p>
  );
}

/** What went wrong with an action, read out as soon as it appears. */
export function Alert({ className, children }: { className?: string; children: ReactNode }) {
  if (!children) return null;
  return (
    <p className={className ? `error ${className}` : "error"} role="alert">
      {children}
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

/** The attributes that tie an input to its label, its help, unless it has none, and its problem. */
export function tied(field: string, error: string | undefined, help = true) {
  const ids = [help ? helpId(field) : "", error ? problemId(field) : ""].filter(Boolean).join(" ");
  return { id: fieldId(field), "aria-invalid": Boolean(error), "aria-describedby": ids || undefined };
}
