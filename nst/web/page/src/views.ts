/** The views other than the form, each in a script and style sheet of its own. */

import { lazyView } from "./lazy.tsx";

export const JobView = lazyView(async () => {
  const [{ JobView }] = await Promise.all([import("./job/JobView.tsx"), import("./styles/job.css"), import("./styles/viewer.css")]);
  return JobView;
});

export const CompareView = lazyView(async () => {
  const [{ CompareView }] = await Promise.all([import("./compare/CompareView.tsx"), import("./styles/job.css"), import("./styles/viewer.css")]);
  return CompareView;
});

export const GalleryView = lazyView(async () => {
  const [{ GalleryView }] = await Promise.all([import("./gallery/GalleryView.tsx"), import("./styles/gallery.css")]);
  return GalleryView;
});
