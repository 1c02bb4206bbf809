"""Decoded Pillow pictures of any mode → RGB in sRGB over white, and their opacity.

Handles transparency, ICC profiles, and grey of more than 8 bits.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from nst.images.code_points import CodePoints

_STRIP = 4_000_000  # pixels converted at once: each step on a whole picture would take another copy of it


def convert(
    picture: Image.Image, declared: CodePoints | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Converts a decoded picture of any mode to uint8 `[H, W, 3]`, and its opacity `[H, W]`, None if all is opaque.

    Its colours are those of the code points `declared`, or without them of its ICC profile.
    """
    deep = _DeepGrey(picture) if picture.mode.startswith("I") or picture.mode == "F" else None
    colours = declared or _Profile(picture.info.get("icc_profile"))
    rgb = np.empty((picture.height, picture.width, 3), np.uint8)
    alpha: NDArray[np.uint8] | None = None
    for top, strip in _strips(picture):
        colour, opacity = deep.narrowed(strip) if deep else _separate(strip)
        rows = slice(top, top + strip.height)
        colour = colours.to_srgb(colour)
        if opacity is not None:
            colour = Image.composite(colour, Image.new("RGB", colour.size, "white"), opacity)
            alpha = np.empty((picture.height, picture.width), np.uint8) if alpha is None else alpha
            alpha[rows] = np.asarray(opacity)
        rgb[rows] = np.asarray(colour)
    return rgb, None if alpha is None or alpha.min() == 255 else alpha


def _strips(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The strips of a picture from top to bottom, each with its first row."""
    rows = max(1, _STRIP // picture.width)
    if rows >= picture.height:
        yield 0, picture
        return
    for top in range(0, picture.height, rows):
        yield top, picture.crop((0, top, picture.width, min(top + rows, picture.height)))


def _separate(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The straight colours of a picture of 8 bits, and its opacity (mode L) if it can be transparent."""
    if not picture.has_transparency_data:
        return picture, None
    straight = {"La": "LA", "RGBa": "RGBA"}.get(picture.mode)  # divided by alpha
    colour = picture.convert(straight) if straight else picture
    alpha = colour.convert("RGBA").getchannel("A")
    if "transparency" in colour.info:
        colour = colour.copy()
        del colour.info["transparency"]
    # A grey profile needs grey samples. Dropping the alpha band leaves the colours unchanged.
    return colour.convert("L" if colour.mode in ("1", "L", "LA") else "RGB"), alpha


class _Profile:
    """Converts opaque pictures to RGB in sRGB; ignores an ICC profile that is broken or of another kind of picture."""

    def __init__(self, data: bytes | None) -> None:
        self._data = data
        self._transform: tuple[str, ImageCms.ImageCmsTransform] | None = None

    def to_srgb(self, colour: Image.Image) -> Image.Image:
        """A picture, or a strip of it, in mode RGB."""
        if self._data:
            try:
                self._transform = self._transform or _transform(self._data, colour.mode)
                if self._transform:
                    mode, transform = self._transform
                    return transform.apply(colour.convert(mode))
            except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
                self._data = None  # nearly always the uncorrected colours are close
        return colour.convert("RGB")


def _transform(profile: bytes, mode: str) -> tuple[str, ImageCms.ImageCmsTransform] | None:
    """The transform to sRGB for pictures of a mode, and the mode it takes; None for another kind of picture."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    fitting = {"CMYK": mode == "CMYK", "GRAY": mode in ("1", "L"), "RGB": mode not in ("CMYK", "LAB")}
    if not fitting.get(space):
        return None
    samples = "L" if space == "GRAY" else space
    transform = ImageCms.buildTransform(
        source,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        samples,
        "RGB",
        # As image editors do: colours that sRGB has are kept exactly, and black is mapped to black.
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return samples, transform


class _DeepGrey:
    """Scales grey of more than 8 bits (I;16*, I, F) to mode L; its alpha marks a PNG's transparent grey."""

    def __init__(self, picture: Image.Image) -> None:
        tags = getattr(picture, "tag_v2", {})  # TIFF only
        self._key = picture.info.get("transparency")
        # "White is zero", which Pillow leaves unchanged at 16 bits.
        self._inverse = picture.mode.startswith("I;16") and tags.get(262) == 0
        self._unsigned = False
        if picture.mode.startswith("I;16"):
            bits = tags.get(258, (16,))[0]  # 12 where Pillow leaves the values of 12-bit samples unscaled
            white: tuple[int, ...] = ((1 << bits) - 1,)
        elif picture.mode == "I" and picture.format != "TIFF":
            white = (65535,)  # 16-bit PGM, and 16-bit PNG in older Pillow
        else:
            white = (1, 255, 65535) if picture.mode == "F" else (255, 65535)
            # Pillow has no unsigned mode, so half of the range is decoded as negative numbers.
            self._unsigned = picture.mode == "I" and tags.get(258) == (32,) and tags.get(339, (1,))[0] == 1
        ranges = [self._range(strip) for _, strip in _strips(picture)]
        self._low, self._high = min(low for low, _ in ranges), max(high for _, high in ranges)
        for top in white:
            if self._low >= 0 and self._high <= top:
                self._low, self._high = 0.0, float(top)
                break

    def narrowed(self, strip: Image.Image) -> tuple[Image.Image, Image.Image | None]:
        """A picture, or a strip of it, in mode L, and its opacity."""
        values = self._values(strip)
        gain = 255 / (self._high - self._low) if self._high > self._low else 0.0
        grey = np.empty(values.shape, np.uint8)
        for row in range(0, len(values), 256):  # a few rows at a time: float64 takes eight times the memory
            part = (values[row : row + 256].astype(np.float64) - self._low) * gain
            grey[row : row + 256] = np.nan_to_num(np.clip(np.rint(part), 0, 255), nan=0)
        image = Image.fromarray(255 - grey if self._inverse else grey)
        if not isinstance(self._key, int):
            return image, None
        return image, Image.fromarray(np.where(values == self._key, 0, 255).astype(np.uint8))

    def _values(self, strip: Image.Image) -> NDArray[Any]:
        values = np.asarray(strip)
        return values.view(np.uint32) if self._unsigned else values

    def _range(self, strip: Image.Image) -> tuple[float, float]:
        values = self._values(strip)
        if values.dtype.kind != "f":
            return float(values.min()), float(values.max())
        finite = values[np.isfinite(values)]
        return float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
