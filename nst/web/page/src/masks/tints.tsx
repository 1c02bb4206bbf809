import type { CSSProperties, ReactNode } from "react";

import type { Job } from "../types.ts";
import { colourOf, css } from "./colours.ts";

/** An input of a job with its masks laid over it: the content (0), or one of the styles (1, 2, …). */
export function MaskedInput({ job, index, children }: { job: Job; index: number; children: ReactNode }) {
  const over = index === 0 ? "content" : "style";
  const masks = (job.masks ?? []).filter((mask) => mask.over === over && (index === 0 || mask.style === index - 1));
  if (masks.length === 0) return children;
  return (
    <span className="masked">
      {children}
      {masks.map(({ style, url }) =>
        // A coloured mask is shown as it is.
        style === null ? (
          <img key={url} className="mask-tint" src={url} alt="" />
        ) : (
          <i key={url} className="mask-tint" style={tintStyle(url, style)} data-testid="mask-tint" />
        ),
      )}
    </span>
  );
}

/** Lays a mask over its picture, in the colour of its style. */
export function tintStyle(url: string, index: number): CSSProperties {
  return { background: css(colourOf(index)), maskImage: `url("${url}")` };
}

export function Brush() {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d="M14.5 1.5c-3 1.4-5.9 4-7.6 6.7l1.4 1.4c2.6-1.8 5-4.9 6.2-8.1zM6 9.4c-1.7 0-2.6 1-2.8 2.3-.2 1-.7 1.7-1.7 2.1 2.3 1 6 .7 6-2.5z"
        fill="currentColor"
      />
    </svg>
  );
}
