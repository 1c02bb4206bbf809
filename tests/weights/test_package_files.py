"""The networks that packages carry: read as MatConvNet's, and nothing else is read or run."""

import os
import pickle

import numpy as np
import pytest

from nst.weights import package_files
from nst.weights.network import MEAN_COLOUR, WeightsError
from tests.support import fake_vgg, packages


def same(network, made):
    assert list(network.layers) == list(made)
    for name, pair in made.items():
        for part, expected in zip(network.layers[name], pair, strict=True):
            np.testing.assert_array_equal(part, expected, strict=True)
            assert part.flags.c_contiguous
    np.testing.assert_array_equal(network.mean, np.float32(MEAN_COLOUR), strict=True)


def test_a_network_of_8_bits_that_pytorch_saved():
    made = fake_vgg.layers(fake_vgg.VGG19)
    network = package_files.read_quantized(packages.quantized_file(made), "file")
    same(network, {name: (table[index], bias) for name, (index, table, bias) in packages.clustered(made).items()})
    assert network.name == "narrow VGG-19 to conv5_4 (4 to 12 channels)"


def test_a_network_in_onnx():
    made = fake_vgg.layers(fake_vgg.VGG16)
    network = package_files.read_onnx(packages.onnx_file(made), "file")
    same(network, made)
    assert network.name == "narrow VGG-16 to conv5_3 (4 to 12 channels)"


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


def test_nothing_that_is_pickled_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good = packages.quantized_file(fake_vgg.layers())
    for evil in (
        pickle.dumps(Evil()),
        pickle.dumps(1) * 3 + pickle.dumps({"block1_conv1_W_q": Evil()}),
        b"cos\nsystem\n",
    ):
        for data in (evil, evil + good):
            with pytest.raises(WeightsError, match="file is not an 8-bit VGG-19 saved by PyTorch"):
                package_files.read_quantized(data, "file")
    assert not os.path.exists("evil")


READERS = {
    "8 bits": (package_files.read_quantized, packages.quantized_file),
    "onnx": (package_files.read_onnx, packages.onnx_file),
}


@pytest.mark.parametrize("kind", READERS)
def test_another_file_is_a_sentence(kind):
    read, write = READERS[kind]
    data = write(fake_vgg.layers())
    for broken in (b"", b"<html>", data[:50], data[:1000], data[: len(data) // 2], bytes(len(data)), data[:-1]):
        with pytest.raises(WeightsError, match="file"):
            read(broken, "file")


@pytest.mark.parametrize("kind", READERS)
def test_flipped_bytes_raise_nothing_else(kind):
    read, write = READERS[kind]
    data = write(fake_vgg.layers())
    rng = np.random.default_rng(0)
    failures = 0
    for _ in range(100):
        broken = bytearray(data)
        for place in rng.integers(0, 2500, 20):
            broken[place] ^= int(rng.integers(1, 256))
        try:
            read(bytes(broken), "file")
        except WeightsError:
            failures += 1
    assert failures > 50


def test_other_tensors_are_no_vgg():
    tensors = {"block1_conv1_W_q": np.zeros((2, 3), np.uint8), "block1_conv1_W_table": np.ones(256, np.float32)}
    tensors["block1_conv1_b"] = np.ones(2, np.float32)
    with pytest.raises(WeightsError, match="file: block1_conv1 is not a convolution of a VGG"):
        package_files.read_quantized(packages.torch_file(tensors), "file")
    with pytest.raises(WeightsError, match="file has no layer conv1_1"):
        package_files.read_quantized(packages.torch_file({}), "file")
