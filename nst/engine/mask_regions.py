"""Several styles and masks: which parts of which pictures the style cost compares, and with what weights.

The style cost is a sum of *terms*, each comparing the Gram matrices of one style with those of one region of the
painted picture. `nst.engine.guidance` converts regions to the resolution of each layer.

Plain arithmetic, so that an entry point can check its pictures without loading TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.config import TransferConfig
from nst.images import decode, reader
from nst.images.decode import PictureError

Masks: TypeAlias = reader.Source | Sequence[reader.Source | None] | None
"""No mask, one, or one for each style picture. None in a sequence stands for a mask that is white all over."""

_BLACK, _WHITE = 8, 247  # grey levels; JPEG blurs black and white this much near an edge
_EVEN = 0.02  # largest difference, on the scale 0 to 1, within a mask of one shade
_COLOURED = 48  # smallest difference in levels between the channels of a coloured pixel
_ALIKE = 48.0  # largest distance in levels between two shades of one colour, from JPEG or a soft brush
_SMALLEST = 0.005  # smallest share of a mask that a region covers; rarer colours are from the edges between regions
_MOST_REGIONS = 24
_FLAT_COLOURS = 8  # of a mask with transparent parts, at most
_FLAT = 0.9  # smallest share of its opaque pixels in these colours; the rest are from the edges between regions
_MOST_PIXELS = 16_000_000  # of a mask, which is scaled to the painted picture anyway
_SHAPE = 1.1  # largest ratio between the aspect ratios of a mask and its picture


class Term(NamedTuple):
    """A term of the style cost, which compares a region of the painted picture with a part of a style picture."""

    style: int  # index of the style picture
    weight: float  # factor of the term
    guide: int | None = None  # index of the region in `Mixture.guides`; None for the whole picture
    part: NDArray[np.float32] | None = None  # [h, w], 0 to 1, of the style picture; None for all of it


class Guide(NamedTuple):
    """A region of the painted picture."""

    name: str  # in error messages
    mask: NDArray[np.float32]  # [h, w], 0 to 1


class Mixture(NamedTuple):
    """The terms of the style cost, and the regions of the painted picture that they refer to."""

    terms: tuple[Term, ...]
    guides: tuple[Guide, ...] = ()

    def same_regions(self, other: Mixture) -> bool:
        """Whether another mixture has the same regions of the painted picture."""
        return len(self.guides) == len(other.guides) and all(
            np.array_equal(guide.mask, given.mask) for guide, given in zip(self.guides, other.guides, strict=True)
        )

    def fitted(self, content: tuple[int, ...], styles: Sequence[tuple[int, ...]]) -> Mixture:
        """The same mixture with masks resized to the given shapes `(height, width, …)` of their pictures."""
        terms = (
            term if term.part is None else term._replace(part=resize(term.part, *styles[term.style][:2]))
            for term in self.terms
        )
        return Mixture(tuple(terms), tuple(Guide(name, resize(mask, *content[:2])) for name, mask in self.guides))


ALONE = Mixture((Term(0, 1.0),))
"""One style, over the whole picture."""


def weights(config: TransferConfig, count: int) -> tuple[float, ...]:
    """The share of each of `count` style pictures, Σ = 1. Raises `ValueError` if the weights do not match them."""
    if count < 1:
        raise ValueError("no style picture was given: name one or more")
    given = config.style_weights
    if not given:
        return (1.0 / count,) * count
    if count == 1:
        raise ValueError("style weights have no effect on a single style picture: leave them out, or name more styles")
    if len(given) != count:
        raise ValueError(
            f"there {'is 1 style weight' if len(given) == 1 else f'are {len(given)} style weights'} for {count} style "
            "pictures: give each picture one weight"
        )
    largest = max(given)  # divided by first, so that the sum of huge weights is finite
    total = sum(weight / largest for weight in given)
    return tuple(weight / largest / total for weight in given)


def mixture(
    content: NDArray[np.uint8],
    styles: Sequence[NDArray[np.uint8]],
    config: TransferConfig,
    content_mask: Masks = None,
    style_mask: Masks = None,
    opacities: Sequence[NDArray[np.uint8] | None] = (),
) -> Mixture:
    """Reads the masks and derives the terms of the style cost.

    Grey masks are weights, from 0 for black to 1 for white: content masks of where each style acts, style masks of the
    parts of each style picture to use. A coloured content mask defines regions, and each is painted in the parts of the
    style pictures whose masks have the same colour. The weight of a region is its share of the picture times the weight
    of its style, all scaled to add up to the share of the picture where any style acts; so per pixel, style and content
    are balanced as they are without masks.

    Args:
        content: uint8 RGB `[H, W, 3]`.
        styles: uint8 RGB `[h, w, 3]`, one or more.
        config: the weights of the styles.
        content_mask: a mask, or one for each style; stretched to the content's size.
        style_mask: a mask for each style; stretched to the style's size.
        opacities: the opacity of each style, uint8 `[h, w]`, None if it is opaque. It acts as a grey style mask, in
            addition to the style's own.

    Raises:
        nst.images.decode.PictureError: a mask cannot be read, or a style picture is fully transparent.
        ValueError: weights or masks do not match the pictures or each other, or would have no effect.
    """
    shown = [visible_part(opacity, _style_name(index, styles)) for index, opacity in enumerate(opacities)]
    shares = weights(config, len(styles))
    contents, parts = _read("content", content_mask), _read("style", style_mask)
    for mask in contents:
        _check_shape(mask, "the content picture", content)
    paired = any(mask is not None and mask.coloured for mask in contents)
    if paired:
        _check_pairing(contents, parts, len(styles))
    for role, masks in (("content", contents), ("style", parts)):
        if len(masks) not in (0, len(styles)) and not (paired and role == "content"):
            raise ValueError(
                f"there {'is 1' if len(masks) == 1 else f'are {len(masks)}'} {role} mask{'s' * (len(masks) != 1)} for "
                f"{len(styles)} style picture{'s' * (len(styles) != 1)}: give one for each style"
            )
    for index, (mask, picture) in enumerate(zip(parts, styles, strict=False)):
        _check_shape(mask, _style_name(index, styles), picture)
    if paired:
        assert contents[0] is not None
        found = _by_colour(contents[0], [part for part in parts if part is not None], shares)
    else:
        found = _by_grey(contents, parts, shares)
    if any(mask is not None for mask in shown):
        found = found._replace(
            terms=tuple(_seen(term, shown[term.style], _style_name(term.style, styles)) for term in found.terms)
        )
    return found


def _style_name(index: int, styles: Sequence[object]) -> str:
    return f"style picture {index + 1}" if len(styles) > 1 else "the style picture"


def visible_part(opacity: NDArray[np.uint8] | None, name: str) -> NDArray[np.float32] | None:
    """The opacity of a style picture as a mask; None if all of it is visible alike.

    Raises:
        nst.images.decode.PictureError: nothing of it is visible; the message calls the picture by the name given.
    """
    if opacity is None:
        return None
    mask = _from_grey(_subsampled(opacity))
    if not mask.any():
        raise PictureError(f"{name} is fully transparent, so that there is no style in it: choose another picture")
    return None if _even(mask) else mask


def _seen(term: Term, visible: NDArray[np.float32] | None, name: str) -> Term:
    """The term with only the visible part of its style picture."""
    if visible is None or term.part is None:
        return term if visible is None else term._replace(part=visible)
    part = resize(term.part, *visible.shape) * visible
    if not part.any():
        raise ValueError(f"the part of {name} that its mask selects is fully transparent: select a visible part")
    return term._replace(part=part)


class _Mask(NamedTuple):
    """A mask as it was read."""

    name: str  # in error messages
    pixels: NDArray[np.uint8]  # RGB [h, w, 3]; every second or fewer if there were many
    height: int  # of the picture that was read, as is the width
    width: int

    @property
    def coloured(self) -> bool:
        """Whether a pixel is far from grey."""
        return is_coloured(self.pixels)


def _read(role: str, masks: Masks) -> list[_Mask | None]:
    """The masks, subsampled if large; none if all are None. A cut-out is read from its opacity, see `_is_cutout`."""
    given = list(masks) if isinstance(masks, list | tuple) else [masks]
    found: list[_Mask | None] = [None] * len(given)
    for index, mask in enumerate(given):
        if mask is not None:
            pixels, (height, width) = read_mask(mask)  # type: ignore[arg-type]
            name = f"{role} mask {index + 1}" if len(given) > 1 else f"the {role} mask"
            found[index] = _Mask(name, pixels, height, width)
    return found if any(found) else []


def is_coloured(mask: NDArray[np.uint8]) -> bool:
    """Whether a pixel of a mask, uint8 RGB `[h, w, 3]`, is far from grey, so that it is one of coloured regions."""
    return bool((mask.max(axis=2) - mask.min(axis=2)).max() > _COLOURED)


def read_mask(
    source: reader.Source, *, name: str | None = None, most: int = decode.MAX_PIXELS
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Reads a mask as it will be understood: a cut-out becomes its opacity, and a large mask is subsampled.

    Args:
        source: a path, bytes, a file, or an array.
        name: what error messages call it, as in `nst.images.reader.read`.
        most: the number of pixels allowed.

    Returns:
        uint8 RGB `[h, w, 3]`, and the (height, width) of the picture that was read.

    Raises:
        nst.images.decode.PictureError: it cannot be read.
    """
    pixels, opacity = reader.read_with_alpha(source, name=name, most=most)
    height, width, _ = pixels.shape
    pixels = _subsampled(pixels)
    if opacity is not None and _is_cutout(pixels, opacity := _subsampled(opacity)):
        pixels = np.repeat(opacity[..., np.newaxis], 3, axis=2)
    return pixels, (height, width)


def _subsampled(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every second or fewer of the pixels of a large mask, as more would not be worth their time and memory."""
    step = math.ceil(math.sqrt(pixels.shape[0] * pixels.shape[1] / _MOST_PIXELS))
    return np.ascontiguousarray(pixels[::step, ::step])


def _is_cutout(pixels: NDArray[np.uint8], opacity: NDArray[np.uint8]) -> bool:
    """Whether a mask with transparent parts is a cut-out, whose colours are those of a photograph or one flat colour.

    Black alone, or several flat colours, are a mask that was painted on a transparent layer.
    """
    opaque = pixels[opacity > _WHITE]
    opaque = opaque[:: 1 + len(opaque) // 1_000_000]  # a sample is enough
    # A flat colour varies a little in a file that was compressed.
    counts = np.bincount((opaque >> 3) @ np.array([1024, 32, 1]), minlength=_FLAT_COLOURS)
    if np.sort(counts)[-_FLAT_COLOURS:].sum() < _FLAT * len(opaque) or not len(opaque):
        return True
    black = np.count_nonzero(opaque.max(axis=1) < _BLACK) >= _FLAT * len(opaque)
    apart = np.abs(opaque - np.median(opaque, axis=0)).max(axis=1) > _ALIKE
    return not black and bool(np.count_nonzero(apart) < _SMALLEST * len(opaque))


def _check_shape(mask: _Mask | None, of: str, picture: NDArray[np.uint8]) -> None:
    if mask is None:
        return
    rows, columns, _ = picture.shape
    ratio = mask.height * columns / (mask.width * rows)
    if not 1 / _SHAPE <= ratio <= _SHAPE:
        raise ValueError(
            f"{mask.name} of {mask.width}×{mask.height} pixels has another aspect ratio than {of} of {columns}×{rows}: "
            "draw it over that picture, in the same proportions"
        )


# --- grey masks ---


def _by_grey(contents: Sequence[_Mask | None], parts: Sequence[_Mask | None], shares: Sequence[float]) -> Mixture:
    """The terms if each style has a grey mask or none."""
    for part in parts:
        if part is not None and part.coloured:
            raise ValueError(
                f"{part.name} is coloured, but there is no coloured content mask: equal colours "
                "pair the regions of both; add one, or make the style mask grey"
            )
    nothing = [None] * len(shares)
    seen = _levels(parts, "what should be used") or nothing
    acts = _levels(contents, "where the style should act") or nothing
    guides: list[Guide] = []
    terms, covers = [], []
    for style, (share, look, act) in enumerate(zip(shares, seen, acts, strict=True)):
        if share == 0:
            continue
        guide = None
        if act is not None and not _even(act.mask):
            known = [index for index, other in enumerate(guides) if np.array_equal(other.mask, act.mask)]
            guide = known[0] if known else len(guides)
            if not known:
                guides.append(act)
        covers.append(np.ones((1, 1), np.float32) if act is None else act.mask)
        terms.append(Term(style, share, guide, None if look is None or _even(look.mask) else look.mask))
    if contents:
        areas = [float(mask.mean(dtype=np.float64)) for mask in covers]
        size = max((mask.shape for mask in covers), key=lambda shape: shape[0] * shape[1])
        union = np.minimum(1, sum(resize(mask, *size).astype(np.float64) for mask in covers)).mean()
        times = float(union) / sum(term.weight * area for term, area in zip(terms, areas, strict=True))
        terms = [term._replace(weight=times * term.weight * area) for term, area in zip(terms, areas, strict=True)]
    return Mixture(tuple(terms), tuple(guides))


def _levels(masks: Sequence[_Mask | None], purpose: str) -> list[Guide | None]:
    """Grey masks as weights from 0 to 1. Raises `ValueError` if one is black, or if none has an effect."""
    found: list[Guide | None] = [None] * len(masks)
    for index, mask in enumerate(masks):
        if mask is not None:
            level = _from_grey(mask.pixels.mean(axis=2, dtype=np.float32))
            if not level.any():
                raise ValueError(f"{mask.name} is black all over: paint white {purpose}")
            found[index] = Guide(mask.name, level)
    given = [level for level in found if level is not None]
    if given and all(_even(mask) for _, mask in given):
        raise ValueError(
            f"{given[0].name} is of one shade all over and would have no effect: leave it out, or paint "
            f"black {purpose.replace('should', 'should not')}"
        )
    return found


def _from_grey(grey: NDArray[Any]) -> NDArray[np.float32]:
    """Grey levels as weights from 0 to 1."""
    levels = grey.astype(np.float32)
    return np.where(levels < _BLACK, 0, np.where(levels > _WHITE, 1, levels / 255)).astype(np.float32)


def _even(mask: NDArray[np.float32]) -> bool:
    return float(mask.max() - mask.min()) <= _EVEN


# --- coloured masks ---


def _check_pairing(contents: Sequence[_Mask | None], parts: Sequence[_Mask | None], styles: int) -> None:
    """Raises `ValueError` unless there is one coloured content mask, and style masks to pair it with."""
    if len(contents) != 1:
        name = next(mask.name for mask in contents if mask is not None and mask.coloured)
        raise ValueError(
            f"{name} is coloured: coloured regions need a single content mask; "
            "use that one alone, or a grey mask for each style"
        )
    if not parts or (len(parts) == styles and any(part is None for part in parts)):
        first = next((index for index, part in enumerate(parts, start=1) if part is None), None)
        lacking = f"is no style mask {first}" if first else "are no style masks"
        raise ValueError(
            f"the content mask is coloured, but there {lacking}: paint one for each style picture, in the colours of "
            "the content mask, or make the content mask grey"
        )


def _by_colour(content: _Mask, parts: Sequence[_Mask], shares: Sequence[float]) -> Mixture:
    """The terms if equal colours pair the regions of the content and of the styles."""
    colours, labels = _regions(content)
    areas = np.bincount(labels.ravel(), minlength=len(colours)) / labels.size
    found: list[tuple[int, int, NDArray[np.float32]]] = []  # region, style, part of the style
    for style, mask in enumerate(parts):
        others, pixels = _regions(mask)
        for other, colour in enumerate(others):
            distances = np.linalg.norm(colours - colour, axis=1)
            if distances.min() > _ALIKE:
                raise ValueError(
                    f"{mask.name} has a region in {_hex(colour)} ({np.mean(pixels == other):.0%} of it), which the "
                    "content mask lacks: paint that colour into the content mask, or paint over it with another colour"
                )
            found.append((int(distances.argmin()), style, (pixels == other).astype(np.float32)))
    for region, colour in enumerate(colours):
        if region not in [paired for paired, _, _ in found]:
            raise ValueError(
                f"the content mask has a region in {_hex(colour)} ({areas[region]:.0%} of it), which no style mask "
                "has: paint that colour into a style mask, or paint over it with another colour"
            )
    if len(colours) == 1:
        raise ValueError("the content mask is of one colour all over and would have no effect: leave the masks out")
    active = [(region, style, part) for region, style, part in found if shares[style] > 0]
    regions = sorted({region for region, _, _ in active})
    # Styles that share a region share its weight.
    parted = [
        areas[region] * shares[style] / [other for other, _, _ in active].count(region) for region, style, _ in active
    ]
    times = sum(areas[region] for region in regions) / sum(parted)
    terms = [
        Term(style, float(times * weight), regions.index(region), None if part.all() else part)
        for (region, style, part), weight in zip(active, parted, strict=True)
    ]
    guides = [
        Guide(f"the region in {_hex(colours[region])} of the content mask", (labels == region).astype(np.float32))
        for region in regions
    ]
    return Mixture(tuple(terms), tuple(guides))


def _regions(mask: _Mask) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The main colours, float64 `[n, 3]`, and the index of the nearest of them for each pixel, int64 `[h, w]`."""
    values = mask.pixels.reshape(-1, 3)
    bins = (values >> 3) @ np.array([1024, 32, 1])
    counts = np.bincount(bins, minlength=32768)
    sums = [np.bincount(bins, values[:, channel], minlength=32768) for channel in range(3)]
    means = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, np.newaxis]
    centres, totals = np.empty((0, 3)), np.empty(0)
    for shade in np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]:
        distances = np.linalg.norm(centres - means[shade], axis=1)
        if distances.size and distances.min() <= _ALIKE:
            totals[distances.argmin()] += counts[shade]
        else:
            centres, totals = np.vstack([centres, means[shade]]), np.append(totals, counts[shade])
    main = centres[totals >= _SMALLEST * len(values)]
    if not 1 <= len(main) <= _MOST_REGIONS:
        raise ValueError(
            f"{mask.name} has too many colours for a mask of regions ({len(main) or len(centres)}): paint it in at "
            f"most {_MOST_REGIONS} flat colours"
        )
    nearest = np.linalg.norm(means[:, np.newaxis] - main, axis=2).argmin(axis=1)
    return main, nearest[bins].reshape(mask.pixels.shape[:2])


def _hex(colour: NDArray[np.float64]) -> str:
    return "#" + "".join(f"{round(value):02x}" for value in colour)


def resize(mask: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """A mask at another size, float32 `[height, width]`; shrinking takes means, so that no pixel is lost."""
    if mask.shape == (height, width):
        return mask
    smaller = height <= mask.shape[0] and width <= mask.shape[1]
    how = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
    resized: NDArray[np.float32] = np.asarray(Image.fromarray(mask).resize((width, height), how))
    return resized.clip(0, 1)
