import { useEffect, useRef, useState } from "react";

import { Button } from "../parts/Button.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { Alert } from "../parts/Field.tsx";
import { encoded } from "../parts/images.ts";

interface Props {
  onPhoto: (photo: File) => void;
}

/** Takes a photo with a desktop's webcam; on phones a file input opens the camera. */
export function Camera({ onPhoto }: Props) {
  const found = useCameraFound();
  const [open, setOpen] = useState(false);
  if (!found) return null;
  return (
    <>
      <Button className="webcam" onClick={() => setOpen(true)}>
        Use the camera
      </Button>
      {open && <CameraDialog onPhoto={onPhoto} onClose={() => setOpen(false)} />}
    </>
  );
}

async function camerasOf(devices: MediaDevices): Promise<MediaDeviceInfo[]> {
  const found = await devices.enumerateDevices().catch(() => []);
  return found.filter(({ kind }) => kind === "videoinput");
}

/** Whether there is a camera. This takes no permission, but a secure context: elsewhere there are no `mediaDevices`. */
function useCameraFound(): boolean {
  const [found, setFound] = useState(false);
  useEffect(() => {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (!devices) return;
    let alive = true;
    const look = async () => {
      const cameras = await camerasOf(devices);
      if (alive) setFound(cameras.length > 0);
    };
    void look();
    devices.addEventListener("devicechange", look);
    return () => {
      alive = false;
      devices.removeEventListener("devicechange", look);
    };
  }, []);
  return found;
}

function CameraDialog({ onPhoto, onClose }: Props & { onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState("");
  const [ready, setReady] = useState(false);
  const [cameras, setCameras] = useState<MediaDeviceInfo[]>([]);
  const [camera, setCamera] = useState("");
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
        const found = await camerasOf(navigator.mediaDevices); // now with their names
        if (alive) setCameras(found);
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
    const blob = await encoded(seen, seen.videoWidth, seen.videoHeight, "image/jpeg");
    onClose();
    if (blob) onPhoto(new File([blob], "Camera.jpg", { type: "image/jpeg" }));
  };
  return (
    <Dialog className="dialog camera-dialog" title="Take a picture" onClose={onClose}>
      {problem === "" && (
        <video ref={video} className="viewfinder" autoPlay playsInline muted onLoadedData={() => setReady(true)} aria-label="Camera preview" />
      )}
      <Alert>{problem}</Alert>
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
        <Button className="quiet" onClick={onClose}>
          Cancel
        </Button>
        {problem === "" && (
          <Button className="primary" autoFocus disabled={!ready} onClick={shoot}>
            {ready ? "Take the picture" : "Starting…"}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

function stop(stream: MediaStream) {
  for (const track of stream.getTracks()) track.stop();
}

function sentenceOf({ name }: DOMException): string {
  if (name === "NotAllowedError") return "This page may not use the camera. Allow it in the address bar and try again.";
  if (name === "NotReadableError") return "The camera is in use by another program. Close that program and try again.";
  return "No camera is available.";
}
