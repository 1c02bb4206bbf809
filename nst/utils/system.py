"""The machine's processor and memory, read from the system rather than through TensorFlow, which loads for seconds."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

_CPUINFO = Path("/proc/cpuinfo")
_MEMINFO = Path("/proc/meminfo")
_STATUS = Path("/proc/self/status")
_MEMBERSHIP = Path("/proc/self/cgroup")
_CGROUPS = Path("/sys/fs/cgroup")

_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # Intel's and AMD's, Intel's tiles, Arm's
_NO_LIMIT = 1 << 60  # cgroup v1 writes "no limit" as the largest multiple of the machine's page size
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = ("memory.max", "memory.current", "inactive_file")


def has_bfloat16() -> bool:
    """Whether the processor has bfloat16 instructions; False if that is unknown."""
    for line in _text(_CPUINFO).splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return bool(_BFLOAT16 & set(flags.split()))
    return False


def free_memory() -> int | None:
    """The bytes that this process can still allocate without swapping; None if that is unknown.

    This is the least of: the memory available on the machine, the memory left by the limits of the process's control
    groups and all their parents (version 1 and 2; reclaimable file cache counts as free), and that left by `RLIMIT_AS`.
    """
    bounds = [_field(_MEMINFO, "MemAvailable"), _left_of_address_space(), *_left_in_groups()]
    known = [bound for bound in bounds if bound is not None]
    return min(known) if known else _free_pages()


def _left_in_groups() -> list[int | None]:
    """The memory left by each control group of this process, from its own up to the root."""
    left = []
    for line in _text(_MEMBERSHIP).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            root, names = _CGROUPS, _V2
        elif "memory" in controllers.split(","):
            root, names = _CGROUPS / "memory", _V1
        else:
            continue
        # A container often sees the host's path while its own group is mounted as the root, so folders may be missing.
        own = PurePosixPath(*(name for name in path.split("/") if name != ".."))
        left += [_left_in_group(root / group, *names) for group in (own, *own.parents)]
    return left


def _left_in_group(group: Path, limit_name: str, used_name: str, reclaimable: str) -> int | None:
    limit, used = _number(_text(group / limit_name)), _number(_text(group / used_name))
    if limit is None or used is None or limit >= _NO_LIMIT:
        return None
    kept = max(used - (_field(group / "memory.stat", reclaimable) or 0), 0)
    return max(limit - kept, 0)


def _left_of_address_space() -> int | None:
    try:
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit
    except ImportError:  # Windows
        return None
    limit, used = getrlimit(RLIMIT_AS)[0], _field(_STATUS, "VmSize")
    return None if limit == RLIM_INFINITY or used is None else max(limit - used, 0)


def _free_pages() -> int | None:
    try:
        pages, size = os.sysconf("SC_AVPHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf, and macOS not this name
        return None
    return pages * size if pages >= 0 and size > 0 else None


def _field(path: Path, name: str) -> int | None:
    """The number after `name`, in bytes, in a file of lines such as `name value` or `name: value kB`."""
    for line in _text(path).splitlines():
        found, *value = line.replace(":", " ").split() or [""]
        if found == name and value:
            number = _number(value[0])
            return number if number is None or value[1:] != ["kB"] else number * 1024
    return None


def _number(text: str) -> int | None:
    try:
        number = int(text)
    except ValueError:  # version 2 writes "max" for no limit
        return None
    return number if number >= 0 else None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (OSError, ValueError):  # ValueError: a NUL in a path from a damaged file
        return ""
