"""Broken and adversarial files: never a traceback, a hang or a memory that fills up; always one sentence.

`NST_HYPOTHESIS=5000` looks for new ones with that many examples for each test, and other ones each time.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nst.config import TransferConfig
from nst.engine import mask_regions
from nst.images import decode_limits, reader, to_rgb
from nst.images.decode import PictureError
from nst.output import metadata
from nst.weights import cache as cache_file
from nst.weights import keras_h5, mat5, matconvnet, registry
from nst.weights.network import WeightsError
from tests.conftest import ROOT
from tests.support import fake_vgg, hostile
from tests.support.hostile.worker import fault

ITEMS = hostile.items()
SHARES = 8
HUNT = int(os.environ.get("NST_HYPOTHESIS", "0"))
usual = settings(
    max_examples=HUNT or 150,
    derandomize=not HUNT,
    deadline=None if HUNT else 10_000,
    database=None,
    suppress_health_check=list(HealthCheck),
)


# --- the corpus, in processes with limits ---


class Worker:
    """A process that takes files through the doors: see `tests.support.hostile.worker`."""

    def __init__(self):
        command = [sys.executable, "-m", "tests.support.hostile.worker"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def result(self, door, path):
        timer = threading.Timer(8 * hostile.SECONDS, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(f"{door}\t{path}\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline() or '{"wrong": "the worker has ended"}')
        finally:
            timer.cancel()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=60)


@pytest.fixture(scope="module")
def worker():
    worker = Worker()
    yield worker
    worker.close()


def faults(result, memory=hostile.MEMORY):
    """What a person would complain of."""
    found = [result["wrong"]] if result["wrong"] else []
    if result.get("noise"):
        found.append(f"on the error stream: {result['noise']!r}")
    if result.get("seconds", 0) > hostile.SECONDS:
        found.append(f"{result['seconds']:.1f} s")
    if result.get("bytes", 0) > memory:
        found.append(f"{result['bytes'] >> 20:,} MB")
    return "; ".join(found)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the worker counts memory as Linux does")
@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_every_hostile_file_is_a_sentence_in_time_and_memory(share, worker, tmp_path):
    path = tmp_path / "hostile.bin"
    complaints, refused = [], 0
    for item in ITEMS[share::SHARES]:
        hostile.write(item, path)
        result = worker.result(item.door, path)
        path.unlink()
        if wrong := faults(result, item.memory):
            complaints.append(f"{item.name}: {wrong}")
        refused += result.get("outcome", "") != "read"
    assert not complaints, "\n".join(complaints)
    assert refused > len(ITEMS) / SHARES / 2, "the corpus is not hostile"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the worker counts memory as Linux does")
@pytest.mark.slow
def test_the_worker_sees_what_it_is_there_for(worker, tmp_path):
    """Its limits are real: without the program's own, these files would fail it."""
    (tmp_path / "a.bin").write_bytes(hostile.whole()["png"])
    assert worker.result("picture", tmp_path / "a.bin")["outcome"] == "read"
    for door, wrong in (("hang", "signal 14"), ("memory", ""), ("crash", "signal 11"), ("error", "ZeroDivisionError")):
        result = worker.result(door, tmp_path / "a.bin")
        assert wrong in result["wrong"]
        assert faults(result), door
        if door == "memory":
            assert result["bytes"] > hostile.MEMORY


# --- what the corpus found ---


def refusal(path, read=matconvnet.read):
    with pytest.raises(WeightsError) as caught:
        read(path)
    return str(caught.value)


def test_a_large_mask_is_thinned_and_told_by_its_own_size(monkeypatch):
    monkeypatch.setattr(mask_regions, "_MOST_PIXELS", 64)
    content, half = np.zeros((32, 40, 3), np.uint8), np.zeros((32, 40, 3), np.uint8)
    half[:, 20:] = 255
    mix = mask_regions.mixture(content, [content], TransferConfig(), half)
    assert mix.guides[0].mask.shape == (7, 8)
    np.testing.assert_array_equal(mix.guides[0].mask, np.tile(np.arange(8) > 3, (7, 1)))
    with pytest.raises(ValueError, match=r"of 40×16 pixels has another aspect ratio than the content picture of 40×32"):
        mask_regions.mixture(content, [content], TransferConfig(), half[:16])


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_picture_in_strips_is_the_same(turn, monkeypatch):
    """Deep, transparent, turned, by palette and with a profile: the strips show nowhere."""
    exif = hostile.Image.Exif()
    exif[0x0112] = turn
    rgba = np.dstack([hostile.NOISE, hostile.NOISE[..., 0]])
    deep = hostile.Image.fromarray(hostile.NOISE[..., 0].astype(np.uint16) * 250)
    grey = hostile.Image.fromarray(hostile.NOISE[..., 1])
    real = hostile.Image.fromarray(hostile.NOISE[..., 0].astype(np.float32) - 40)
    made = [
        hostile.saved(rgba, "PNG", exif=exif, icc_profile=hostile.profile()),
        hostile.saved(deep, "PNG", exif=exif),
        hostile.saved(grey.convert("P"), "PNG", exif=exif, transparency=7),
        hostile.saved(real, "TIFF", exif=exif),
        hostile.saved(hostile.NOISE, "JPEG", exif=exif),
    ]
    whole = [reader.read_with_alpha(data) for data in made]
    monkeypatch.setattr(to_rgb, "_STRIP", 5 * 32)
    for data, (picture, opacity) in zip(made, whole, strict=True):
        again, opacity_again = reader.read_with_alpha(data)
        np.testing.assert_array_equal(again, picture)
        assert again.flags.c_contiguous
        assert (opacity is None) == (opacity_again is None)
        if opacity is not None:
            np.testing.assert_array_equal(opacity_again, opacity)


def test_usual_pictures_weigh_little(monkeypatch):
    """The limits are far from what people have: each valid picture passes with a hundredth of them."""
    for limit in ("_MOST_METADATA", "_MOST_ENTRIES", "_MOST_CHUNKS", "_MOST_COMMENTS", "_MOST_SCANS"):
        monkeypatch.setattr(decode_limits, limit, getattr(decode_limits, limit) // 100)
    for data in hostile.whole().values():
        reader.read(data)


def test_a_network_in_a_struct_loses_its_dense_layers_too(tmp_path, monkeypatch):
    monkeypatch.setattr(mat5, "LARGEST_CELL", 100_000)
    structs = [fake_vgg.conv_struct(name, *pair) for name, pair in fake_vgg.layers().items()]
    dense = fake_vgg.conv_struct("fc6", np.zeros((7, 7, 512, 100), np.float32), np.zeros(100, np.float32))
    meta = {"normalization": {"averageImage": np.array([1.0, 2.0, 3.0]).reshape(1, 1, 3)}}
    for compress in (False, True):
        path = tmp_path / "a.mat"
        net = {"layers": fake_vgg.cell([*structs, dense]), "meta": meta}
        scipy.io.savemat(path, {"net": net}, do_compression=compress)
        assert len(mat5.checked_copy(path, {"net"}).getvalue()) < 200_000
        network = matconvnet.read(path)
        np.testing.assert_array_equal(network.layers["conv5_1"].kernel, fake_vgg.layers()["conv5_1"][0])
        np.testing.assert_array_equal(network.mean, np.float32([1, 2, 3]))


def test_a_cache_that_would_fill_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_file, "_WORTH_ABOVE", 0)
    made = fake_vgg.write(tmp_path / "a.mat")
    registry.load(str(tmp_path / "a.mat"))
    cache = tmp_path / "a.mat.cache.npz"
    with np.load(cache) as stored:
        arrays = dict(stored)
    arrays["conv1_1.kernel"] = arrays["conv1_1.kernel"] + 1
    np.savez_compressed(cache, **arrays)
    kernel = registry.load(str(tmp_path / "a.mat")).layers["conv1_1"].kernel
    np.testing.assert_array_equal(kernel, made["conv1_1"][0], err_msg="the packed cache was taken")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_keeps_no_door_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is a folder, a device or a pipe, not a file" in refusal(tmp_path / "pipe", keras_h5.read)
    assert "is a device or a pipe" in refusal(tmp_path / "pipe")
    with pytest.raises(ValueError, match="pipe is a device or a pipe"):
        metadata.read(tmp_path / "pipe")


def test_what_a_picture_says_is_shown_on_one_line(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(hostile.note('{"settings": {}, "network": {"name": "a\\u001b[2J\\nb%s"}}' % ("c" * 900)))
    name = metadata.read(path).network
    assert name.startswith("a�[2J bcc")
    assert name.isprintable()
    assert len(name) < 300


# --- changes of valid files ---


SIZES = (0, 1, 2, 7, 8, 14, 127, 128, 255, 256, 32_767, 65_535, 1 << 24, 2**31 - 1, 2**31, 2**32 - 1)


@st.composite
def changed(draw, wholes):
    """One of the valid files with some of it cut, flipped, repeated, taken from another, or set to a hostile size."""
    data = bytearray(draw(st.sampled_from(wholes)))
    first = draw(st.sampled_from((0, 12, 12, 12, 12)))  # without its first bytes it is no file of its kind
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(("flip", "size", "cut", "splice", "repeat", "drop", "noise")))
        # Half of the changes near the start, where the headers are.
        reach = max(first, len(data) - 1)
        at = draw(st.integers(first, reach) | st.integers(first, min(reach, 160)))
        if kind == "flip" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "size":
            size, width = draw(st.sampled_from(SIZES)), draw(st.sampled_from((1, 2, 4)))
            order = draw(st.sampled_from(("little", "big")))
            data[at : at + width] = (size % 256**width).to_bytes(width, order)
        elif kind == "cut":
            del data[at:]
        elif kind == "splice":
            other = draw(st.sampled_from(wholes))
            begin = draw(st.integers(0, len(other)))
            data[at:] = other[begin:]
        elif kind == "repeat":
            length = draw(st.integers(1, 64))
            data[at:at] = data[at : at + length] * draw(st.integers(1, 50))
        elif kind == "drop":
            del data[at : at + draw(st.integers(1, 16))]
        else:
            data[at : at + 8] = draw(st.binary(max_size=8))
    return hostile.mended(bytes(data)) if draw(st.booleans()) else bytes(data)


def check_picture(data):
    try:
        picture, opacity = reader.read_with_alpha(data, name="a/picture")
    except PictureError as error:
        sentence = str(error)
    else:
        sentence = "read"
        assert (picture.dtype, picture.ndim, picture.shape[2]) == (np.uint8, 3, 3)
        assert opacity is None or opacity.shape == picture.shape[:2]
    assert not fault(sentence, Path("a/picture")), sentence[:1000]


def check_file(read, error_kind, data, path):
    path.write_bytes(data)
    sentence = "read"
    try:
        read(path)
    except error_kind as error:
        sentence = str(error)
    assert not fault(sentence, path), sentence[:1000]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("changed") / "file.bin"


@usual
@given(changed(list(hostile.whole().values())))
def test_a_changed_picture(data):
    check_picture(data)


@pytest.mark.parametrize("kind", hostile.whole())
@settings(usual, max_examples=HUNT or 30)
@given(data=st.data())
def test_a_changed_picture_of_each_kind(kind, data):
    check_picture(data.draw(changed([hostile.whole()[kind]])))


@usual
@given(st.binary(max_size=300), st.sampled_from(list(hostile.whole().values())), st.integers(2, 64))
def test_noise_behind_the_head_of_a_picture(noise, whole, head):
    check_picture(whole[:head] + noise)


@usual
@given(changed([hostile.network()]))
def test_a_changed_network(file, data):
    check_file(matconvnet.read, WeightsError, data, file)


@usual
@given(changed([hostile.network()[128:]]))
def test_a_network_changed_before_it_was_packed(file, data):
    check_file(matconvnet.read, WeightsError, hostile.HEAD + hostile.packed(data[:-8] if len(data) > 8 else data), file)


def arrays():
    """MATLAB arrays of any class, in each other, that claim any dimensions."""
    dims = st.lists(st.integers(-1, 4) | st.sampled_from(SIZES[:-2]), max_size=4).map(tuple)
    classes = st.sampled_from((0, 1, 1, 2, 3, 4, 5, 6, 7, 9, 15, 16, 17, 255))
    elements = st.builds(hostile.element, st.integers(0, 20), st.binary(max_size=24))
    names = st.sampled_from((b"", hostile.FIELDS))

    def around(inner):
        content = st.tuples(names, st.lists(inner | elements, max_size=4).map(b"".join)).map(b"".join)
        return st.builds(hostile.matrix, classes, dims, content, flags=st.sampled_from((0, 2, 8, 255)))

    return st.recursive(st.just(hostile.EMPTY) | elements, around, max_leaves=12)


@usual
@given(array=arrays(), dims=st.tuples(st.integers(0, 3), st.integers(0, 3)), pack=st.booleans())
def test_a_network_of_any_arrays(file, array, dims, pack):
    count = dims[0] * dims[1]
    variable = hostile.matrix(1, dims, *[array] * count, name=b"layers")
    check_file(matconvnet.read, WeightsError, hostile.HEAD + (hostile.packed(variable) if pack else variable), file)


@usual
@given(changed([hostile.keras_file()]))
def test_a_changed_file_of_keras(file, data):
    check_file(keras_h5.read, WeightsError, data, file)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(list(TransferConfig.__dataclass_fields__))


@usual
@given(
    st.fixed_dictionaries(
        {"settings": st.dictionaries(NAMES, VALUES, max_size=4) | VALUES},
        optional={"network": st.fixed_dictionaries({"name": VALUES}) | VALUES},
    )
)
def test_a_stamp_of_any_values(file, document):
    check_file(metadata.read, ValueError, hostile.note(json.dumps(document)), file)


@usual
@given(changed([hostile.note('{"settings": {"epochs": 7, "style_layers": {"conv1_1": 1}}}')]))
def test_a_changed_stamp(file, data):
    check_file(metadata.read, ValueError, data, file)


# --- the command ---


@pytest.mark.slow
def test_the_command_ends_in_one_line(command, tmp_path):
    named = {item.name: item for item in ITEMS}
    cases = {
        "--content_image_filename": ("png of 2^31 - 1 square", 1),
        "--style_image_filename": ("tiff in tiles of 0", 1),
        "--content_mask": ("gif with a remark of 20 MB", 1),
        "--model": ("mat: a gigabyte of cells, packed", 1),
        "--like": ("stamp: a setting named by orders to the screen", 2),
        "--init": ("jpg of 2000 scans", 1),
    }
    for flag, (name, status) in cases.items():
        path = tmp_path / "hostile.bin"
        hostile.write(named[name], path)
        done = command(f"{flag}={path}", "--nodownload", "--model=preview", f"{flag}={path}", cwd=tmp_path, timeout=60)
        assert done.returncode == status, (name, done.stdout, done.stderr)
        assert "Network:" not in done.stdout, (name, done.stdout)  # at most the names of the pictures
        assert done.stderr.count("\n") == 1, (name, done.stderr)
        assert str(path) in done.stderr, (name, done.stderr)
        assert not (tmp_path / "output").exists(), name
