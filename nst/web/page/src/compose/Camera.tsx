import { useEffect, useId, useRef, useState } from "react";

interface Props {
  onPhoto: (photo: File) => void;
}

/** Takes a picture with the camera of a desktop; phones have their own, as an input of files. */
export function Camera({ onPhoto }: Props) {
  const there = useCameraThere();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  if (!there) return null;
  return (
    <>
      <button ref={button} type="button" className="button webcam" onClick={() => setOpen(true)}>
        Use the camera
      </button>
      {open && (
        <CameraDialog
          onPhoto={onPhoto}
          onClose={() => {
            setOpen(false);
            button.current?.focus();
          }}
        />
      )}
    </>
  );
}

/** Whether the browser knows of a camera; it is asked without the user's permission, and not at all without HTTPS. */
function useCameraThere(): boolean {
  const [there, setThere] = useState(false);
  useEffect(() => {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (!devices) return;
    let alive = true;
    const look = async () => {
      const found = await devices.enumerateDevices().catch(() => []);
      if (alive) setThere(found.some(({ kind }) => kind === "videoinput"));
    };
    void look();
    devices.addEventListener("devicechange", look);
    return () => {
      alive = false;
      devices.removeEventListener("devicechange", look);
    };
  }, []);
  return there;
}

interface DialogProps extends Props {
  onClose: () => void;
}

function CameraDialog({ onPhoto, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const heading = useId();
  const [problem, setProblem] = useState("");
  const [ready, setReady] = useState(false);
  const [cameras, setCameras] = useState<MediaDeviceInfo[]>([]);
  const [camera, setCamera] = useState("");
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let alive = true;
    const open = async () => {
      setReady(false);
      setProblem("");
      const size = { width: { ideal: 1920 }, height: { ideal: 1080 } };
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: camera === "" ? size : { ...size, deviceId: { exact: camera } } });
        if (!alive) return stop(stream);
        if (video.current) video.current.srcObject = stream;
        const found = await navigator.mediaDevices.enumerateDevices(); // with names, now that it is allowed
        if (alive) setCameras(found.filter(({ kind }) => kind === "videoinput"));
      } catch (error) {
        if (alive) setProblem(sentenceOf(error as DOMException));
      }
    };
    void open();
    return () => {
      alive = false;
      if (stream) stop(stream);
    };
  }, [camera]);
  const shoot = async () => {
    const { current: seen } = video;
    if (!seen || seen.videoWidth === 0) return;
    const canvas = document.createElement("canvas");
    canvas.width = seen.videoWidth;
    canvas.height = seen.videoHeight;
    canvas.getContext("2d")?.drawImage(seen, 0, 0);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
    dialog.current?.close();
    if (blob) onPhoto(new File([blob], "Camera.jpg", { type: "image/jpeg" }));
  };
  return (
    <dialog ref={dialog} className="dialog camera-dialog" aria-labelledby={heading} onClose={onClose}>
      <h2 id={heading}>Take a picture</h2>
      {problem === "" ? (
        <video ref={video} className="viewfinder" autoPlay playsInline muted onLoadedData={() => setReady(true)} aria-label="What the camera sees" />
      ) : (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      {cameras.length > 1 && (
        <div className="field">
          <label htmlFor="which-camera">Camera</label>
          <select id="which-camera" value={camera} onChange={({ target }) => setCamera(target.value)}>
            {cameras.map(({ deviceId, label }, index) => (
              <option key={deviceId} value={index === 0 ? "" : deviceId}>
                {label || `Camera ${index + 1}`}
              </option>
            ))}
          </select>
        </div>
      )}
      <div className="row">
        <button type="button" className="button quiet" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        {problem === "" && (
          <button type="button" className="button primary" autoFocus disabled={!ready} onClick={shoot}>
            {ready ? "Take the picture" : "Starting…"}
          </button>
        )}
      </div>
    </dialog>
  );
}

function stop(stream: MediaStream) {
  for (const track of stream.getTracks()) track.stop();
}

function sentenceOf({ name }: DOMException): string {
  if (name === "NotAllowedError") return "The browser does not let this page use the camera: allow it beside the address, and try again.";
  if (name === "NotReadableError") return "The camera is in use by another program: close that, and try again.";
  return "No camera can be used here.";
}
