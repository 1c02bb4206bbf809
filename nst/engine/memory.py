"""How much memory a step needs, and which tiles make it fit: asked before anything is allocated.

The estimates count the maps that are alive at once; their factors were fitted to steps of full-width VGG-19 at two
megapixels, and hold to within half as much again up to 33 (`benchmarks/speed/size.py` shows estimate and peak side by
side).
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from nst.config import SMALLEST_TILE, TransferConfig
from nst.engine import architecture, tiling
from nst.utils import text
from nst.weights.network import Network

_SHARE = 0.8  # of the free memory that a run may take: others need some, and the estimate is not exact
_TILES = (1024, 768, 512, 384, 256, 192, 128)  # pixels; larger ones save hardly any time
_TILE_SLACK = 2.2  # maps of many sizes leave holes in the allocator's memory
_HISTORY_BYTES = 6 * 10**8
_HISTORY = (1, 10)


def history(height: int, width: int) -> int:
    """Pairs that L-BFGS keeps for a picture: 10, but fewer where they would take more than 0.6 GB."""
    least, most = _HISTORY
    return max(least, min(most, _HISTORY_BYTES // (2 * _picture(height, width))))


def needed(network: Network, config: TransferConfig, height: int, width: int, tile_size: int, guides: int = 0) -> int:
    """Bytes that painting a picture takes at its peak, TensorFlow and the network's filters being loaded.

    Args:
        network: the network.
        config: layers, optimizer, and a precision that is not `auto`.
        height: rows of the picture.
        width: columns of the picture.
        tile_size: see `tiling.plan`; 0 for no tiles.
        guides: regions that are painted in styles of their own.
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
    between = sum(kept) * size + sum(sorted(kept)[-2:]) * 4  # what segments put out, and two of their gradients
    first = segments[0].names
    pixel = _per_pixel(network, first, size) + guides * _per_guide(network, config, first, size)
    return round(pictures + filters + content + kept_guides + between + tile_size**2 * pixel * _TILE_SLACK)


def tile_size(
    network: Network, config: TransferConfig, height: int, width: int, free: int | None, guides: int = 0
) -> int:
    """The side of the tiles for a picture: 0, no tiles, where the whole fits into what is free.

    Args:
        network: the network.
        config: the settings; one that names a tile size gets that, where the picture is larger and it fits.
        height: rows of the picture.
        width: columns of the picture.
        free: bytes that are free; None where that is not known: then no tiles are taken.
        guides: as of `needed`.

    Raises:
        MemoryError: not even the smallest tiles fit; the message says which size does.
    """
    asked = config.tile_size if height * width > config.tile_size**2 else 0
    if free is None:
        return asked
    if config.tile_size and needed(network, config, height, width, asked, guides) <= free:
        return asked
    fitting = _fitting(network, config, height, width, free, guides)
    if fitting is not None:
        return fitting
    least = needed(network, config, height, width, _TILES[-1], guides)
    raise MemoryError(
        f"even in small tiles a picture of {width}×{height} pixels needs about {text.format_bytes(least)} of "
        f"memory, and {text.format_bytes(free)} are free: {_advice(network, config, height, width, free, guides)}"
    )


def smaller_tiles(tile_size: int, shape: tuple[int, ...], error: Exception) -> int:
    """The side of tiles that take half the memory. Raises `MemoryError` when they would be too small to help."""
    _, height, width, _ = shape
    smaller = int(min(tile_size, (height * width) ** 0.5) / 2**0.5)
    if smaller < SMALLEST_TILE:
        raise MemoryError(
            f"there is not enough memory for a picture of {width}×{height} pixels, even in tiles of {tile_size}: "
            "take a smaller one"
        ) from error
    return smaller


def _fitting(network: Network, config: TransferConfig, height: int, width: int, free: int, guides: int) -> int | None:
    for side in (0, *_TILES):
        if needed(network, config, height, width, side, guides) <= _SHARE * free:
            return side
    return None


def _advice(network: Network, config: TransferConfig, height: int, width: int, free: int, guides: int) -> str:
    """The largest size that fits, in tens of pixels, as a sentence."""
    longest = max(height, width)

    def too_large(tens: int) -> bool:
        rows, columns = (max(16, extent * 10 * tens // longest) for extent in (height, width))
        return _fitting(network, config, rows, columns, free, guides) is None

    side = 10 * (bisect.bisect_left(range(longest // 10 + 1), True, key=too_large) - 1)
    if side < 100:
        return "close other programs, or take a smaller network"
    return f"{side} pixels on the longest side fit"


def _picture(height: int, width: int) -> int:
    return 4 * 3 * height * width


def _map(network: Network, names: Sequence[str], name: str, height: int, width: int) -> int:
    """Values of one layer's map."""
    stride: int = 2 ** tiling.poolings(names, name)
    return -(-height // stride) * -(-width // stride) * tiling.channels(network, names, name)


def _per_guide(network: Network, config: TransferConfig, names: Sequence[str], size: int) -> float:
    """Bytes for each input value that a guide takes: its float32 product with the largest style map, and a gradient."""
    styles = [name for name, _ in config.style_layers if name in names]
    return (4 + size) * max(
        (tiling.channels(network, names, name) / 4 ** tiling.poolings(names, name) for name in styles), default=0.0
    )


def _per_pixel(network: Network, names: Sequence[str], size: int) -> float:
    """Bytes for each input value of all maps of the layers, two gradients of the largest, and its float32 copy."""
    largest: float = max(
        tiling.channels(network, names, name) / 4 ** tiling.poolings(names, name) for name in names
    )  # fmt: skip
    return size * (tiling.floats(network, names) + 2 * largest) + (4 * largest if size < 4 else 0)
