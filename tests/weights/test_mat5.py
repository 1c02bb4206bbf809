"""The check of MATLAB files before SciPy reads them: other files under that name, and damaged ones."""

import gzip
import os
import re
import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from nst.weights import mat5, matconvnet
from nst.weights import network as weights_network
from nst.weights.network import MEAN_COLOUR, WeightsError
from tests.support import fake_vgg
from tests.support.mat_files import refusal, save, structs

SAMPLES = [
    path
    for path in sorted((Path(scipy.io.__file__).parent / "matlab/tests/data").glob("test*GLNX86.mat"))
    if path.read_bytes().startswith(b"MATLAB 5.0")
]


@pytest.mark.skipif(not SAMPLES, reason="this SciPy came without its test files")
@pytest.mark.filterwarnings("ignore:The default value for `spmatrix`:DeprecationWarning")
def test_what_matlab_itself_wrote_passes_the_check_unchanged():
    """Strings, nested structs and cells, complex numbers, empty arrays: MATLAB's habits, which SciPy's writer lacks."""
    passed = 0
    for path in SAMPLES:
        plain = {name: value for name, value in scipy.io.loadmat(path).items() if not name.startswith("__")}
        if re.match("testsparse|testobject|testfunc", path.name):
            with pytest.raises(mat5.MatError, match="an object, a function or a sparse matrix"):
                mat5.checked_copy(path, set(plain))
            continue
        copied = scipy.io.loadmat(mat5.checked_copy(path, set(plain)))
        for name, value in plain.items():
            assert repr(copied[name].ravel()) == repr(value.ravel()), path.name
            passed += 1
    assert passed > 30


# ---- not a MATLAB file


def hdf5(kind):
    return (b"MATLAB 7.3 MAT-file, Platform".ljust(512) if kind == "7.3" else b"") + b"\x89HDF\r\n\x1a\n" + bytes(500)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty: the download did not finish"),
        (b"<!DOCTYPE html><html>Sign in", "is a web page"),
        (b"\xef\xbb\xbf\n  <HTML>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 534904783\n", "Git LFS pointer"),
        ("put the file hier, bitte schön\r\n".encode(), "is a text, not a network"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "is a picture"),
        (b"\xff\xd8\xff\xe0" + bytes(99), "is a picture"),
        (b"GIF89a" + bytes(99), "is a picture"),
        (gzip.compress(b"MATLAB 5.0 MAT-file", mtime=0), "is packed with gzip: unpack it first"),
        (b"PK\x03\x04" + bytes(99), "is a zip archive"),
        (hdf5("7.3"), "save it again in MATLAB with '-v7'"),
        (hdf5("keras"), "is an HDF5 file"),
        (bytes(4096), "is not a MATLAB file"),
        (b"MATLAB 5.0 MAT-file", "is cut short: it has only 19 bytes"),
        (b"MATLAB 5.0 MAT-file".ljust(126) + b"IM", "is cut short: it has only 128 bytes"),
        (b"MATLAB 5.0 MAT-file".ljust(126) + b"MI" + bytes(99), "another byte order"),
        (b"MATLAB 5.0 MAT-file".ljust(126) + b"IM" + bytes(99), "is damaged"),
        (b"MATLAB 5.0 MAT-file".ljust(126) + b"IM\x0f\0\0\0\x05\0\0\0hello", "cannot be unpacked"),
        (
            b"MATLAB 5.0 MAT-file".ljust(126) + b"IM\x0f\0\0\0\xff\xff\xff\xff" + bytes(99),
            "is cut short: 235 bytes are there",
        ),
    ],
)
def test_what_people_have_under_that_name(tmp_path, data, sentence):
    path = tmp_path / "imagenet-vgg-verydeep-19.mat"
    path.write_bytes(data)
    assert sentence in refusal(path)
    assert weights_network.ADDRESS in refusal(path)


def test_an_npz_archive(tmp_path):
    np.savez(tmp_path / "a.npz", layers=np.zeros(3))
    assert "is a zip archive" in refusal(tmp_path / "a.npz")


def test_no_file_at_all(tmp_path):
    (tmp_path / "dangling.mat").symlink_to(tmp_path / "gone.mat")
    os.mkfifo(tmp_path / "pipe.mat")
    assert "is not there" in refusal(tmp_path / "gone.mat")
    assert "is a symbolic link to a missing file" in refusal(tmp_path / "dangling.mat")
    assert "is a folder" in refusal(tmp_path)
    assert "a pipe" in refusal(tmp_path / "pipe.mat")
    assert "cannot read the network" in refusal(tmp_path / ("x" * 300))


def test_a_file_that_may_not_be_read(tmp_path):
    fake_vgg.write(tmp_path / "a.mat")
    (tmp_path / "a.mat").chmod(0)
    if os.access(tmp_path / "a.mat", os.R_OK):
        pytest.skip("this user, as root does, may read every file")
    assert "cannot read the network" in refusal(tmp_path / "a.mat")
    assert "Permission denied" in refusal(tmp_path / "a.mat")


def test_a_disk_that_fails(tmp_path, monkeypatch):
    fake_vgg.write(tmp_path / "a.mat")
    monkeypatch.setattr(mat5, "checked_copy", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    assert "Input/output error" in refusal(tmp_path / "a.mat")


def test_too_little_memory_is_not_called_damage(tmp_path, monkeypatch):
    fake_vgg.write(tmp_path / "a.mat")
    monkeypatch.setattr(scipy.io, "loadmat", lambda *_, **__: (_ for _ in ()).throw(MemoryError))
    assert "does not fit into memory" in refusal(tmp_path / "a.mat")


# ---- damaged


@pytest.mark.parametrize("compress", [True, False])
def test_a_file_that_is_cut_short_anywhere(tmp_path, compress):
    fake_vgg.write(tmp_path / "whole.mat", channels=(1, 2, 1, 2, 1), compress=compress)
    data = (tmp_path / "whole.mat").read_bytes()
    between = 136 + int.from_bytes(data[132:136], "little")  # where `layers` ends nothing of it is missing
    path = tmp_path / "cut.mat"
    for length in [*range(1, len(data), len(data) // 80), len(data) - 1]:
        path.write_bytes(data[:length])
        if length not in (between, len(data)):
            assert "is cut short" in refusal(path) or length < 10, length


def test_a_cut_file_says_how_long_it_should_be(tmp_path):
    fake_vgg.write(tmp_path / "a.mat")
    data = (tmp_path / "a.mat").read_bytes()
    (tmp_path / "a.mat").write_bytes(data[:2000])
    whole = 136 + int.from_bytes(data[132:136], "little")
    assert f"2,000 bytes are there, and at least {whole:,} belong to it" in refusal(tmp_path / "a.mat")


def mutations(data, rng, count):
    """Copies of a file with a cut, flipped bits, an odd number in place of a word, or noise."""
    for place in range(count):
        copy = bytearray(data)
        at = int(rng.integers(128, len(data) - 40)) // 4 * 4
        if place % 4 == 0:
            del copy[int(rng.integers(len(data))) :]
        elif place % 4 == 1:
            copy[at] ^= 1 << int(rng.integers(8))
        elif place % 4 == 2:
            odd = (0, 1, 2, 8, 14, 19, 255, 65535, 1 << 24, 1 << 28, 2**31 - 1, 2**32 - 1)
            copy[at : at + 4] = struct.pack("<I", odd[int(rng.integers(len(odd)))])
        else:
            copy[at : at + 24] = rng.bytes(24)
        yield bytes(copy)


def recompressed(data):
    """The same variables, compressed with a checksum that is right: damage from before the compression."""
    size = int.from_bytes(data[132:136], "little")
    packed = zlib.compress(data[128 : 136 + size])
    return data[:128] + struct.pack("<II", 15, len(packed)) + packed


@pytest.mark.parametrize(
    ("layout", "kind"), [("new", "plain"), ("old", "plain"), ("new", "compressed"), ("new", "recompressed")]
)
def test_no_bytes_whatever_end_in_another_error(tmp_path, layout, kind):
    """Without the check of the tags SciPy ends the process on some of these with a segmentation fault."""
    tiny = {name: (kernel[..., :1, :1], bias[:1]) for name, (kernel, bias) in fake_vgg.layers((1, 1), (1, 1)).items()}
    save(
        tmp_path / "whole.mat",
        [{"name": "relu", "type": "relu"}, *[fake_vgg.conv_struct(name, *pair, layout) for name, pair in tiny.items()]],
        compress=kind == "compressed",
        meta={"normalization": {"averageImage": np.float32(MEAN_COLOUR)}},
    )
    path = tmp_path / "changed.mat"
    outcomes = {"read": 0, "refused": 0}
    start = time.monotonic()
    for data in mutations((tmp_path / "whole.mat").read_bytes(), np.random.default_rng(5), 300):
        path.write_bytes(recompressed(data) if kind == "recompressed" and len(data) > 200 else data)
        try:
            matconvnet.read(path)
            outcomes["read"] += 1
        except WeightsError:
            outcomes["refused"] += 1
    assert outcomes["refused"] > 100, outcomes
    assert time.monotonic() - start < 20


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(array_class, dims, *content, name=b"", flags=0):
    """A MATLAB array byte by byte, with whatever it claims to hold."""
    head = element(6, bytes([array_class, flags]) + bytes(6)) + element(5, struct.pack(f"<{len(dims)}i", *dims))
    return element(14, head + element(1, name) + b"".join(content))


EMPTY = element(14, b"")
FIELDS = struct.pack("<HHI", 5, 4, 8) + element(1, b"name\0\0\0\0")


@pytest.mark.parametrize(
    "variable",
    [
        matrix(1, (1 << 13, 1 << 14), name=b"layers"),  # a gigabyte of cells
        matrix(1, (1, 1), matrix(1, (1 << 13, 1 << 14)), name=b"layers"),
        matrix(1, (1, 1), matrix(2, (1 << 13, 1 << 14), FIELDS), name=b"layers"),
        matrix(1, (1, 1), matrix(4, (1, 1 << 28), element(1, b"")), name=b"layers"),
        matrix(1, (-1, -1), EMPTY, name=b"layers"),
        matrix(1, (1,), EMPTY, name=b"layers"),
        matrix(1, (1, 2), EMPTY, name=b"layers"),
        matrix(1, (1, 1), EMPTY, EMPTY, name=b"layers"),
        matrix(1, (1, 1), element(9, b""), name=b"layers"),
        matrix(1, (1, 1), matrix(6, (1, 1), element(8, bytes(8))), name=b"layers"),  # SciPy: segmentation fault
        matrix(1, (1, 1), matrix(6, (1, 1), element(999, bytes(8))), name=b"layers"),
        matrix(1, (1, 1), matrix(6, (1, 1), EMPTY), name=b"layers"),
        matrix(1, (1, 1), matrix(4, (1, 1), element(14, b"")), name=b"layers"),
        matrix(1, (1, 1), matrix(6, (1, 1), element(9, bytes(8)), flags=8), name=b"layers"),  # no imaginary part
        matrix(1, (1, 1), matrix(6, (1, 1), element(9, bytes(8)), element(9, bytes(8))), name=b"layers"),
        matrix(1, (1, 1), matrix(2, (1, 1), struct.pack("<HHI", 5, 4, 0) + element(1, b"name")), name=b"layers"),
        matrix(1, (1, 1), matrix(2, (1, 1), FIELDS), name=b"layers"),
        matrix(1, (1, 1), matrix(17, (1, 1)), name=b"layers"),
        matrix(1, (1, 1), element(14, b"\x06\0\0\0"), name=b"layers"),
        matrix(6, (1, 1), element(9, bytes(8))[:-8], name=b"layers"),
        element(14, element(6, bytes(8)) + struct.pack("<II", 5, 1 << 30)),
        matrix(6, (1, 1), element(9, bytes(8)), name=bytes(30 << 20)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("compress", [False, True])
def test_hostile_sizes_and_types_are_refused_before_scipy_sees_them(tmp_path, variable, compress, monkeypatch):
    monkeypatch.setattr(scipy.io, "loadmat", lambda *_, **__: pytest.fail("SciPy has been given the file"))
    path = tmp_path / "a.mat"
    body = element(15, zlib.compress(variable)) if compress else variable
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + body)
    tracemalloc.start()
    try:
        assert "is damaged" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_arrays_that_lie_too_deep_in_each_other(tmp_path):
    variable = EMPTY
    for _ in range(3000):
        variable = matrix(1, (1, 1), variable)
    (tmp_path / "a.mat").write_bytes(
        b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + matrix(1, (1, 1), variable, name=b"layers")
    )
    assert "too many lie in each other" in refusal(tmp_path / "a.mat")


def test_a_checksum_that_is_wrong(tmp_path):
    packed = bytearray(zlib.compress(matrix(1, (1, 1), EMPTY, name=b"layers")))
    packed[-1] ^= 1
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + element(15, bytes(packed)))
    assert "cannot be unpacked" in refusal(tmp_path / "a.mat")
    for content in (packed[:-2], zlib.compress(matrix(1, (1, 1), EMPTY, name=b"layers") + EMPTY)):
        data = struct.pack("<II", 15, len(content)) + content
        (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + data)
        assert "longer than it says, or its checksum is missing" in refusal(tmp_path / "a.mat")


def test_the_dense_layers_are_never_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(mat5, "LARGEST_CELL", 100_000)
    dense = fake_vgg.conv_struct("fc6", np.zeros((7, 7, 512, 100), np.float32), np.zeros(100, np.float32))
    for compress in (False, True):
        path = save(tmp_path / "a.mat", [*structs(), dense, {"name": "prob", "type": "softmax"}], compress=compress)
        tracemalloc.start()
        try:
            layers = matconvnet.read(path).layers
            assert tracemalloc.get_traced_memory()[1] < 5_000_000, "fc6 has 10 MB"
        finally:
            tracemalloc.stop()
        np.testing.assert_array_equal(layers["conv5_1"].kernel, fake_vgg.layers()["conv5_1"][0])
