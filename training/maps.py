"""VGG's two operations on feature maps: in Keras 3, so they run on any of its backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from nst.weights.network import Layer
from training.clusters import Array

_AT_ONCE = 40  # pictures


def convolved(maps: Array, layer: Layer) -> Array:
    """ReLU(kernel ∗ maps + bias), zeros beyond the border: float32 `[N, H, W, in]` → `[N, H, W, out]`."""
    return _in_parts(lambda part: ops.relu(ops.conv(part, layer.kernel, padding="same") + layer.bias), maps)


def pooled(maps: Array) -> Array:
    """Means of 2×2 values: float32 `[N, H, W, C]` → `[N, H/2, W/2, C]`."""
    return _in_parts(lambda part: ops.average_pool(part, 2, 2), maps)


def _in_parts(operation: Callable[[Any], Any], maps: Array) -> Array:
    parts = [maps[first : first + _AT_ONCE] for first in range(0, len(maps), _AT_ONCE)]
    return np.concatenate([ops.convert_to_numpy(operation(ops.convert_to_tensor(part))) for part in parts])
