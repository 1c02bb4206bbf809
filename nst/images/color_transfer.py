"""Colours of pictures as a whole: keeping the content's, and starting in the style's.

Keeping them is Gatys, Bethge, Hertzmann, Shechtman 2016, arXiv:1606.05897. Two ways differ in when they act. Before
painting, `matched` gives the style picture the content's colours (section 3 of the paper), or `luminance` and
`brightness_matched` take all colour out of both (section 4); after it, `with_chroma` lays the content's colour over the
painted brightness (section 4).

All of it works on sRGB levels as they stand, as the paper does; brightness is Rec. 601's
Y = 0.299 R + 0.587 G + 0.114 B, the Y of YIQ and of JPEG's YCbCr.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.images.decode import PictureError
from nst.images.reader import Levels

_BRIGHTNESS = np.array([0.299, 0.587, 0.114])
# A deviation of half a level. What varies less is not the picture's own: rounding to whole levels alone makes a third
# of that variance (1/12), and to bring it to the content's would paint the rounding in bright colours.
_LEAST_VARIANCE = 0.25
_STRIP = 256  # rows taken at a time: float64 of 100 megapixels would take 2.4 GB a copy


def matched(style: NDArray[np.uint8], content: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gives the style picture the mean colour and the covariance of the colours of the content.

    x' = A (x − μ_S) + μ_C for every pixel x of the style, A = Σ_C^(1/2) Σ_S^(-1/2): arXiv:1606.05897, section 3, the
    symmetric roots ("image analogies"), which turn the colours less than Cholesky's do.

    A direction of colour that the style lacks (a deviation below half a level) cannot be stretched into the
    content's: its reciprocal root is taken as 0, as in a pseudo-inverse. So

    - of a content of one colour, or a style of one colour, a picture of the content's mean colour comes out;
    - of a grey content, a grey picture;
    - of a grey style, a picture on one line of colours through the content's mean, along Σ_C^(1/2) (1, 1, 1): the
      same formula, not the content's main axis, which has no sign and may be all hue. On this line brighter paint
      stays brighter, and it is tinted as the content's colours vary with their brightness.

    Args:
        style: uint8 `[h, w, 3]`.
        content: uint8 `[H, W, 3]`, of any size.

    Returns:
        uint8 `[h, w, 3]`. Mean and covariance are the content's to rounding, less what had to be clipped at 0 and 255.

    Raises:
        PictureError: not uint8 `[H, W, 3]` pictures.
    """
    return moved(style, moments(_checked(style, "style")), moments(_checked(content, "content")))


def luminance(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Takes the colour out of a picture: Y = 0.299 R + 0.587 G + 0.114 B (Rec. 601) in all three bands.

    Args:
        picture: uint8 `[h, w, 3]`.

    Returns:
        uint8 `[h, w, 3]`, grey; a picture that was grey comes back as it is.

    Raises:
        PictureError: not a uint8 `[H, W, 3]` picture.
    """
    return _graded(_checked(picture, "picture"), 1.0, 0.0)


def brightness_matched(style: NDArray[np.uint8], content: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Takes the colour out of the style picture and gives it the brightness and contrast of the content.

    Y' = (σ_C / σ_S) (Y_S − μ_S) + μ_C, μ and σ being mean and deviation of the brightness: arXiv:1606.05897,
    section 4. A style of one brightness (a deviation below half a level) becomes μ_C all over.

    Args:
        style: uint8 `[h, w, 3]`.
        content: uint8 `[H, W, 3]`, of any size.

    Returns:
        uint8 `[h, w, 3]`, grey, to be painted with `luminance(content)`.

    Raises:
        PictureError: not uint8 `[H, W, 3]` pictures.
    """
    style_mean, style_variance = _brightness_moments(_checked(style, "style"))
    content_mean, content_variance = _brightness_moments(_checked(content, "content"))
    gain = float(np.sqrt(content_variance / style_variance)) if style_variance > _LEAST_VARIANCE else 0.0
    return _graded(style, gain, content_mean - gain * style_mean)


def with_chroma(painted: NDArray[Levels], content: NDArray[np.uint8]) -> NDArray[Levels]:
    """Gives the painted picture's brightness the content's colour: arXiv:1606.05897, section 4.

    x' = Y + (c − Y_c) in each band, c being the content's pixel, Y_c its brightness and Y the painted one: the
    differences to the brightness are the chroma, (1.402 Cr, −0.344 Cb − 0.714 Cr, 1.772 Cb) in YCbCr. Where that
    would leave 0 to 255, the brightness gives way, never the chroma: Y is clipped into
    [−min(c − Y_c), 255 − max(c − Y_c)], which holds Y_c at least. Clipping the bands would turn the hue.

    Args:
        painted: uint8 `[H, W, 3]`, or float32 `[H, W, 3]` with levels 0 to 255 (what lies outside is clipped).
        content: uint8 `[H, W, 3]`, of the same size.

    Returns:
        `[H, W, 3]` of the painted picture's type. Cb and Cr are the content's: to half a level of rounding where
        that is uint8, exactly where it is float32.

    Raises:
        PictureError: the two differ in size, or are of other types or shapes.
    """
    _checked(content, "content")
    if painted.dtype not in (np.uint8, np.float32):
        raise PictureError(f"the painted picture holds {painted.dtype} values; uint8 or float32 (0 to 255) is wanted")
    if painted.shape != content.shape:
        raise PictureError(
            f"the painted picture has shape {list(painted.shape)} and the content {list(content.shape)}; "
            "scale the content to the painted picture first"
        )
    result = np.empty_like(painted)
    for rows in _strips(painted):
        chroma = content[rows] - _brightness(content[rows])
        low, high = -chroma.min(axis=-1, keepdims=True), 255 - chroma.max(axis=-1, keepdims=True)
        colour = np.clip(_brightness(painted[rows]), low, high) + chroma
        # Only float rounding is clipped here, 1e-14 below 0 or above 255.
        result[rows] = np.clip(np.rint(colour) if painted.dtype == np.uint8 else colour, 0, 255)
    return result


def _checked(picture: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """The picture, or `PictureError` where it is not uint8 `[H, W, 3]` with at least one pixel."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        kind = f"{picture.dtype} {list(picture.shape)}"
        raise PictureError(f"the {name} is {kind}; uint8 [H, W, 3] is wanted, as nst.images.read gives it")
    return picture


def _strips(picture: NDArray[np.generic]) -> Iterator[slice]:
    """The rows of a picture, a few at a time."""
    return (slice(top, top + _STRIP) for top in range(0, len(picture), _STRIP))


def _brightness(picture: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float64]:
    """Y = 0.299 R + 0.587 G + 0.114 B: `[h, w, 3]` → float64 `[h, w, 1]`."""
    return np.asarray((picture.astype(np.float64) @ _BRIGHTNESS)[..., np.newaxis])


def _graded(picture: NDArray[np.uint8], gain: float, offset: float) -> NDArray[np.uint8]:
    """Gives gain · Y + offset, rounded and clipped, in all three bands."""
    result = np.empty_like(picture)
    for rows in _strips(picture):
        result[rows] = np.clip(np.rint(gain * _brightness(picture[rows]) + offset), 0, 255)
    return result


class Moments(NamedTuple):
    """Mean colour `[3]` and covariance of the colours `[3, 3]` (over N) of a picture, float64."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def moments(picture: NDArray[np.uint8], mask: NDArray[np.float32] | None = None) -> Moments:
    """μ = Σ m·x / Σ m and Σ = Σ m·x·xᵀ / Σ m − μ·μᵀ over the pixels x of a picture.

    Args:
        picture: uint8 `[h, w, 3]`.
        mask: float32 `[h, w]`, m: how much each pixel counts; None: all alike.
    """
    count, total, products = 0.0, np.zeros(3), np.zeros((3, 3))
    for rows in _strips(picture):
        pixels = picture[rows].reshape(-1, 3).astype(np.float64)
        counted = pixels if mask is None else pixels * mask[rows].reshape(-1, 1)
        count += len(pixels) if mask is None else float(mask[rows].sum(dtype=np.float64))
        # Without a mask these are sums of whole numbers below 2^53, which are exact, so one pass loses nothing.
        total += counted.sum(axis=0)
        products += pixels.T @ counted
    count = max(count, 1e-30)
    mean = total / count
    return Moments(mean, products / count - np.outer(mean, mean))


def mixed(parts: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """The moments of several pictures as one: μ = Σ w·μ_i, Σ = Σ w·(Σ_i + (μ_i − μ)·(μ_i − μ)ᵀ), Σ w = 1.

    Args:
        parts: of each picture.
        weights: one for each, of any sum above 0.
    """
    shares = np.array(weights) / sum(weights)
    mean = np.asarray(sum(share * part.mean for share, part in zip(shares, parts, strict=True)))
    apart = [part.covariance + np.outer(part.mean - mean, part.mean - mean) for part in parts]
    return Moments(mean, np.asarray(sum(share * each for share, each in zip(shares, apart, strict=True))))


def moved(picture: NDArray[np.uint8], old: Moments, new: Moments) -> NDArray[np.uint8]:
    """The picture with other moments: x' = Σ_new^(1/2) Σ_old^(-1/2) (x − μ_old) + μ_new, see `matched`.

    Args:
        picture: uint8 `[h, w, 3]`.
        old: its own moments, or those of the part that is to have the new ones.
        new: the moments that it takes.

    Returns:
        uint8 `[h, w, 3]`, clipped at 0 and 255.
    """
    turn = _root(new.covariance) @ _reciprocal_root(old.covariance)
    result = np.empty_like(picture)
    for rows in _strips(picture):
        colours = (picture[rows] - old.mean) @ turn.T + new.mean
        # To thousandths first: grey of a half level, off by float rounding, would be rounded up in one band only.
        result[rows] = np.clip(np.rint(np.round(colours, 3)), 0, 255)
    return result


def _brightness_moments(picture: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean and variance of the brightness: E Y = w · μ, var Y = w Σ w for the weights w of the bands."""
    mean, covariance = moments(picture)
    return float(_BRIGHTNESS @ mean), max(0.0, float(_BRIGHTNESS @ covariance @ _BRIGHTNESS))


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ^(1/2) = U diag(√λ) Uᵀ, symmetric: `[3, 3]` → `[3, 3]`."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def _reciprocal_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ^(-1/2) = U diag(1 / √λ) Uᵀ, with 0 for directions of less than `_LEAST_VARIANCE`: `[3, 3]` → `[3, 3]`."""
    values, vectors = np.linalg.eigh(covariance)
    there = values > _LEAST_VARIANCE
    vectors = vectors[:, there]
    return np.asarray((vectors / np.sqrt(values[there])) @ vectors.T)


def recoloured(
    content: NDArray[np.uint8], styles: list[NDArray[np.uint8]], config: TransferConfig
) -> tuple[NDArray[np.uint8], list[NDArray[np.uint8]]]:
    """Content and styles as `preserve_color` has them painted."""
    if config.preserve_color == "luminance":
        return luminance(content), [brightness_matched(style, content) for style in styles]
    if config.preserve_color == "histogram":
        return content, [matched(style, content) for style in styles]
    return content, styles
