"""A run to be killed: a program of its own, see `tests.robustness.test_kills`.

`painter FOLDER OPTIMIZER` paints content.png with style.png, or resumes, with a checkpoint every few milliseconds; it
prints the epoch at which it begins, and "done" at the end.
"""

import sys

from nst import run
from nst.config import TransferConfig
from nst.inputs import Callbacks
from nst.output import checkpoint
from tests.support import fake_vgg


def main():
    folder, optimizer = sys.argv[1:]
    checkpoint._SECONDS, checkpoint._SHARE = 0.02, 1e9
    config = TransferConfig(epochs=80, image_size=0, beta=0.01, print_every=20, video_every=2, optimizer=optimizer)
    started = Callbacks(on_start=lambda start: print(start.first, flush=True))
    run.stylize("content.png", "style.png", folder, fake_vgg.network(), config, resume=True, callbacks=started)
    print("done", flush=True)
