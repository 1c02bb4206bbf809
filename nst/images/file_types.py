"""Recognising picture files by their first bytes, and files that are given as pictures by mistake."""

from __future__ import annotations

import functools
import re
from typing import Literal

FETCH_AGAIN = "the download failed; fetch it again"
CONVERT = "open it in an image editor and save it as JPEG or PNG"
VIDEO = "is a video, not a picture: save one of its frames as a picture"
CAMERA_RAW = (
    "is a camera's raw file, of which only a small preview could be read: develop it in darktable, RawTherapee or the "
    "camera maker's program, and save it as JPEG or PNG"
)

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"RIFF....WEBP", "WebP"),
    (b"....ftyp(avi[fs]|(mif1|msf1)(?=.{0,64}avi[fs]))", "AVIF"),
    (b"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", "HEIC"),
    (b"\xff\x0a|\0\0\0\x0cJXL ", "JPEG XL"),
    (b"BM", "BMP"),
    (b"II[*+]\0|MM\0[*+]", "TIFF"),
    (b"P[1-7]\\s", "PPM"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)
_COMMENTS = rb"(<!--((?!-->).)*-->\s*)*"  # not <!--.*?-->, which tries 2^n ways to divide n comments
# First bytes of other files, and the rest of the sentence that begins with the file's name.
_MISTAKES = (
    (rb"version https://git-lfs", f"is a Git LFS pointer, not the picture itself: {FETCH_AGAIN} (git lfs pull)"),
    (rb"(?i)\s*(<\?xml[^>]*>\s*)?" + _COMMENTS + rb"(<!doctype svg[^>]*>\s*)?<svg", f"is an SVG drawing: {CONVERT}"),
    (
        rb"(?i)\s*" + _COMMENTS + rb"<(!doctype html|html|head|body)|\s*<\?xml.*<html",
        f"is a web page (HTML), not a picture: {FETCH_AGAIN}",
    ),
    (rb"\s*<(\?xml|error)", f"is an XML file, not a picture: {FETCH_AGAIN}"),
    (rb"MATLAB ", "is a MATLAB .mat file (network weights?), not a picture: give a picture instead"),
    (rb"\x89HDF\r\n", "is an HDF5 file (network weights?), not a picture: give a picture instead"),
    # Canon (CR2, CR3, CRW), Fujifilm, Olympus, Panasonic, Sigma, Minolta; most others are TIFFs: see `is_camera_raw`.
    (
        rb"II\*\0....CR|....ftypcrx |II\x1a\0\0\0HEAP|FUJIFILMCCD-RAW|II(RO|RS|U\0)|MMOR|FOVb|\0MRM",
        CAMERA_RAW,
    ),
    (rb"....ftyp(?!avi[fs]|hei[cxms]|hev[cxms]|mif1|msf1)", VIDEO),
    (
        rb"[\x00-\x1f]...(moov|mdat|wide)|\x1a\x45\xdf\xa3|RIFF....AVI |FLV\x01|OggS|YUV4MPEG2|\x00\x00\x01[\xb3\xba]"
        rb"|\x30\x26\xb2\x75\x8e\x66\xcf\x11|(?!GIF8)(G.{187}){3}G|....(G.{191}){3}G",  # ASF and MPEG-TS
        VIDEO,
    ),
    (rb"8BPS", f"is a Photoshop file: {CONVERT}"),
    (rb"%PDF|%!PS", f"is a PDF or PostScript document: {CONVERT}"),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf", "is an archive, not a picture: unpack it and give a picture from it"),
    (rb"\x93NUMPY", "is a NumPy file, not a picture: load it and pass the array"),
)


def mistake(head: bytes) -> str | None:
    """Why a file with these first bytes is not a picture that can be read; None if that cannot be told from them."""
    return next((sentence for start, sentence in _MISTAKES if re.match(start, head, re.DOTALL)), None)


def kind(head: bytes) -> str | None:
    """The format of a picture file with these first bytes, such as `PNG`; None if it is not known."""
    return next((kind for start, kind in _SIGNATURES if re.match(start, head, re.DOTALL)), None)


def is_camera_raw(data: bytes) -> bool:
    """Whether a file is a TIFF whose picture is a camera's raw data: DNG, NEF, ARW, PEF and others.

    Its first directory, the one that Pillow reads, then usually describes a preview of the size of a stamp.
    """
    order: Literal["little", "big"]
    if data.startswith(b"II*\0"):
        order = "little"
    elif data.startswith(b"MM\0*"):
        order = "big"
    else:
        return False
    number = functools.partial(int.from_bytes, byteorder=order)
    at = number(data[4:8])
    tags = {}
    for entry in range(at + 2, min(at + 2 + 12 * number(data[at : at + 2]), len(data) - 11), 12):
        size = 2 if number(data[entry + 2 : entry + 4]) == 3 else 4
        tags[number(data[entry : entry + 2])] = number(data[entry + 8 : entry + 8 + size])
    is_reduced = tags.get(254, 0) & 1 == 1
    return 50706 in tags or (is_reduced and 330 in tags) or tags.get(262) in (32803, 34892)  # DNG; SubIFDs; CFA, linear


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are printable UTF-8."""
    text = head.decode("utf-8", "ignore")  # "ignore": the last character may be cut in two
    return len(text.encode()) >= len(head) - 3 and all(c.isprintable() or c.isspace() for c in text)


def is_video(head: bytes) -> bool:
    """Whether a file with these first bytes is a video."""
    return mistake(head) == VIDEO
