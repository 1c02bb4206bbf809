import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from "react";

import { Button } from "../parts/Button.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { ZoomBar } from "./ZoomBar.tsx";
import { ZoomPane, type Layer } from "./ZoomPane.tsx";
import { WHOLE } from "./zoom.ts";

interface Props {
  title: string;
  picture: Layer;
  /** The content it was painted from, if that is a picture. */
  before: Layer | null;
  onClose: () => void;
}

/** A picture that fills the window, to be inspected closely and compared with its content. */
export function Viewer({ title, picture, before, onClose }: Props) {
  const body = useRef<HTMLDivElement>(null);
  const [look, setLook] = useState(WHOLE);
  const [scale, setScale] = useState(1);
  const [comparing, setComparing] = useState(false);
  const [share, setShare] = useState(50);
  useEffect(() => body.current!.querySelector<HTMLElement>(".pane")?.focus(), []);
  const fullScreen = useFullScreen(body);
  const { width, height } = picture.size;

  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "f" && document.fullscreenEnabled) fullScreen.toggle();
    if (event.key === "b" && before) setComparing((on) => !on);
  };
  return (
    <Dialog className="viewer" aria-label={title} onClose={onClose} onKeyDown={key}>
      <div ref={body} className="viewer-body">
        <div className="viewer-bar spread">
          <p className="viewer-title">
            <span className="name">{title}</span>
            <span className="muted">{`${width} × ${height} pixels`}</span>
          </p>
          <Button className="close" onClick={onClose}>
            Close
          </Button>
          <div className="row">
            <ZoomBar look={look} scale={scale} onLook={setLook} />
            {before && (
              <Button title="Before and after (b)" aria-pressed={comparing} onClick={() => setComparing(!comparing)}>
                Before and after
              </Button>
            )}
            {document.fullscreenEnabled && (
              <Button className="whole" title="Full screen (f)" aria-pressed={fullScreen.on} onClick={fullScreen.toggle}>
                Full screen
              </Button>
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
    </Dialog>
  );
}

function useFullScreen(element: RefObject<HTMLElement | null>) {
  const [on, setOn] = useState(false);
  useEffect(() => {
    const changed = () => setOn(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  const toggle = () => {
    // If the browser refuses, the picture still fills the window.
    const done = document.fullscreenElement ? document.exitFullscreen() : element.current!.requestFullscreen();
    done.catch(() => undefined);
  };
  return { on, toggle };
}
