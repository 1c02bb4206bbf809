/** Views whose scripts are loaded on demand, so that the first view appears sooner. */

import { Component, lazy, Suspense, type ComponentType, type ReactNode } from "react";

import { Button } from "./parts/Button.tsx";

const loaders: (() => Promise<unknown>)[] = [];

/** A view that `load` fetches when it is first shown, or `loadLazyViews` before that. */
export function lazyView<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  loaders.push(load);
  const View = lazy(async () => ({ default: await load() }));
  return (props) => (
    <Caught>
      <Suspense fallback={<p className="page-note">Loading…</p>}>
        <View {...props} />
      </Suspense>
    </Caught>
  );
}

/** Loads all views while the browser is idle, so that they open at once, even if the server is down by then. */
export function loadLazyViews(): () => void {
  // A view that fails to load now is tried again when it is shown.
  const all = () => loaders.forEach((load) => void load().catch(() => undefined));
  const wait = window.setTimeout(() => (window.requestIdleCallback ?? window.setTimeout)(all), 500);
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
        <h1 tabIndex={-1}>This view could not be shown</h1>
        <p>The server cannot be reached or has been updated. Your pictures are safe.</p>
        <Button onClick={() => window.location.reload()}>Reload</Button>
      </div>
    );
  }
}
