"""The MatConvNet reader and writer: every known layout, and networks that are none of VGG's."""

import numpy as np
import pytest
import scipy.io

from nst.weights import matconvnet
from nst.weights import network as weights_network
from nst.weights.network import MEAN_COLOUR, Layer, Network
from tests.conftest import ROOT
from tests.support import fake_vgg
from tests.support.mat_files import refusal, save, structs

LAYOUTS = ["new", "old", "beta8"]
REFERENCE = ROOT.parent / "shared/data/weights/vgg19-slim-reference.mat"


# ---- what is read


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("blocks", "count"), [(fake_vgg.SLIM, 13), (fake_vgg.VGG16, 13), (fake_vgg.VGG19, 16)])
def test_every_layout_gives_the_same_network(tmp_path, blocks, count, layout, compress):
    made = fake_vgg.write(
        tmp_path / "a.mat", layout, blocks=blocks, dense=True, mean=(1.5, 20.25, 90.0), compress=compress
    )
    network = matconvnet.read(tmp_path / "a.mat")
    assert list(network.layers) == list(made)
    assert len(made) == count
    for name, (kernel, bias) in network.layers.items():
        assert kernel.dtype == bias.dtype == np.float32
        assert kernel.flags.c_contiguous
        np.testing.assert_array_equal(kernel, made[name][0])
        np.testing.assert_array_equal(bias, made[name][1], strict=True)
    np.testing.assert_array_equal(network.mean, np.float32([1.5, 20.25, 90.0]), strict=True)
    assert network.source == str(tmp_path / "a.mat")
    assert network.notice == ""


def test_kernels_are_height_width_in_out_as_in_the_published_file(tmp_path):
    made = fake_vgg.layers()
    made["conv1_1"][0][0, 1, 2, 0] = 0.33999205
    made["conv1_1"][0][1, 0, 2, 0] = 0.23215917
    fake_vgg.write(tmp_path / "a.mat", made=made)
    kernel = matconvnet.read(tmp_path / "a.mat").layers["conv1_1"].kernel
    assert kernel[0, 1, 2, 0] == np.float32(0.33999205)
    assert kernel[1, 0, 2, 0] == np.float32(0.23215917)


@pytest.mark.parametrize(
    ("blocks", "channels", "name"),
    [
        (fake_vgg.VGG19, (2, 3, 4, 5, 6), "narrow VGG-19 to conv5_4 (2 to 6 channels)"),
        (fake_vgg.VGG16, (2, 3, 4, 5, 6), "narrow VGG-16 to conv5_3 (2 to 6 channels)"),
        ((2, 2, 2, 2, 2), (2, 3, 4, 5, 6), "narrow VGG-13 to conv5_2 (2 to 6 channels)"),
        ((1, 1, 2), (2, 3, 4), "narrow VGG-11 to conv3_2 (2 to 4 channels)"),
        ((2, 2, 4), (2, 3, 4), "narrow VGG-19 to conv3_4 (2 to 4 channels)"),
        ((2,), (64,), "VGG to conv1_2 (64 to 64 channels)"),
        ((2,), (65,), "wide VGG to conv1_2 (65 to 65 channels)"),
    ],
)
def test_networks_of_other_depths_and_widths(tmp_path, blocks, channels, name):
    made = fake_vgg.write(tmp_path / "a.mat", blocks=blocks, channels=channels)
    network = matconvnet.read(tmp_path / "a.mat")
    assert list(network.layers) == list(made)
    assert network.name == name


@pytest.mark.parametrize(("kind", "blocks"), [("VGG-19", fake_vgg.VGG19), ("VGG-16", fake_vgg.VGG16)])
def test_only_the_whole_network_at_full_width_has_the_published_name(kind, blocks):
    layers = {
        f"conv{block}_{index}": Layer(np.empty((3, 3, 1, width), np.float32), np.empty(width, np.float32))
        for block, (count, width) in enumerate(zip(blocks, (64, 128, 256, 512, 512), strict=True), start=1)
        for index in range(1, count + 1)
    }
    assert weights_network.published_name(layers) == kind
    layers.popitem()
    assert weights_network.published_name(layers) != kind


def test_layers_in_any_order_and_among_others(tmp_path):
    odd = [
        5.0,
        "relu",
        np.empty((0, 0), object),
        fake_vgg.cell([]),
        {"name": "conv9_9"},
        {"type": "relu"},
        {"name": ""},
    ]
    path = save(tmp_path / "a.mat", [*odd, *structs()[::-1], *odd])
    assert list(matconvnet.read(path).layers) == list(fake_vgg.layers())


def test_a_struct_array_and_a_network_inside_a_struct(tmp_path):
    fields = ("name", "type", "weights")
    array = np.array(
        [tuple(struct[field] for field in fields) for struct in structs()], [(field, object) for field in fields]
    )
    scipy.io.savemat(tmp_path / "array.mat", {"layers": array})
    normalization = {"normalization": {"averageImage": np.array([1.0, 2.0, 3.0])}}
    scipy.io.savemat(tmp_path / "net.mat", {"net": {"layers": fake_vgg.cell(structs()), "meta": normalization}})
    for name in ("array.mat", "net.mat"):
        layers = matconvnet.read(tmp_path / name).layers
        np.testing.assert_array_equal(layers["conv2_2"].kernel, fake_vgg.layers()["conv2_2"][0])
    np.testing.assert_array_equal(matconvnet.read(tmp_path / "net.mat").mean, [1, 2, 3])


@pytest.mark.parametrize("channels", [(1, 1, 1, 1, 1), (2, 1, 3, 1, 1)])
def test_trailing_dimensions_of_one_that_matlab_drops(tmp_path, channels):
    made = fake_vgg.layers(channels=channels)
    dropped = []
    for name, (kernel, bias) in made.items():
        shape = list(kernel.shape)
        while len(shape) > 2 and shape[-1] == 1:
            shape.pop()
        dropped.append(fake_vgg.conv_struct(name, kernel.reshape(shape), bias))
    layers = matconvnet.read(save(tmp_path / "a.mat", dropped)).layers
    assert {name: layer.kernel.shape for name, layer in layers.items()} == {
        name: kernel.shape for name, (kernel, _) in made.items()
    }


def test_doubles_and_whole_numbers_become_float32(tmp_path):
    kernel = fake_vgg.layers()["conv1_1"][0]
    path = save(tmp_path / "a.mat", structs({"conv1_1": (kernel.astype(np.float64), np.array([1, 2, 3, 4], np.int16))}))
    layer = matconvnet.read(path).layers["conv1_1"]
    np.testing.assert_array_equal(layer.kernel, kernel, strict=True)
    np.testing.assert_array_equal(layer.bias, np.float32([1, 2, 3, 4]), strict=True)


@pytest.mark.parametrize(
    ("average", "mean"),
    [
        (np.float32([129.5, 104.5, 93.5]).reshape(1, 1, 3), (129.5, 104.5, 93.5)),
        (np.array([[1.0], [2.0], [3.0]]), (1, 2, 3)),
        (np.broadcast_to(np.float32(MEAN_COLOUR), (224, 224, 3)), MEAN_COLOUR),
        (np.stack([np.full((2, 4), 10.0), np.arange(8.0).reshape(2, 4), np.zeros((2, 4))], -1), (10, 3.5, 0)),
        (np.zeros((0, 0)), MEAN_COLOUR),
        (np.array([1.0, np.nan, 2.0]), MEAN_COLOUR),
        (np.full((2, 3), 1e308), MEAN_COLOUR),
        (np.array([1.0, 2.0]), MEAN_COLOUR),
        ("grey", MEAN_COLOUR),
        (np.array([1j, 2, 3]), MEAN_COLOUR),
    ],
)
def test_the_mean_colour(tmp_path, average, mean):
    normalization = {"imageSize": 224.0, "averageImage": average, "border": 0.0}
    new = save(tmp_path / "new.mat", structs(), meta={"normalization": normalization})
    old = save(tmp_path / "old.mat", structs(), normalization=normalization)
    for path in (new, old):
        np.testing.assert_array_equal(matconvnet.read(path).mean, np.float32(mean), strict=True)


@pytest.mark.parametrize(
    "meta", [None, 5.0, "text", {"other": 1.0}, {"normalization": 3.0}, {"normalization": {"x": 1.0}}]
)
def test_without_a_mean_colour_it_is_imagenets(tmp_path, meta):
    path = save(tmp_path / "a.mat", structs(), **({} if meta is None else {"meta": meta}))
    np.testing.assert_array_equal(matconvnet.read(path).mean, np.float32(MEAN_COLOUR))


@pytest.mark.skipif(not REFERENCE.is_file(), reason=f"{REFERENCE} is not there")
def test_the_slim_reference_network():
    network = matconvnet.read(REFERENCE)
    assert network.name == "narrow VGG-19 to conv5_1 (16 to 128 channels)"
    structs = scipy.io.loadmat(REFERENCE)["layers"][0]
    expected = {
        str(item["name"][0, 0][0]): item["weights"][0, 0][0] for item in structs if "conv" in item["name"][0, 0][0]
    }
    assert list(network.layers) == list(expected)
    for name, (kernel, bias) in network.layers.items():
        np.testing.assert_array_equal(kernel, expected[name][0])
        np.testing.assert_array_equal(bias, expected[name][1][:, 0])
    np.testing.assert_array_equal(network.mean, np.float32(MEAN_COLOUR))


# ---- what is refused


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (np.array(5.0), "has no layer conv1_1 (it has none of VGG's names)"),
        ("conv1_1", "has no layer conv1_1"),
        (np.empty((0, 0), object), "has no layer conv1_1"),
        (fake_vgg.cell([1.0, "x"]), "has no layer conv1_1"),
        ({"name": "conv1_1"}, "conv1_1 has no kernel and bias of numbers"),
        (fake_vgg.cell([{"name": "conv1", "type": "conv"}]), "has no layer conv1_1"),
    ],
)
def test_layers_of_odd_types(tmp_path, layers, sentence):
    assert sentence in refusal(save(tmp_path / "a.mat", layers=layers))


def test_a_mat_file_without_layers(tmp_path):
    assert "contains no 'layers'" in refusal(save(tmp_path / "a.mat", x=np.zeros(3), meta={"a": 1.0}))
    assert "contains no 'layers'" in refusal(save(tmp_path / "a.mat", net=5.0))


def with_one(array, value):
    """A copy whose last number is another."""
    copy = array.copy()
    copy.flat[-1] = value
    return copy


KERNEL, BIAS = fake_vgg.layers()["conv2_1"]  # [3, 3, 4, 6]


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        ((KERNEL[:2], BIAS), "conv2_1 has a kernel of shape (2, 3, 4, 6) and 6 biases"),
        ((KERNEL[:, :2], BIAS), "conv2_1 has a kernel of shape (3, 2, 4, 6)"),
        ((KERNEL, BIAS[:5]), "and 5 biases"),
        ((KERNEL[..., :0], BIAS[:0]), "conv2_1 has a kernel of shape (3, 3, 4, 0) and 0 biases"),
        ((KERNEL, np.zeros(0)), "and 0 biases"),
        ((KERNEL[..., np.newaxis] * np.ones(2), BIAS), "conv2_1 has a kernel of shape (3, 3, 4, 6, 2)"),
        ((KERNEL[:, :, :3], BIAS), "conv2_1 takes 3 channels, but conv1_2 gives 4"),
        ((KERNEL.transpose(0, 1, 3, 2), BIAS[:4]), "conv2_1 takes 6 channels, but conv1_2 gives 4"),
        ((KERNEL[..., :5], BIAS[:5]), "conv2_2 takes 6 channels, but conv2_1 gives 5"),
        ((np.where(KERNEL.max() > KERNEL, KERNEL, np.nan), BIAS), "the kernels of conv2_1 have a value of nan"),
        ((KERNEL, np.where(BIAS.max() > BIAS, BIAS, -np.inf)), "the biases of conv2_1 have a value of inf"),
        ((KERNEL.astype(np.float64) * 1e300, BIAS), "the kernels of conv2_1 have a value of inf"),
        ((with_one(KERNEL, -700.0), BIAS), "the kernels of conv2_1 have a value of 700, which no VGG has: the file is"),
        ((KERNEL, with_one(BIAS, 1e5)), "the biases of conv2_1 have a value of 100000, which no VGG has: the file is"),
        ((KERNEL * 1j, BIAS), "conv2_1 has no kernel and bias of numbers"),
        ((KERNEL, BIAS * 1j), "conv2_1 has no kernel and bias of numbers"),
        ((KERNEL, np.array(["abcdef"])), "conv2_1 has no kernel and bias of numbers"),
        ((np.array(["abcdef"]), BIAS), "conv2_1 has no kernel and bias of numbers"),
        (None, "conv2_2 cannot follow conv1_2 in a VGG: a layer is missing"),
    ],
)
def test_a_layer_that_is_not_right(tmp_path, pair, sentence):
    assert sentence in refusal(save(tmp_path / "a.mat", structs({"conv2_1": pair})))


def test_the_first_layer_takes_a_picture(tmp_path):
    kernel, bias = fake_vgg.layers()["conv1_1"]
    path = save(tmp_path / "a.mat", structs({"conv1_1": (kernel[:, :, :1], bias)}))
    assert "conv1_1 takes 1 channels, but a picture gives 3" in refusal(path)


@pytest.mark.parametrize("missing", ["conv1_2", "conv2_1", "conv3_2", "conv3_3", "conv3_4", "conv4_1", "conv4_3"])
def test_a_layer_in_the_middle_is_missing(tmp_path, missing):
    """All widths are the same, so that nothing but the names can tell."""
    path = save(tmp_path / "a.mat", structs({missing: None}, blocks=fake_vgg.VGG19, channels=(3, 3, 3, 3, 3)))
    assert "cannot follow" in refusal(path)
    assert "a layer is missing" in refusal(path)


def test_the_first_layer_is_missing(tmp_path):
    assert "has no layer conv1_1 (it has conv1_2, conv2_1" in refusal(
        save(tmp_path / "a.mat", structs({"conv1_1": None}))
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layer_without_a_bias(tmp_path, layout):
    made = structs()
    made[3] = fake_vgg.conv_struct("conv2_2", *fake_vgg.layers()["conv2_2"], layout)
    if layout == "beta8":
        del made[3]["biases"]
    else:
        made[3]["weights"] = made[3]["weights"][:, :1]
    assert "conv2_2 has no kernel and bias of numbers" in refusal(save(tmp_path / "a.mat", made))


# ---- what is written


def test_what_is_written_reads_back_the_same(tmp_path):
    network = Network("", fake_vgg.network().layers, np.float32([1.1, 2.2, 3.3]))
    for compress in (True, False):
        matconvnet.write(tmp_path / "a.mat", network, compress=compress)
        again = matconvnet.read(tmp_path / "a.mat")
        assert list(again.layers) == list(network.layers)
        for name in network.layers:
            np.testing.assert_array_equal(again.layers[name].kernel, network.layers[name].kernel, strict=True)
            np.testing.assert_array_equal(again.layers[name].bias, network.layers[name].bias, strict=True)
        np.testing.assert_array_equal(again.mean, network.mean, strict=True)


def test_what_is_written_reads_in_the_assignments_way(tmp_path):
    network = fake_vgg.network(blocks=fake_vgg.VGG19)
    matconvnet.write(tmp_path / "a.mat", network)
    content = scipy.io.loadmat(tmp_path / "a.mat")
    layers = content["layers"]
    names = [str(layers[0][index][0][0][0][0]) for index in range(layers.shape[1])]
    published = {"conv1_1": 0, "conv1_2": 2, "conv2_1": 5, "conv2_2": 7, "conv3_1": 10, "conv3_4": 16, "conv4_1": 19,
                 "conv4_4": 25, "conv5_1": 28, "conv5_4": 34, "pool1": 4, "pool5": 36, "relu1_1": 1}  # fmt: skip
    assert {name: names.index(name) for name in published} == published
    assert len(names) == 37
    for index, name in enumerate(names):
        record = layers[0][index][0][0]
        assert record.dtype.names[:2] == ("name", "type")
        assert str(record["type"][0]) == name.rstrip("0123456789_")
        if name in network.layers:
            assert record.dtype.names == ("name", "type", "weights", "size", "pad", "stride")
            kernel, bias = record[2][0]
            np.testing.assert_array_equal(kernel, network.layers[name].kernel, strict=True)
            np.testing.assert_array_equal(bias, network.layers[name].bias[:, np.newaxis], strict=True)
            assert tuple(record["size"][0]) == kernel.shape
    average = content["meta"][0][0]["normalization"][0][0]["averageImage"]
    np.testing.assert_array_equal(average, network.mean.astype(np.float64).reshape(1, 1, 3), strict=True)


def test_a_folder_that_is_not_there_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="cannot write"):
        matconvnet.write(tmp_path / "nowhere" / "a.mat", fake_vgg.network())
    assert list(tmp_path.iterdir()) == []


# ---- kernels of 8 bits


@pytest.mark.parametrize("kind", ["VGG-19", "VGG-16"])
def test_kernels_of_8_bits_are_told_by_their_values(kind):
    rng = np.random.default_rng(0)
    layers, channels = {}, 3
    for name in weights_network.NAMES[kind]:
        width = min(64 * 2 ** (int(name[4]) - 1), 512)
        kernel = np.zeros((3, 3, channels, width), np.float32)
        kernel.ravel()[:4096] = rng.normal(size=kernel.size)[:4096]
        layers[name] = Layer(kernel, np.zeros(width, np.float32))
        channels = width
    assert weights_network.published_name(layers) == kind
    packed = {name: Layer(np.round(layer.kernel * 20), layer.bias) for name, layer in layers.items()}
    assert weights_network.published_name(packed) == f"{kind} (kernels of 8 bits)"
    one_whole = {**packed, "conv4_2": layers["conv4_2"]}
    assert weights_network.published_name(one_whole) == kind
    del packed["conv5_3"]
    assert "8 bits" not in weights_network.published_name(packed), "a part of VGG-19 is named by its width"
