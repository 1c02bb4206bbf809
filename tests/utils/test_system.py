import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from nst.utils import system as utils_system
from nst.utils import text as utils_text
from tests.conftest import ROOT

MB = 10**6
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse avx512f avx512_bf16 amx_tile\n", True),
        ("processor\t: 0\nflags\t\t: fpu amx_bf16\n", True),
        ("processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n", True),
        ("processor\t: 0\nflags\t\t: fpu sse avx2 avx512f\n", False),
        ("model name\t: flags of bf16\n", False),
        ("", False),
    ],
)
def test_bfloat16_is_read_from_the_processors_flags(tmp_path, monkeypatch, text, expected):
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    monkeypatch.setattr(utils_system, "_CPUINFO", path)
    assert utils_system.has_bfloat16() is expected


def test_no_bfloat16_where_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(utils_system, "_CPUINFO", tmp_path / "nothing")
    assert utils_system.has_bfloat16() is False


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine of which nothing is known yet; `write(path, text)` adds a file to it."""
    for name in ("meminfo", "status", "membership", "cgroups"):
        monkeypatch.setattr(utils_system, f"_{name.upper()}", tmp_path / name)
    monkeypatch.setattr(os, "sysconf", {"SC_AVPHYS_PAGES": 7, "SC_PAGE_SIZE": 4096}.__getitem__, raising=False)

    def write(path, content):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content if isinstance(content, bytes) else str(content).encode())

    def group(path, limit, used, reclaimable, version=2):
        if version == 2:
            folder, names, stat = f"cgroups/{path}", ("max", "current"), f"anon 5\ninactive_file {reclaimable}\n"
        else:
            folder, names = f"cgroups/memory/{path}", ("limit_in_bytes", "usage_in_bytes")
            stat = f"inactive_file 5\ntotal_inactive_file {reclaimable}\n"
        write(f"{folder}/memory.{names[0]}", f"{limit}\n")
        write(f"{folder}/memory.{names[1]}", f"{used}\n")
        write(f"{folder}/memory.stat", stat)

    write("meminfo", "MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:    5000 kB\nCached:  77 kB\n")
    return SimpleNamespace(write=write, group=group, root=tmp_path)


def test_what_the_machine_has_available(system):
    assert utils_system.free_memory() == 5000 * 1024


def test_a_limit_of_a_parent_group(system):
    system.write("membership", "0::/slice/job/step\n")
    system.group("slice/job/step", "max", 10, 0)
    system.group("slice/job", 4000, 3000, 500)
    system.group("slice", 9000, 3000, 500)
    assert utils_system.free_memory() == 4000 - 3000 + 500
    system.group("slice/job/step", 2000, 1900, 0)
    assert utils_system.free_memory() == 100
    system.group("slice", 3000, 3100, 50)
    assert utils_system.free_memory() == 0


def test_a_container_whose_own_group_is_the_root(system):
    system.write("membership", "0::/../../docker/1234\n")
    system.group("", 4000, 3000, 500)
    system.group("..", 1, 1, 0)
    assert utils_system.free_memory() == 1500


def test_no_limit_is_no_limit(system):
    system.write("membership", "4:memory:/job\n0::/job\n")
    system.group("job", "max", 10, 0)
    system.group("job", 0x7FFFFFFFFFFFF000, 10, 0, version=1)
    assert utils_system.free_memory() == 5000 * 1024
    system.write("meminfo", "")
    assert utils_system.free_memory() == 7 * 4096


def test_version_1(system):
    system.write("membership", "5:cpu,cpuacct:/\n4:hugetlb,memory:/a:b/c\n1:name=systemd:/other\n0::/\n")
    system.group("a:b/c", 0x7FFFFFFFFFFFF000, 10, 0, version=1)
    system.group("a:b", 4000, 3000, 200, version=1)
    system.group("other", 1, 1, 0, version=1)
    assert utils_system.free_memory() == 1200


@linux
def test_a_limit_of_the_address_space():
    limit = 400 * MB
    script = (
        "import resource\nfrom nst.utils import system\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "print(system.free_memory(), pages * resource.getpagesize())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    free, used = map(int, done.stdout.split())
    assert 0 < free < limit
    assert free == pytest.approx(limit - used, abs=8 * MB)


@pytest.mark.parametrize("garbage", [b"", b"\xff\x00:\xfe", b"-5\n", b"9" * 5000, b"MemAvailable:\nVmSize: x kB\n\n"])
def test_damaged_files_are_ignored(system, garbage):
    system.write("membership", "4:memory:/job\n0::/job\n")
    for name in ("meminfo", "status", *(f"cgroups/job/memory.{name}" for name in ("max", "current", "stat"))):
        system.write(name, garbage)
    assert utils_system.free_memory() == 7 * 4096
    system.write("cgroups/job/memory.max", 4000)
    assert utils_system.free_memory() == 7 * 4096, "a limit without the usage is ignored"
    system.write("cgroups/job/memory.current", 3000)
    assert utils_system.free_memory() == 1000
    for membership in (garbage, b"0::/\x00\n4:memory:\x00/x\n", b"0::/" + b"x" * 9000, b"0::\n:::\n"):
        system.write("membership", membership)
        assert utils_system.free_memory() == 7 * 4096


def test_a_system_without_any_of_the_files(system, monkeypatch):
    (system.root / "meminfo").unlink()
    assert utils_system.free_memory() == 7 * 4096

    def unknown(name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", unknown)
    assert utils_system.free_memory() is None  # macOS
    monkeypatch.delattr(os, "sysconf")
    monkeypatch.setitem(sys.modules, "resource", None)
    assert utils_system.free_memory() is None  # Windows


@linux
def test_this_machine():
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 100 * MB < utils_system.free_memory() < total


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (640 * MB, "640 MB"),
        (999_600_000, "1 GB"),
        (1_340_000_000, "1.3 GB"),
        (2_000_000_000, "2 GB"),
        (9_960_000_000, "10 GB"),
        (24_300_000_000, "24 GB"),
        (1_500 * 10**12, "1500 TB"),
    ],
)
def test_formatted_bytes(count, expected):
    assert utils_text.format_bytes(count) == expected
