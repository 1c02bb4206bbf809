"""Keras' files of the VGG networks: read as MatConvNet's, and never a traceback."""

import h5py
import numpy as np
import pytest

from nst.weights import keras_h5, matconvnet
from nst.weights.network import MEAN_COLOUR, WeightsError
from tests.support import fake_vgg


def write(path, made, prefix="", names=("{group}_W_1:0", "{group}_b_1:0"), below=""):
    """A file in Keras' layout: the groups of all layers, pools without weights among them, kernels for B, G, R."""
    with h5py.File(path, "w") as file:
        root = file.create_group(prefix) if prefix else file
        root.attrs["layer_names"] = [b"input_1", b"block1_conv1"]
        for name, (kernel, bias) in made.items():
            group = f"block{name[4]}_conv{name[6]}"
            swapped = kernel[:, :, [2, 1, 0]] if name == "conv1_1" else kernel
            folder = root.create_group(group + below.format(group=group))
            folder.create_dataset(names[0].format(group=group), data=swapped)
            folder.create_dataset(names[1].format(group=group), data=bias)
            root.require_group(f"block{name[4]}_pool")
    return path


@pytest.mark.parametrize("blocks", [fake_vgg.VGG19, fake_vgg.VGG16])
@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"names": ("kernel:0", "bias:0"), "below": "/{group}"},
        {"names": ("{group}_kernel", "{group}_bias"), "prefix": "model_weights"},
    ],
)
def test_the_same_as_the_mat_file_of_these_weights(tmp_path, blocks, layout):
    made = fake_vgg.layers(blocks)
    fake_vgg.write(tmp_path / "net.mat", made=made)
    wanted = matconvnet.read(tmp_path / "net.mat")
    network = keras_h5.read(write(tmp_path / "net.h5", made, **layout))
    assert list(network.layers) == list(wanted.layers)
    assert network.name == wanted.name
    for name, pair in wanted.layers.items():
        for part, expected in zip(network.layers[name], pair, strict=True):
            np.testing.assert_array_equal(part, expected, strict=True)
            assert part.flags.c_contiguous
    np.testing.assert_array_equal(network.mean, np.float32(MEAN_COLOUR), strict=True)


def test_written_as_mat_it_is_read_as_the_same(tmp_path):
    network = keras_h5.read(write(tmp_path / "net.h5", fake_vgg.layers(fake_vgg.VGG19)))
    matconvnet.write(tmp_path / "net.mat", network, compress=False)
    again = matconvnet.read(tmp_path / "net.mat")
    for name, pair in network.layers.items():
        for part, expected in zip(again.layers[name], pair, strict=True):
            np.testing.assert_array_equal(part, expected, strict=True)


def test_a_file_as_keras_itself_writes_it(tmp_path):
    """Its names are those of the installed Keras."""
    path = tmp_path / "own.weights.h5"
    made = fake_vgg.layers(fake_vgg.VGG16)
    with h5py.File(path, "w") as file:
        for name, (kernel, bias) in made.items():
            group = f"block{name[4]}_conv{name[6]}"
            variables = file.create_group(f"{group}/vars")
            variables["0"], variables["1"] = kernel, bias
    assert keras_h5.read(path).layers["conv5_3"].kernel.tobytes() == made["conv5_3"][0].tobytes()


def damaged(path):
    data = path.read_bytes()
    return [
        b"",
        b"<html>",
        data[:100],
        data[:3000],
        data[: len(data) // 2],
        bytes(len(data)),
        data[:2000] + bytes(5000),
    ]


def test_a_damaged_file_is_a_sentence(tmp_path):
    path = write(tmp_path / "net.h5", fake_vgg.layers())
    for data in damaged(path):
        path.write_bytes(data)
        with pytest.raises(WeightsError, match=r"net\.h5( is not an HDF5 file, or is damaged: delete it|.* conv1_1)"):
            keras_h5.read(path)


def test_flipped_bytes_raise_nothing_else(tmp_path):
    path = write(tmp_path / "net.h5", fake_vgg.layers())
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    failures = 0
    for _ in range(60):
        broken = bytearray(data)
        for place in rng.integers(0, 6000, 20):
            broken[place] ^= int(rng.integers(1, 256))
        path.write_bytes(broken)
        try:
            keras_h5.read(path)
        except WeightsError:
            failures += 1
    assert failures > 30


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda file: file.pop("block2_conv1"), "conv2_2 cannot follow conv1_2"),
        (lambda file: file.pop("block1_conv1"), "has no layer conv1_1"),
        (lambda file: file["block1_conv2"].pop("block1_conv2_b_1:0"), "conv1_2 has no kernel and bias of numbers"),
        (
            lambda file: file["block1_conv2"].create_dataset("more", data=np.zeros((3, 3, 4, 4), "f4")),
            "conv1_2 has no kernel and bias",
        ),
        (
            lambda file: file["block1_conv2/block1_conv2_b_1:0"].write_direct(np.full(4, np.nan, "f4")),
            "the biases of conv1_2 have a value of nan, which no VGG has",
        ),
    ],
)
def test_another_network_is_a_sentence(tmp_path, change, sentence):
    path = write(tmp_path / "net.h5", fake_vgg.layers())
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(WeightsError, match=sentence):
        keras_h5.read(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(WeightsError, match="is not there"):
        keras_h5.read(tmp_path / "gone.h5")
