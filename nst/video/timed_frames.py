"""Raw frames with the time of each, as a Matroska stream that ffmpeg reads from a pipe.

Raw video alone has one constant rate. The layout is that of RFC 9559, with times in nanoseconds.
"""

from __future__ import annotations

from fractions import Fraction


def header(height: int, width: int, bands: int) -> bytes:
    """The start of a stream of uint8 frames: RGB, or with 4 bands RGB and straight alpha."""
    layout = {3: b"RGB\x18", 4: b"RGBA"}[bands]
    video = _element("E0", _number("B0", width), _number("BA", height), _element("2EB524", layout))
    codec = _element("86", b"V_UNCOMPRESSED")
    track = _element("AE", _number("D7", 1), _number("73C5", 1), _number("83", 1), codec, video)  # number, UID, type
    return (
        _element("1A45DFA3", _element("4282", b"matroska"))
        + bytes.fromhex("18538067 01FFFFFFFFFFFFFF")  # a segment of unknown size
        + _element("1549A966", _number("2AD7B1", 1))  # nanoseconds in a tick
        + _element("1654AE6B", track)
    )


def frame(data: bytes, start: Fraction, end: Fraction) -> bytes:
    """A frame shown from `start` to `end`, in seconds."""
    first, last = (round(time * 1_000_000_000) for time in (start, end))
    block = _element("A1", b"\x81\x00\x00\x00", data)
    return _element("1F43B675", _number("E7", first), _element("A0", block, _number("9B", last - first)))


def _element(identifier: str, *contents: bytes) -> bytes:
    data = b"".join(contents)
    return bytes.fromhex(identifier) + (1 << 56 | len(data)).to_bytes(8, "big") + data


def _number(identifier: str, value: int) -> bytes:
    return _element(identifier, value.to_bytes(8, "big"))
