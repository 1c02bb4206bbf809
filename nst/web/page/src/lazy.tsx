/** Views whose script comes when it is needed, so that the first view is there soon. */

import { Component, lazy, Suspense, type ComponentType, type ReactNode } from "react";

const loaders: (() => Promise<unknown>)[] = [];

/**
 * A view that is loaded by `load` when it is first shown, or before that by `loadLazyViews`.
 *
 * Until it is there a note is shown, or what to do if it does not come.
 */
export function lazyView<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  loaders.push(load);
  const View = lazy(async () => ({ default: await load() }));
  return (props) => (
    <Caught>
      <Suspense fallback={<p className="page-note">Opening…</p>}>
        <View {...props} />
      </Suspense>
    </Caught>
  );
}

/** Loads all views while the browser has nothing else to do: they then appear at once, and even without the server. */
export function loadLazyViews(): () => void {
  // Not every browser tells when it has time.
  const idle = typeof window.requestIdleCallback === "function";
  // A view that cannot be loaded now is asked for again when it is shown.
  const all = () => loaders.forEach((load) => void load().catch(() => undefined));
  const wait = window.setTimeout(() => (idle ? window.requestIdleCallback(all) : all()), 500);
  return () => window.clearTimeout(wait);
}

class Caught extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="page-note" role="alert">
        <h1 tabIndex={-1}>This part of the page could not be shown</h1>
        <p>The server cannot be reached, or it has a newer version of the page. Your pictures are safe.</p>
        <button className="button" type="button" onClick={() => window.location.reload()}>
          Load the page again
        </button>
      </div>
    );
  }
}
