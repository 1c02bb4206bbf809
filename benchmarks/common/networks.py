"""The network that a benchmark paints with."""

from __future__ import annotations

import sys

from absl import flags

from nst.weights import download
from nst.weights.network import Network

MODEL = flags.DEFINE_string("model", "auto", "the network that paints: as for nst_main.py")


def painting() -> Network:
    """The network that `--model` names, fetched where it is missing."""
    return load(MODEL.value)


def load(model: str) -> Network:
    """A network by name or path, fetched where it is missing; says so on stderr."""
    return download.load(model, say=lambda line: print(line, file=sys.stderr))
