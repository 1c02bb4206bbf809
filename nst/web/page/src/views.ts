/** The views besides the first: each is a script of its own. */

import { lazyView } from "./lazy.tsx";

export const JobView = lazyView(async () => (await import("./job/JobView.tsx")).JobView);
