"""Many runs in one process, and what is held after each: a program of its own, see `test_leaks`.

It prints JSON lines: kind of the run, a digest of what it came to, and a count of each thing that must not grow.
"""

import concurrent.futures
import contextlib
import ctypes
import gc
import hashlib
import itertools
import json
import os
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

from nst import run
from nst.config import TransferConfig
from nst.engine import loop, pyramid, vgg
from nst.images import writer
from nst.inputs import Callbacks, MaskInputs
from tests.support import fake_vgg

NETWORK = fake_vgg.network()
CONFIG = TransferConfig(
    epochs=5,
    print_every=2,
    video_fps=2,  # the last frame is held for a second: less to encode
    image_size=0,
    beta=0.01,
    video="none",
    content_layers=(("conv3_1", 1.0),),
    style_layers=(("conv1_1", 0.3), ("conv3_1", 0.4)),
)
LBFGS = CONFIG.changed(optimizer="lbfgs")


class Runs:
    """The kinds of runs, each a method that gives the picture or says how it ended; pictures come from files."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0
        noise = np.random.default_rng(1)
        for name, shape in {"content": (64, 88), "style": (48, 56), "other": (56, 40)}.items():
            writer.write(folder / f"{name}.png", noise.integers(0, 256, (*shape, 3), np.uint8))
        mask = np.zeros((64, 88, 3), np.uint8)
        mask[:, :44] = 255
        writer.write(folder / "left.png", mask)
        writer.write(folder / "right.png", 255 - mask)
        (folder / "file").touch()

    def stylize(self, config, *, output=False, styles=("style",), **more):
        self.count += 1
        paths = [self.folder / f"{name}.png" for name in ("content", *styles)]
        place = self.folder / f"output-{self.count}" if output else None
        return run.stylize(paths[0], paths[1:], place, NETWORK, config, **more).picture

    def adam(self):
        return self.stylize(CONFIG)

    def lbfgs(self):
        return self.stylize(LBFGS.changed(pooling="max", padding="replicate", tv_weight=1.0))

    def in_tiles(self):
        return self.stylize(CONFIG.changed(tile_size=47))

    def with_masks_from_coarse_to_fine(self):
        both = [self.folder / "left.png", self.folder / "right.png"]
        config = LBFGS.changed(scales=2, tile_size=47, style_distance="wasserstein", beta=1.0)
        return self.stylize(config, styles=("style", "other"), masks=MaskInputs(both))

    def in_a_thread(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(self.adam).result()

    def with_files(self):
        return self.stylize(CONFIG.changed(video="mp4", contact_sheet=True), output=True)

    def stopped(self):
        epochs = iter(range(9))
        return self.stylize(
            LBFGS.changed(video="gif"), output=True, callbacks=Callbacks(stop=lambda: next(epochs) == 2)
        )

    def failing(self):
        def fail(step):
            if step.epoch == 2:
                raise RuntimeError("on purpose")

        with contextlib.suppress(RuntimeError):
            return self.stylize(
                CONFIG.changed(video="mp4", tile_size=47), output=True, callbacks=Callbacks(on_step=fail)
            )
        return "failed"

    def diverging(self):
        with contextlib.suppress(loop.DivergedError):
            return self.stylize(CONFIG.changed(video="mp4", learning_rate=1e30), output=True)
        return "diverged"

    def refused(self):
        with contextlib.suppress(ValueError):
            return self.stylize(CONFIG.changed(style_weights=(1, 2)), output=True)
        with contextlib.suppress(OSError):
            return run.stylize(
                self.folder / "content.png", self.folder / "style.png", self.folder / "file" / "in", NETWORK, CONFIG
            )
        return "refused"

    def forgotten(self):
        """A generator that is dropped half-way, without a word."""
        picture = np.random.default_rng(2).integers(0, 256, (64, 88, 3), np.uint8)
        config = LBFGS.changed(scales=2)
        sizes = pyramid.plan(picture, picture[:50, :60], config)
        steps = loop.paint(sizes, vgg.preprocess(sizes[0].content, NETWORK.mean), NETWORK, config)
        return [next(steps) for _ in range(4)][-1].picture


KINDS = [name for name in vars(Runs) if not name.startswith("_") and name != "stylize"]


class Held:
    """Counts what this process holds."""

    def __init__(self, folder):
        self._folder = folder
        self.warned = self.unclosed = 0
        warnings.simplefilter("always", ResourceWarning)
        warnings.showwarning = self._warn
        tf.Session.__del__ = self._counting(tf.Session.__del__)
        try:
            self._trim = ctypes.CDLL(None).malloc_trim
        except (OSError, AttributeError):
            self._trim = lambda kept: None

    def _warn(self, message, category, *place):
        self.warned += issubclass(category, ResourceWarning)
        print(category.__name__, message, file=sys.stderr)

    def _counting(self, delete):
        def delete_and_count(session):
            self.unclosed += not session._closed
            delete(session)

        return delete_and_count

    def __call__(self):
        gc.collect()
        self._trim(0)
        living = gc.get_objects()
        status = Path("/proc/self/status").read_text().split()
        hidden = [path for path in self._folder.rglob(".*") if path.is_file() and path.name != ".nst.lock"]
        return {
            "graphs": sum(isinstance(each, tf.Graph) for each in living),
            "sessions": sum(isinstance(each, tf.Session) for each in living),
            "sessions dropped open": self.unclosed,
            "warnings of files left open": self.warned,
            "threads": int(status[status.index("Threads:") + 1]),
            "threads of Python": threading.active_count(),
            "files": len(os.listdir("/proc/self/fd")),
            "children": children(),
            "temporary files": len(os.listdir(os.environ["TMPDIR"])) + len(hidden),
            "objects": len(living),
            "kilobytes": int(status[status.index("VmRSS:") + 1]),
        }


def children():
    """Processes that this one has started, and those that have ended and nobody has asked about."""
    found = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            found += stat.read_text().rpartition(")")[2].split()[1] == str(os.getpid())
    return found


def main():
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    runs, held = Runs(folder), Held(folder)
    gc.collect()
    gc.freeze()  # TensorFlow's own objects: nobody looks through them again
    for kind in itertools.islice(itertools.cycle(KINDS), count):
        came_to = getattr(runs, kind)()
        digest = came_to if isinstance(came_to, str) else hashlib.sha256(came_to.tobytes()).hexdigest()
        del came_to
        print(json.dumps({"kind": kind, "digest": digest, **held()}), flush=True)


if __name__ == "__main__":
    main()
