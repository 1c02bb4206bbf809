"""Estimates of the memory that a step needs, and the choice of tiles that make it fit, before anything is allocated.

The estimates count the maps in memory at the same time. Their factors were fitted to steps of full-width VGG-19 at two
megapixels; up to 33 megapixels they are within 50 % (`benchmarks/speed/size.py` compares estimates and peaks).
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from nst.config import SMALLEST_TILE, TransferConfig
from nst.engine import architecture, tiling
from nst.utils import text
from nst.weights.network import Network

_SHARE = 0.8  # of the free memory that a run may use: other programs need some, and the estimate is not exact
_TILES = (1024, 768, 512, 384, 256, 192, 128)  # sides in pixels; larger tiles save hardly any time
_TILE_SLACK = 2.2  # maps of many sizes fragment the allocator's memory
_HISTORY_BYTES = 6 * 10**8


def history(height: int, width: int) -> int:
    """Pairs that L-BFGS keeps for a picture: 10, or as few as 1 if they would take more than 0.6 GB."""
    return max(1, min(10, _HISTORY_BYTES // (2 * _picture(height, width))))


def needed(network: Network, config: TransferConfig, height: int, width: int, tile_size: int, guides: int = 0) -> int:
    """Peak memory in bytes of painting a picture, in addition to TensorFlow and the network as loaded.

    `tile_size` is the side of the tiles in pixels (see `tiling.plan`), 0 for no tiles; `guides` is the number of
    regions with styles of their own. The precision in `config` must not be `auto`.
    """
    wanted = architecture.wanted(config)
    names = architecture.up_to_deepest(network, wanted)
    pairs = 2 * history(height, width) + 3 if config.optimizer == "lbfgs" else 3
    pictures = (pairs + 6) * _picture(height, width)
    filters = 3 * sum(network.layers[name].kernel.nbytes for name in names if not name.startswith("pool"))
    content = sum(_map(network, names, name, height, width) * 4 for name, _ in config.content_layers)
    kept_guides = (
        guides * 4 * height * width * (1 + sum(4.0 ** -tiling.poolings(names, name) for name, _ in config.style_layers))
    )
    size = 2 if config.precision == "bfloat16" else 4
    if not tile_size or height * width <= tile_size**2:
        pixel = _per_pixel(network, names, size) + guides * _per_guide(network, config, names, size)
        return round(pictures + filters + content + kept_guides + height * width * pixel)
    segments = tiling.plan(network, wanted, height, width, tile_size)
    kept = [_map(network, names, segment.names[-1], height, width) for segment in segments[:-1]]
    between = sum(kept) * size + sum(sorted(kept)[-2:]) * 4  # the segments' outputs, and two of their gradients
    first = segments[0].names
    pixel = _per_pixel(network, first, size) + guides * _per_guide(network, config, first, size)
    return round(pictures + filters + content + kept_guides + between + tile_size**2 * pixel * _TILE_SLACK)


def tile_size(
    network: Network, config: TransferConfig, height: int, width: int, free: int | None, guides: int = 0
) -> int:
    """Chooses the side of the tiles for a picture, in pixels; 0, for no tiles, if the whole picture fits into memory.

    A tile size in the settings is used if the picture is larger and the tiles fit into `free` bytes, or if it is not
    known how many bytes are free (None). `guides` as of `needed`.

    Raises:
        MemoryError: not even the smallest tiles fit; the message says which size would.
    """
    asked = config.tile_size if height * width > config.tile_size**2 else 0
    if free is None or (config.tile_size and needed(network, config, height, width, asked, guides) <= free):
        return asked
    limit = _SHARE * free

    def fitting(rows: int, columns: int) -> int | None:
        """The side of the largest tiles that fit, 0 if the whole picture does."""
        sides = (side for side in (0, *_TILES) if needed(network, config, rows, columns, side, guides) <= limit)
        return next(sides, None)

    if (chosen := fitting(height, width)) is not None:
        return chosen
    longest = max(height, width)

    def too_large(tens: int) -> bool:
        return fitting(*(max(16, extent * 10 * tens // longest) for extent in (height, width))) is None

    side = 10 * (bisect.bisect_left(range(longest // 10 + 1), True, key=too_large) - 1)
    advice = f"{side} pixels on the longest side fit"
    if side < 100:
        advice = "close other programs, or use a smaller network"
    least = needed(network, config, height, width, _TILES[-1], guides)
    raise MemoryError(
        f"even in small tiles a picture of {width}×{height} pixels needs about {text.format_bytes(least)} of "
        f"memory, but only {text.format_bytes(free)} is free: {advice}"
    )


def smaller_tiles(tile_size: int, shape: tuple[int, ...], error: Exception) -> int:
    """The side of tiles that take half the memory. Raises `MemoryError` if they would be too small to help."""
    _, height, width, _ = shape
    smaller = int(min(tile_size, (height * width) ** 0.5) / 2**0.5)
    if smaller < SMALLEST_TILE:
        raise MemoryError(
            f"there is not enough memory for a picture of {width}×{height} pixels, even in tiles of {tile_size}: "
            "use a smaller one"
        ) from error
    return smaller


def _picture(height: int, width: int) -> int:
    return 4 * 3 * height * width


def _map(network: Network, names: Sequence[str], name: str, height: int, width: int) -> int:
    """Number of values of one layer's maps."""
    stride: int = 2 ** tiling.poolings(names, name)
    return -(-height // stride) * -(-width // stride) * tiling.channels(network, names, name)


def _per_guide(network: Network, config: TransferConfig, names: Sequence[str], size: int) -> float:
    """Bytes per pixel for a guide: the float32 product of guide and largest style map, and a gradient."""
    styles = [name for name, _ in config.style_layers if name in names]
    return (4 + size) * max((tiling.density(network, names, name) for name in styles), default=0.0)


def _per_pixel(network: Network, names: Sequence[str], size: int) -> float:
    """Bytes per pixel for all maps of the layers, two gradients of the largest, and its float32 copy."""
    largest = max(tiling.density(network, names, name) for name in names)
    return size * (tiling.floats(network, names) + 2 * largest) + (4 * largest if size < 4 else 0)
