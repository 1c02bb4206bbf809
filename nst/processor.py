"""What the processor can do, asked of the system and not of TensorFlow, which takes seconds to load."""

from __future__ import annotations

from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # Intel's and AMD's, Intel's tiles, Arm's


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 numbers itself; False where the system does not tell."""
    try:
        text = _CPUINFO.read_text(errors="replace")
    except OSError:
        return False
    for line in text.splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return bool(_BFLOAT16 & set(flags.split()))
    return False
