"""Neural style transfer by optimisation, in TF1 graph style: the library behind `nst_main.py`.

    import nst

    nst.stylize("content.jpg", "style.jpg", "output", nst.load_network("auto"))

Names are imported on first use, so that `import nst` loads neither NumPy nor TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nst.config import PRESETS, TransferConfig
    from nst.engine.loop import DivergedError, Step
    from nst.engine.snapshot import CheckpointError
    from nst.images.decode import PictureError
    from nst.images.reader import read as read_image
    from nst.inputs import Callbacks, MaskInputs, Provenance
    from nst.output.folder import BusyError
    from nst.run import Result, stylize
    from nst.steering.changes import Change as SteeringChange
    from nst.steering.changes import Steering
    from nst.utils.ffmpeg import VideoError
    from nst.video.excerpt import Excerpt
    from nst.video.stylize import stylize_video
    from nst.weights.download import FetchError
    from nst.weights.download import load as load_network
    from nst.weights.download import provide as fetch_network
    from nst.weights.network import Network, WeightsError

__version__ = "1.0.0"

_HOMES = {
    "BusyError": "nst.output.folder",
    "PRESETS": "nst.config",
    "Callbacks": "nst.inputs",
    "DivergedError": "nst.engine.loop",
    "Excerpt": "nst.video.excerpt",
    "FetchError": "nst.weights.download",
    "MaskInputs": "nst.inputs",
    "Network": "nst.weights.network",
    "PictureError": "nst.images.decode",
    "Provenance": "nst.inputs",
    "Result": "nst.run",
    "CheckpointError": "nst.engine.snapshot",
    "Steering": "nst.steering.changes",
    "SteeringChange": "nst.steering.changes:Change",
    "Step": "nst.engine.loop",
    "TransferConfig": "nst.config",
    "VideoError": "nst.utils.ffmpeg",
    "WeightsError": "nst.weights.network",
    "fetch_network": "nst.weights.download:provide",
    "load_network": "nst.weights.download:load",
    "read_image": "nst.images.reader:read",
    "stylize": "nst.run",
    "stylize_video": "nst.video.stylize",
}

__all__ = [  # noqa: RUF022 - ordered by topic
    "stylize", "stylize_video", "TransferConfig", "PRESETS", "Result", "Step", "Callbacks", "MaskInputs", "Provenance",
    "Steering", "SteeringChange", "Excerpt", "load_network", "fetch_network", "Network", "read_image",
    "DivergedError", "BusyError", "FetchError", "PictureError", "CheckpointError", "VideoError", "WeightsError",
    "__version__",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nst.utils import tf_import

    module, _, attribute = _HOMES[name].partition(":")
    with tf_import.tensorflow(quiet=False):
        value = globals()[name] = getattr(importlib.import_module(module), attribute or name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
