import numpy as np
import pytest

from nst.config import TransferConfig
from nst.engine import architecture
from tests.support import fake_vgg


def test_names_have_a_pooling_between_blocks():
    names = architecture.names(fake_vgg.network(blocks=fake_vgg.VGG16))
    assert names[:6] == ["conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2"]
    assert names[-3:] == ["conv5_1", "conv5_2", "conv5_3"]
    assert len(names) == 13 + 4


def test_a_layer_that_is_not_there_is_named():
    network = fake_vgg.network(blocks=fake_vgg.VGG16)
    with pytest.raises(ValueError, match=r"no layer conv3_4; it has conv1_1, conv1_2, pool1"):
        architecture.up_to_deepest(network, ["conv3_4"])
    assert architecture.up_to_deepest(network, ["conv2_1", "conv1_2"]) == ["conv1_1", "conv1_2", "pool1", "conv2_1"]


def test_vgg16_has_its_own_layers_and_not_those_of_vgg19():
    network = fake_vgg.network(blocks=fake_vgg.VGG16)
    config = TransferConfig.from_preset("coursera", model="vgg16")
    architecture.check(network, config, {"content picture": (16, 16, 3)})
    assert architecture.up_to_deepest(network, architecture.wanted(config)) == architecture.names(network)
    with pytest.raises(ValueError, match=r"the content picture of 40×15 pixels is too small: conv5_3 needs 16"):
        architecture.check(network, config, {"content picture": (15, 40, 3)})
    for missing in ("conv3_4", "block3_conv4"):
        lacking = TransferConfig(style_layers={missing: 1})
        with pytest.raises(ValueError, match=r"^tiny has no layer conv3_4; it has .*conv3_3, pool3, conv4_1"):
            architecture.check(network, lacking, {"content picture": (64, 64, 3)})


def test_check_refuses_small_pictures_and_says_which():
    network = fake_vgg.network()
    architecture.check(network, TransferConfig(), {"content picture": (16, 16, 3)})
    with pytest.raises(ValueError, match=r"the style picture of 40×15 pixels is too small: conv5_1 needs 16"):
        architecture.check(network, TransferConfig(), {"content picture": (16, 16, 3), "style picture": (15, 40, 3)})
    shallow = TransferConfig(content_layers=(("conv2_1", 1.0),), style_layers=(("conv1_1", 1.0),))
    architecture.check(network, shallow, {"content picture": (2, 2, 3)})
    with pytest.raises(ValueError, match="no layer conv5_4"):
        architecture.check(network, TransferConfig(style_layers=(("conv5_4", 1.0),)), {"content picture": (64, 64, 3)})


def test_fewer_sizes_are_advised_to_those_only_who_have_several():
    network = fake_vgg.network()
    for scales, advised in ((1, False), (2, True)):
        with pytest.raises(ValueError, match=r"a larger image size, .*or shallower layers$") as raised:
            architecture.check(network, TransferConfig(scales=scales), {"content picture": (15, 40, 3)})
        assert ("fewer sizes" in str(raised.value)) == advised


def test_a_step_of_vgg19_at_400_by_300_takes_173_gflop():
    class Layer:
        def __init__(self, inputs, outputs):
            self.kernel = np.broadcast_to(np.float32(0), (3, 3, inputs, outputs))

    widths = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}
    table, inputs = {}, 3
    for block, count in enumerate((2, 2, 4, 4, 1), start=1):
        for index in range(1, count + 1):
            table[f"conv{block}_{index}"] = Layer(inputs, widths[block])
            inputs = widths[block]
    network = type("Network", (), {"layers": table, "name": "VGG-19"})
    assert architecture.step_flops(network, 300, 400, ["conv5_1"]) / 1e9 == pytest.approx(173, rel=0.01)
