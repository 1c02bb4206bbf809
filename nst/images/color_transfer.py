"""Colour transfer between pictures, which preserves the content's colours or starts in the style's.

Preserving them is from Gatys, Bethge, Hertzmann, Shechtman 2016, arXiv:1606.05897. Before painting, `matched` gives the
style picture the content's colours (section 3 of the paper), or `luminance` and `brightness_matched` remove the colour
from both (section 4); after painting, `with_chroma` adds the content's colour to the painted brightness (section 4).

Like the paper, everything here works on sRGB levels directly; brightness is Rec. 601's
Y = 0.299 R + 0.587 G + 0.114 B, the Y of YIQ and of JPEG's YCbCr. Pictures are uint8 `[H, W, 3]`, of any two sizes
unless stated otherwise; `PictureError` is raised for other arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.images import decode
from nst.images.decode import PictureError
from nst.images.reader import Levels

_BRIGHTNESS = np.array([0.299, 0.587, 0.114])
# A standard deviation of half a level. Anything below is not the picture's own: rounding to whole levels alone has a
# third of that variance (1/12), and scaling it to the content's would paint the rounding in bright colours.
_LEAST_VARIANCE = 0.25
_STRIP = 256  # rows converted at a time: a float64 copy of 100 megapixels takes 2.4 GB


def matched(
    style: NDArray[np.uint8], content: NDArray[np.uint8], opacity: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Gives the style picture the mean colour and the colour covariance of the content.

    Transparent parts of the style, whose opacity is uint8 `[h, w]`, do not count.

    x' = A (x − μ_S) + μ_C for every pixel x of the style, A = Σ_C^(1/2) Σ_S^(-1/2): arXiv:1606.05897, section 3, with
    the symmetric roots ("image analogies"), which change hues less than Cholesky's.

    A direction in which the style's colours do not vary (a standard deviation below half a level) cannot be stretched
    to the content's: its reciprocal root is 0, as in a pseudo-inverse. So

    - if content or style has a single colour, the result has the content's mean colour;
    - if the content is grey, the result is grey;
    - if the style is grey, the result lies on a line through the content's mean colour, along Σ_C^(1/2) (1, 1, 1): the
      same formula rather than the content's main axis, which has no sign and may be all hue. On this line brighter
      paint stays brighter, and is tinted the way the content's colours vary with their brightness.
    """
    decode.check_array(style, "the style")
    decode.check_array(content, "the content")
    return moved(style, moments(style, opacity), moments(content))


def luminance(picture: NDArray[Levels]) -> NDArray[Levels]:
    """Converts a picture, uint8 or float32, to grey: Y in all three bands. A grey uint8 picture is unchanged."""
    decode.check_array(picture, "the picture", types=(np.uint8, np.float32))
    return _graded(picture, 1.0, 0.0)


def brightness_matched(
    style: NDArray[np.uint8], content: NDArray[np.uint8], opacity: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Converts the style picture to grey with the mean brightness and contrast of the content.

    Y' = (σ_C / σ_S) (Y_S − μ_S) + μ_C, where μ and σ are the mean and standard deviation of the brightness:
    arXiv:1606.05897, section 4. If σ_S is below half a level, the result is μ_C everywhere. The opacity counts as
    in `matched`.
    """
    decode.check_array(style, "the style")
    decode.check_array(content, "the content")
    style_mean, style_variance = _brightness_moments(style, opacity)
    content_mean, content_variance = _brightness_moments(content)
    gain = float(np.sqrt(content_variance / style_variance)) if style_variance > _LEAST_VARIANCE else 0.0
    return _graded(style, gain, content_mean - gain * style_mean)


def with_chroma(painted: NDArray[Levels], content: NDArray[np.uint8]) -> NDArray[Levels]:
    """Combines the painted picture's brightness with the content's colour: arXiv:1606.05897, section 4.

    x' = Y + (c − Y_c) in each band, where c is the content's pixel, Y_c its brightness and Y the painted brightness.
    The differences c − Y_c are the chroma, (1.402 Cr, −0.344 Cb − 0.714 Cr, 1.772 Cb) in YCbCr. If the sum is outside
    0 … 255, the brightness gives way and never the chroma: Y is clipped to [−min(c − Y_c), 255 − max(c − Y_c)], which
    always includes Y_c. Clipping the bands instead would change the hue.

    Args:
        painted: uint8, or float32 with levels 0 to 255 (others are clipped).
        content: a picture of the same size.

    Returns:
        A picture of the painted one's type. Cb and Cr are the content's, exactly if that is float32 and up to half a
        level if it is uint8.
    """
    decode.check_array(content, "the content")
    if painted.shape != content.shape:
        raise PictureError(
            f"the painted picture has shape {list(painted.shape)} and the content {list(content.shape)}; "
            "scale the content to the painted picture first"
        )
    decode.check_array(painted, "the painted picture", types=(np.uint8, np.float32))
    result = np.empty_like(painted)
    for rows in _strips(painted):
        chroma = content[rows] - _brightness(content[rows])
        low, high = -chroma.min(axis=-1, keepdims=True), 255 - chroma.max(axis=-1, keepdims=True)
        colour = np.clip(_brightness(painted[rows]), low, high) + chroma
        # This clips only float rounding, 1e-14 below 0 or above 255.
        result[rows] = np.clip(np.rint(colour) if painted.dtype == np.uint8 else colour, 0, 255)
    return result


def _strips(picture: NDArray[np.generic]) -> Iterator[slice]:
    """Slices of consecutive rows that cover a picture."""
    return (slice(top, top + _STRIP) for top in range(0, len(picture), _STRIP))


def _brightness(picture: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float64]:
    """Y = 0.299 R + 0.587 G + 0.114 B: `[h, w, 3]` → float64 `[h, w, 1]`."""
    return np.asarray((picture.astype(np.float64) @ _BRIGHTNESS)[..., np.newaxis])


def _graded(picture: NDArray[Levels], gain: float, offset: float) -> NDArray[Levels]:
    """Grey of gain · Y + offset in all three bands, clipped, and rounded in a uint8 picture."""
    result = np.empty_like(picture)
    for rows in _strips(picture):
        grey = gain * _brightness(picture[rows]) + offset
        result[rows] = np.clip(np.rint(grey) if picture.dtype == np.uint8 else grey, 0, 255)
    return result


class Moments(NamedTuple):
    """Mean colour `[3]` and covariance of the colours `[3, 3]` (over N) of a picture, float64."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def moments(picture: NDArray[np.uint8], mask: NDArray[np.float32] | NDArray[np.uint8] | None = None) -> Moments:
    """μ = Σ m·x / Σ m and Σ = Σ m·x·xᵀ / Σ m − μ·μᵀ over the pixels x of a picture.

    The mask is float32 or uint8 `[H, W]`, the weights m of the pixels; None weights them equally.
    """
    count, total, products = 0.0, np.zeros(3), np.zeros((3, 3))
    for rows in _strips(picture):
        pixels = picture[rows].reshape(-1, 3).astype(np.float64)
        counted = pixels if mask is None else pixels * mask[rows].reshape(-1, 1)
        count += len(pixels) if mask is None else float(mask[rows].sum(dtype=np.float64))
        # Without a mask these are sums of whole numbers below 2^53, which are exact, so one pass is enough.
        total += counted.sum(axis=0)
        products += pixels.T @ counted
    count = max(count, 1e-30)
    mean = total / count
    return Moments(mean, products / count - np.outer(mean, mean))


def mixed(parts: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """The moments of a mixture of pictures: μ = Σ w·μ_i, Σ = Σ w·(Σ_i + (μ_i − μ)·(μ_i − μ)ᵀ), Σ w = 1.

    The weights are normalised here; their sum must be above 0.
    """
    shares = np.array(weights) / sum(weights)
    mean = np.asarray(sum(share * part.mean for share, part in zip(shares, parts, strict=True)))
    apart = [part.covariance + np.outer(part.mean - mean, part.mean - mean) for part in parts]
    return Moments(mean, np.asarray(sum(share * each for share, each in zip(shares, apart, strict=True))))


def moved(picture: NDArray[np.uint8], old: Moments, new: Moments) -> NDArray[np.uint8]:
    """Changes the moments of a picture: x' = Σ_new^(1/2) Σ_old^(-1/2) (x − μ_old) + μ_new, clipped; see `matched`.

    `old` are its own moments, or those of the part of it that shall have the new ones.
    """
    turn = _root(new.covariance) @ _reciprocal_root(old.covariance)
    result = np.empty_like(picture)
    for rows in _strips(picture):
        colours = (picture[rows] - old.mean) @ turn.T + new.mean
        # To thousandths first: float rounding could make grey halfway between two levels round up in one band only.
        result[rows] = np.clip(np.rint(np.round(colours, 3)), 0, 255)
    return result


def _brightness_moments(picture: NDArray[np.uint8], mask: NDArray[np.uint8] | None = None) -> tuple[float, float]:
    """Mean and variance of the brightness: E Y = w · μ, var Y = w Σ w with the weights w of the bands."""
    mean, covariance = moments(picture, mask)
    return float(_BRIGHTNESS @ mean), max(0.0, float(_BRIGHTNESS @ covariance @ _BRIGHTNESS))


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ^(1/2) = U diag(√λ) Uᵀ, symmetric: `[3, 3]` → `[3, 3]`."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def _reciprocal_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ^(-1/2) = U diag(1 / √λ) Uᵀ, with 0 where λ is at most `_LEAST_VARIANCE`: `[3, 3]` → `[3, 3]`."""
    values, vectors = np.linalg.eigh(covariance)
    there = values > _LEAST_VARIANCE
    vectors = vectors[:, there]
    return np.asarray((vectors / np.sqrt(values[there])) @ vectors.T)


def is_grey(picture: NDArray[np.uint8], mask: NDArray[np.float32] | None = None) -> bool:
    """Whether R = G = B in all pixels, or in those where the mask, `[H, W]`, is above 0."""
    for rows in _strips(picture):
        red, green, blue = (picture[rows][..., band] for band in range(3))
        coloured = (red != green) | (green != blue)
        if coloured.any() and (mask is None or coloured[mask[rows] > 0].any()):
            return False
    return True


def in_final_colours(
    painted: NDArray[Levels], content: NDArray[np.uint8], config: TransferConfig, *, grey_style: bool
) -> NDArray[Levels]:
    """The painted picture in the colours in which it is shown and saved.

    These are the content's if `preserve_color` is `luminance`. If content and style are grey, so is the picture: noise
    of the start and the network's filters, which respond to colours, leave specks of colour in it.
    """
    if config.preserve_color == "luminance":
        return with_chroma(painted, content)
    return luminance(painted) if grey_style and is_grey(content) else painted


def recoloured(
    content: NDArray[np.uint8],
    styles: list[NDArray[np.uint8]],
    opacities: list[NDArray[np.uint8] | None],
    config: TransferConfig,
) -> tuple[NDArray[np.uint8], list[NDArray[np.uint8]]]:
    """The content and the styles, with their opacities, to paint with, recoloured as `preserve_color` says."""
    if config.preserve_color == "none":
        return content, styles
    pairs = zip(styles, opacities, strict=True)
    if config.preserve_color == "luminance":
        return luminance(content), [brightness_matched(style, content, opacity) for style, opacity in pairs]
    return content, [matched(style, content, opacity) for style, opacity in pairs]
