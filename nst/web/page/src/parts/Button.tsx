import type { ComponentProps } from "react";

/** A button in the page's style; `className` adds "primary", "quiet", "danger" or "wide". */
export function Button({ className, ...props }: ComponentProps<"button">) {
  return <button type="button" {...props} className={className ? `button ${className}` : "button"} />;
}
