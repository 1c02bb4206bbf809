"""What one pass over a video tells about its frames, and the ffmpeg filters that turn them into upright sRGB."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

# A frame with the time of another, or none, would never be shown.
_SHOWN = r"select=isnan(prev_selected_pts)+gt(pts\,prev_selected_pts)"
FILTERS = f"{_SHOWN},sidedata=mode=delete,showinfo=checksum=0"
"""The filters whose messages `parse` reads."""

_ALPHA = re.compile(r"yuva|rgba|argb|abgr|bgra|gbrap|ya\d|ayuv|vuya|pal8")  # formats of pixels
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_HDR = {"arib-std-b67": "HLG", "smpte2084": "PQ"}
_HDR_COLOURS = {"range": "tv", "colorspace": "bt2020nc", "color_primaries": "bt2020"}  # unless a file declares others
_WIDE = {"bt2020", "smpte431", "smpte432"}  # primaries of BT.2020 and P3
_HD_WIDTH, _HD_HEIGHT = 1280, 720
# White of SDR is at 203 nits (BT.2408), and 1000 nits are the brightest. Mobius leaves what SDR can show as it is.
_TONE_MAP = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:param=0.8:desat=0:peak=4.93,"
    "zscale=t=iec61966-2-1:m=gbr:r=full"
)
_TO_BT709 = "zscale=p=bt709:m=gbr:r=full"


@dataclass(frozen=True)
class Scan:
    """The frames of a video, as decoded."""

    pts: tuple[int, ...]  # the ticks at which each frame appears, and at which the last one ends
    tick: Fraction  # seconds
    shapes: Counter[tuple[int, int, Fraction]]  # frames by width, height and aspect of their pixels
    interlaced: bool  # whether any frame is
    colours: dict[str, str]  # of the first frame, as the options of ffmpeg's filter `setparams`
    alpha: bool  # whether its pixels can be transparent
    decoder: tuple[str, ...]  # ffmpeg's options for decoding them with their transparency

    @property
    def shape(self) -> tuple[float, int]:
        """Width and height of most frames, in square pixels."""
        (width, height, aspect), _ = self.shapes.most_common(1)[0]
        return float(width * aspect), height

    @property
    def hdr(self) -> str | None:
        """The kind of high dynamic range, if any."""
        return _HDR.get(self.colours["color_trc"])


def parse(words: str) -> Scan | None:
    """Reads ffmpeg's messages from a pass with `FILTERS`; None if there is no frame."""
    tick = re.search(r" config in time_base: (\d+/\d+)", words)
    line = r" n: *\d+ pts: *(-?\d+) .* duration: *(-?\d+) .* sar:(\d+)/(\d+) s:(\d+)x(\d+) i:(\w)"
    found = re.findall(line, words)
    colours = re.search(r" color_range:(\S+) color_space:(\S+) color_primaries:(\S+) color_trc:(\S+)", words)
    if tick is None or colours is None or not found:
        return None
    pts = [int(frame[0]) for frame in found]
    last = int(found[-1][1])
    if last <= 0:
        last = pts[-1] - pts[-2] if len(pts) > 1 else max(1, round(1 / (25 * Fraction(tick[1]))))
    shapes: Counter[tuple[int, int, Fraction]] = Counter()
    for _, _, across, down, width, height, _ in found:
        shapes[int(width), int(height), Fraction(int(across) or 1, int(down) or 1)] += 1
    # ffmpeg's own decoders of VP8 and VP9 leave the transparency out.
    partial = re.search(r"Video: (vp[89])\b(?:.*\n){1,4}? *alpha_mode *: *1", words, re.IGNORECASE)
    return Scan(
        (*pts, pts[-1] + last),
        Fraction(tick[1]),
        shapes,
        interlaced=any(frame[-1] in "TB" for frame in found),
        alpha=(bool(partial) or any(map(_ALPHA.match, re.findall(r" fmt:(\w+) ", words)))) and colours[4] not in _HDR,
        decoder=("-c:v", _WITH_ALPHA[partial[1].lower()]) if partial else (),
        colours=dict(zip(("range", "colorspace", "color_primaries", "color_trc"), colours.groups(), strict=True)),
    )


def filters(scan: Scan, width: int, height: int) -> str:
    """The filters that make frames of the given size, one for each frame of the scan; RGB is premultiplied by alpha."""
    chain = [_SHOWN]
    if scan.interlaced:
        chain.append("bwdif=mode=send_frame:deint=interlaced")
    size, bars = f"{width}:{height}", ""
    if len(scan.shapes) > 1:
        sides = f"min({width}\\,{height}*dar)", f"min({height}\\,{width}/dar)"
        size = ":".join(f"max(2\\,2*round({side}/2))" for side in sides)
        bars = f",pad={width}:{height}:(ow-iw)/2:(oh-ih)/2{':black@0' if scan.alpha else ''}"
    # Players take untagged HD for BT.709, but ffmpeg for BT.601.
    hd = max(scan.shape) >= _HD_WIDTH or min(scan.shape) >= _HD_HEIGHT
    matrix = ":in_color_matrix=bt709" if hd and scan.colours["colorspace"] == "unknown" else ""
    if scan.alpha:  # hidden colours must not bleed into others
        chain += [f"scale=flags=accurate_rnd{matrix},format=gbrap", "premultiply=inplace=1"]
        matrix = ""
    chain.append(f"scale={size}:flags=lanczos+accurate_rnd{matrix}{bars}")
    if scan.hdr or (scan.colours["color_primaries"] in _WIDE and "unknown" not in scan.colours.values()):
        assumed = (f"{name}={value}" for name, value in _HDR_COLOURS.items() if scan.colours[name] == "unknown")
        deep, usual = ("gbrap", "gbrap") if scan.alpha else ("yuv444p12|gbrp12", "gbrp")
        chain += [f"setparams={':'.join(assumed)}", f"format={deep}", _TONE_MAP if scan.hdr else _TO_BT709]
        chain.append(f"format={usual}")
    return ",".join(chain)
