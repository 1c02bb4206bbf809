import type { ReactNode } from "react";

import type { Job } from "../types.ts";
import { colourOf, css } from "./colours.ts";

interface Tint {
  url: string;
  /** The style whose colour it has; null for a coloured mask, which is shown as it is. */
  style: number | null;
}

/** A picture overlaid with its masks in the colours of their styles. */
export function Tinted({ tints, children }: { tints: Tint[]; children: ReactNode }) {
  if (tints.length === 0) return children;
  return (
    <span className="masked">
      {children}
      {tints.map(({ url, style }) =>
        style === null ? (
          <img key={url} className="mask-tint" src={url} alt="" />
        ) : (
          <i key={style} className="mask-tint" style={{ background: css(colourOf(style)), maskImage: `url("${url}")` }} data-testid="mask-tint" />
        ),
      )}
    </span>
  );
}

/** A job's content (0) or one of its styles (1, 2, …), overlaid with its masks. */
export function MaskedInput({ job, index, children }: { job: Job; index: number; children: ReactNode }) {
  const over = index === 0 ? "content" : "style";
  const tints = (job.masks ?? []).filter((mask) => mask.over === over && (index === 0 || mask.style === index - 1));
  return <Tinted tints={tints}>{children}</Tinted>;
}
