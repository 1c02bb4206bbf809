"""Colours declared by code points (CICP, ITU-T H.273) rather than by an ICC profile → sRGB.

Phones, cameras and HDR tools mark their pictures so: PNG by a `cICP` chunk, HEIC and AVIF by an `nclx` box. Wide
primaries are converted, and high dynamic range (PQ and HLG) is tone-mapped: what a standard screen can show keeps its
brightness, and highlights above it are compressed instead of clipped.
"""

from __future__ import annotations

import contextlib
import functools
import re
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageFilter

_PQ, _HLG = 16, 18
_SDR = (1, 4, 6, 13, 14, 15)  # shown by screens nearly as sRGB's curve
_LINEAR = 8
_UNSPECIFIED = 2
_WHITE = 203.0  # cd/m², ITU-R BT.2408: where high dynamic range has the white of a standard picture
_PEAK = 1000 / _WHITE  # the brightest highlight that still has detail, relative to white
_KNEE = 0.8  # of white: from here on highlights are compressed
_STEPS = 65  # of each colour in a table: as many as Pillow takes

# Rows: linear red, green and blue of sRGB from those of the primaries (ITU-R BT.2087; SMPTE EG 432-1 with D65).
_BT2020 = ((1.660491, -0.587641, -0.072850), (-0.124550, 1.132900, -0.008349), (-0.018151, -0.100579, 1.118730))
_P3 = ((1.224940, -0.224940, 0.0), (-0.042057, 1.042057, 0.0), (-0.019638, -0.078636, 1.098274))
_TO_SRGB = {9: _BT2020, 11: _P3, 12: _P3}
_LUMINANCE = (0.2627, 0.6780, 0.0593)  # of BT.2020


class CodePoints(NamedTuple):
    """The colour primaries and the transfer characteristics of a picture."""

    primaries: int
    transfer: int

    @property
    def is_hdr(self) -> bool:
        """Whether the picture is brighter than a standard screen can show."""
        return self.transfer in (_PQ, _HLG)

    @property
    def differs(self) -> bool:
        """Whether the picture has to be converted to be shown as sRGB."""
        known = self.transfer in (*_SDR, _LINEAR, _PQ, _HLG)
        return known and (self.primaries in _TO_SRGB or self.transfer not in _SDR)

    def to_srgb(self, colour: Image.Image) -> Image.Image:
        """Converts an opaque picture, or a strip of it, to mode RGB in sRGB."""
        return colour.convert("RGB").filter(_table(self))


def declared(picture: ImageFile.ImageFile, data: bytes) -> CodePoints | None:
    """The code points by which an opened picture's colours must be converted; None if there are none.

    Like browsers, prefers them to an ICC profile in a PNG, and an ICC profile to them in HEIC and AVIF. Those in an
    ICC profile (its `cicp` tag) count if they are of high dynamic range, which no profile can tone-map.
    """
    found = None
    if picture.format == "PNG":
        found = _in_png(data)
    elif picture.format in ("HEIF", "AVIF"):
        found = _in_nclx(picture, data)
    if found is None:
        found = _in_profile(picture.info.get("icc_profile") or b"")
    return found if found and found.differs else None


def _in_png(data: bytes) -> CodePoints | None:
    at = 8
    while at + 12 <= len(data) and data[at + 4 : at + 8] != b"IDAT":
        if data[at + 4 : at + 8] == b"cICP":
            return CodePoints(data[at + 8], data[at + 9])
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return None


def _in_nclx(picture: ImageFile.ImageFile, data: bytes) -> CodePoints | None:
    """The code points of the main picture of a file, which may contain others with other colours."""
    nclx = picture.info.get("nclx_profile")
    if picture.format == "AVIF" and "icc_profile" not in picture.info:
        boxes = (CodePoints(*struct.unpack(">HH", each)) for each in re.findall(rb"colrnclx(.{4})", data, re.DOTALL))
        if any(each.differs for each in boxes):
            with contextlib.suppress(Exception):  # without pi-heif, or where it reads less than Pillow
                import pi_heif

                nclx = pi_heif.open_heif(data).info.get("nclx_profile")
    return CodePoints(nclx["color_primaries"], nclx["transfer_characteristics"]) if nclx else None


def _in_profile(profile: bytes) -> CodePoints | None:
    """The code points of high dynamic range in an ICC profile of version 4.4."""
    for at in range(132, min(len(profile) - 11, 132 + 12 * 100), 12):
        if profile[at : at + 4] == b"cicp":
            start = int.from_bytes(profile[at + 4 : at + 8], "big") + 8
            found = CodePoints(*profile[start : start + 2]) if start + 2 <= len(profile) else None
            return found if found and found.is_hdr else None
    return None


@functools.lru_cache(maxsize=8)
def _table(points: CodePoints) -> ImageFilter.Color3DLUT:
    """The table of sRGB colours by codes, which Pillow interpolates much faster than NumPy computes each pixel."""
    blue, green, red = np.meshgrid(*[np.linspace(0, 1, _STEPS)] * 3, indexing="ij")  # red varies fastest
    light = _light(np.stack([red, green, blue], axis=-1).reshape(-1, 3), points.transfer)
    primaries = 9 if points.is_hdr and points.primaries == _UNSPECIFIED else points.primaries
    light = light @ np.transpose(_TO_SRGB.get(primaries, np.eye(3)))
    if points.is_hdr:
        brightest = np.maximum(light.max(axis=1, keepdims=True), 1e-6)
        light *= _tone_map(brightest) / brightest
    light = np.clip(light, 0, 1)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return ImageFilter.Color3DLUT(_STEPS, encoded.astype(np.float32).ravel())


def _light(code: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """The light of colours `[N, 3]` of codes 0 to 1, as shown on a screen; 1 is white."""
    if transfer == _PQ:
        m1, m2, c1, c2, c3 = 1305 / 8192, 2523 / 32, 107 / 128, 2413 / 128, 2392 / 128
        root = code ** (1 / m2)
        light = 10_000 / _WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    elif transfer == _HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        light = _PEAK * scene * (scene @ _LUMINANCE)[:, np.newaxis] ** 0.2  # on a screen of 1000 cd/m² (BT.2100)
    elif transfer == _LINEAR:
        light = code
    else:
        light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return light


def _tone_map(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light unchanged below the knee, and above it up to the peak compressed into the rest below 1.

    The Möbius curve, with the derivative 1 at the knee, as ffmpeg's `tonemap=mobius`, which videos go through.
    """
    k, p = _KNEE, _PEAK
    a = -(k**2) * (p - 1) / (k**2 - 2 * k + p)
    b = (k**2 - 2 * k * p + p) / (p - 1)
    return np.where(light <= k, light, (b + k) ** 2 / (b - a) * (light + a) / (light + b))
