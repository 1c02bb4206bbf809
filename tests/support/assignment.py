"""What the tests of nst_utils share: processes of their own, pictures, and the engine's steps to compare with."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from nst.engine import vgg
from nst.weights import matconvnet
from tests.support import engine

ROOT = Path(__file__).resolve().parents[2]


def in_a_process(arguments, folder):
    """Runs Python in `folder` with this checkout on its path, and gives what it printed."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "MPLBACKEND": "agg", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    return done.stdout


def picture(height, width, seed):
    """Smooth random colours, uint8 `[height, width, 3]`."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    return np.array(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def engine_steps(network_file, content, style, rng, config):
    """The engine's steps for two uint8 pictures of one size."""
    network = matconvnet.read(Path(network_file))
    content, style = vgg.preprocess(content, network.mean), vgg.preprocess(style, network.mean)
    return engine.steps((content, style), network, config, rng)
