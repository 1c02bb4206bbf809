import { useEffect, useRef, useState, type KeyboardEvent } from "react";

import { ZoomBar } from "./ZoomBar.tsx";
import { ZoomPane, type Layer } from "./ZoomPane.tsx";
import { WHOLE } from "./zoom.ts";

interface Props {
  title: string;
  picture: Layer;
  /** What it was painted from; null where there is no such picture. */
  before: Layer | null;
  onClose: () => void;
}

/** A picture over the whole window, to be looked at closely, also beside what it was painted from. */
export function Viewer({ title, picture, before, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const [look, setLook] = useState(WHOLE);
  const [scale, setScale] = useState(1);
  const [comparing, setComparing] = useState(false);
  const [share, setShare] = useState(50);
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    element.querySelector<HTMLElement>(".pane")?.focus();
    return () => element.close();
  }, []);
  const fullScreen = useFullScreen(body);
  const { width, height } = picture.size;

  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "f" && document.fullscreenEnabled) fullScreen.toggle();
    if (event.key === "b" && before) setComparing((on) => !on);
  };
  return (
    <dialog ref={dialog} className="viewer" aria-label={title} onClose={onClose} onKeyDown={key}>
      <div ref={body} className="viewer-body">
        <div className="viewer-bar">
          <p className="viewer-title">
            <span className="name">{title}</span>
            <span className="muted">{`${width} × ${height} pixels`}</span>
          </p>
          <button type="button" className="button close" onClick={() => dialog.current?.close()}>
            Close
          </button>
          <div className="row">
            <ZoomBar look={look} scale={scale} onLook={setLook} />
            {before && (
              <button type="button" className="button" title="Before and after (b)" aria-pressed={comparing} onClick={() => setComparing(!comparing)}>
                Before and after
              </button>
            )}
            {document.fullscreenEnabled && (
              <button type="button" className="button whole" title="Whole screen (f)" aria-pressed={fullScreen.on} onClick={fullScreen.toggle}>
                Whole screen
              </button>
            )}
          </div>
        </div>
        <ZoomPane
          label={title}
          picture={picture}
          before={comparing && before ? before : undefined}
          share={share}
          onShare={setShare}
          look={look}
          onLook={setLook}
          onScale={setScale}
        />
      </div>
    </dialog>
  );
}

function useFullScreen(element: React.RefObject<HTMLElement | null>) {
  const [on, setOn] = useState(false);
  useEffect(() => {
    const changed = () => setOn(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  const toggle = () => {
    // A browser may refuse; then the picture has the window.
    const done = document.fullscreenElement ? document.exitFullscreen() : element.current!.requestFullscreen();
    done.catch(() => undefined);
  };
  return { on, toggle };
}
