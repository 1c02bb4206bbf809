import type { ReactNode } from "react";

import { GALLERY } from "../route.ts";

/** Shown in place of a picture that does not exist. */
export function Missing({ children }: { children: ReactNode }) {
  return (
    <div className="page-note">
      <h1 tabIndex={-1}>Picture not found</h1>
      <p>{children}</p>
      <a className="button" href={GALLERY}>
        Go to the gallery
      </a>
    </div>
  );
}
