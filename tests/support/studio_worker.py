"""A worker of the studio without TensorFlow: what it does with a job depends on the job's seed.

It sends the messages of `nst.web.worker` (see `nst.web.worker_process`), and writes small real files. As a program it
takes one argument: nothing, or what goes wrong before its first job.
"""

import enum
import json
import os
import queue
import shutil
import signal
import struct
import sys
import threading
import time
import zlib
from pathlib import Path

STATE = "resume"
"""The folder of what a run that was cut goes on from, as `nst.output.checkpoint.FOLDER`."""


class Does(enum.IntEnum):
    """What is done with a job: its seed."""

    PAINT = 0
    CRASH = 1  # a segmentation fault after the third epoch
    EXIT = 2  # ends with status 3 after the third epoch, with last words
    HANG = 3  # an endless step after the third epoch
    FAIL = 4  # says that it failed
    SLOWLY = 5  # 0.05 seconds for each epoch
    OUT_OF_MEMORY = 6  # is killed as the system kills for memory, after the third epoch
    BABBLE = 7  # says what is no message, and paints
    TROUBLE = 8  # survives two troubles, and paints
    SAVE_FOREVER = 9  # begins to stop when it is told to, and never ends that
    FULL_SPEED = 10  # no pause between epochs
    NOT_FINITE = 11  # its costs are no finite numbers


def command(fault=""):
    """The command line of this program."""
    return [sys.executable, "-S", str(Path(__file__).resolve()), *([fault] if fault else [])]


def settings(does=Does.PAINT, epochs=4, **more):
    """Settings of the preset coursera that ask for this."""
    return {"seed": int(does), "epochs": epochs, "print_every": max(1, epochs // 50), **more}


def png(side=24):
    """A small PNG of one colour."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x30\x60\x90" * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def costs(epoch, does=Does.PAINT):
    """The costs of an epoch, which tell it from others."""
    if does == Does.NOT_FINITE:
        return {"total": float("nan"), "content": float("inf"), "style": 1.0, "total_variation": None}
    return {"total": 1000.0 / (epoch + 1), "content": 1.0 + epoch, "style": 2.0 + epoch, "total_variation": 0.5}


def say(kind, **values):
    print(json.dumps({"kind": kind, **values}), flush=True)


class Painting:
    """One job, painted as its seed says."""

    def __init__(self, job, stopping, changes):
        self.changes = changes
        self.folder = Path(job["folder"])
        config = job["request"]["config"]
        self.does = Does(config["seed"])
        self.frames = job["request"].get("frame_count", 0)
        self.epochs = self.frames or config["epochs"]
        self.every = config["print_every"]
        self.video = config.get("video", "mp4") == "mp4"
        self.styles = len(job["request"]["styles"])
        self.stopping = stopping
        self.run = self.folder / "run"
        self.kept = self.run / STATE / "epoch"

    def paint(self):
        for name in ("content", *(f"style-{index}" for index in range(self.styles))):
            assert (self.folder / name).stat().st_size, f"{name} is missing"
        (self.run / "frames").mkdir(parents=True, exist_ok=True)
        first = int(self.kept.read_text()) + 1 if self.kept.exists() else 0
        counted = {"epochs": self.frames} if self.frames else {}
        say("start", first=first, width=400, height=300, network="Tiny", **counted)
        for epoch in range(first, self.epochs):
            self.step(epoch)
            if epoch == 2:
                self.misbehave()
            if self.does == Does.SLOWLY:
                time.sleep(0.05)
            if self.stopping.is_set() and epoch < self.epochs - 1:
                say("stopping", frames=epoch + 1 if self.frames else 0)
                if self.does == Does.SAVE_FOREVER:
                    time.sleep(600)
                self.kept.parent.mkdir(exist_ok=True)
                self.kept.write_text(str(epoch))
                self.leave(epoch, "stopped")
                return
        self.leave(self.epochs - 1, "finished")

    def follow(self, epoch):
        while not self.changes.empty():
            change = self.changes.get() | {"epoch": epoch}
            masks = [change.pop(name, None) for name in ("content_masks", "style_masks")]
            if masks != [None, None]:
                change["masks"] = any(masks)
            say("steered", **change)

    def step(self, epoch):
        self.follow(epoch)
        left = (self.epochs - 1 - epoch) * 0.01
        found = costs(epoch, self.does)
        if self.frames:
            found |= {"total_variation": None, "temporal": 0.25}
        say("epoch", epoch=epoch, **found, seconds=0.01 * epoch, seconds_left=left)
        if self.frames:
            (self.run / f"frames/{epoch:06d}.png").write_bytes(png(24 + epoch))
        elif epoch % self.every == 0:
            (self.run / f"{epoch}.png").write_bytes(png())
        if self.frames:
            say("picture", epoch=epoch)
        elif epoch % 10 == 0 or self.does != Does.FULL_SPEED:
            part = self.folder / "live.part"
            shutil.copyfile(self.folder / "content.jpg", part)
            os.replace(part, self.folder / "live.jpg")
            say("picture", epoch=epoch)

    def misbehave(self):
        if self.does in (Does.CRASH, Does.OUT_OF_MEMORY):
            signum = signal.SIGSEGV if self.does == Does.CRASH else signal.SIGKILL
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signum)
            time.sleep(600)  # the signal comes first
        elif self.does == Does.EXIT:
            print("much talk\nthe cat sat on the keyboard", file=sys.stderr, flush=True)
            os._exit(3)
        elif self.does == Does.HANG:
            while True:  # as a step does that the interpreter cannot end: a signal changes nothing
                time.sleep(600)
        elif self.does == Does.FAIL:
            raise ValueError("the picture is too beautiful")
        elif self.does == Does.BABBLE:
            print("no message\n{\n\n{}x", flush=True)
        elif self.does == Does.TROUBLE:
            say("trouble", message="the video cannot be written: no encoder")
            say("trouble", message="the contact sheet cannot be written: no paper")
        elif self.does == Does.SAVE_FOREVER:
            self.stopping.wait(600)

    def leave(self, epoch, ended):
        if self.frames:
            (self.run / "painted.mp4").write_bytes(b"not really a film" * 50)
            say("done", ended=ended, epoch=epoch, video=True)
            return
        (self.run / "generated_image.png").write_bytes(png(32))
        shutil.copyfile(self.folder / "content.jpg", self.run / "generated_image.jpg")
        (self.run / "costs.csv").write_text("epoch\n")
        if self.video:
            (self.run / "progress.mp4").write_bytes(b"not really a video" * 50)
        say("done", ended=ended, epoch=epoch, video=self.video)


def main():
    """Paints jobs until their stream ends."""
    fault = (sys.argv[1:] or [""])[0]
    if fault == "broken":
        sys.exit("there is no module named tensorflow")
    jobs, changes, stopping = queue.SimpleQueue(), queue.SimpleQueue(), threading.Event()

    def listen():
        for line in sys.stdin:
            message = json.loads(line)
            changes.put(message["steer"]) if "steer" in message else jobs.put(message)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    if fault == "never-ready":
        time.sleep(600)
    say("ready")
    while True:
        job = jobs.get()
        stopping.clear()
        say("begun")
        try:
            Painting(job, stopping, changes).paint()
        except ValueError as error:
            say("failed", reason=str(error))


if __name__ == "__main__":
    main()
