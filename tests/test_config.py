import dataclasses

import pytest

from nst.config import TransferConfig, format_layers, parse_layers, settings


def test_the_defaults_are_the_assignments():
    config = TransferConfig()
    assert (config.epochs, config.print_every, config.learning_rate) == (200, 20, 2.0)
    assert (config.alpha, config.beta, config.noise_ratio, config.tv_weight) == (10, 40, 0.6, 0)
    assert config.content_layers == (("conv4_2", 1.0),)
    assert config.style_layers == tuple((f"conv{block}_1", 0.2) for block in range(1, 6))
    assert (config.image_size, config.init, config.pooling) == (400, "blend", "avg")


def test_layers_are_parsed_and_formatted():
    assert parse_layers("conv1_1=0.2, conv2_1=3") == (("conv1_1", 0.2), ("conv2_1", 3.0))
    assert parse_layers("conv1_1,conv2_1,conv3_1,conv4_1") == tuple((f"conv{b}_1", 0.25) for b in range(1, 5))
    layers = TransferConfig().style_layers
    assert parse_layers(format_layers(layers)) == layers


@pytest.mark.parametrize(
    ("text", "word"), [("", "no layer"), ("conv1_1=x", "not a number"), ("conv1_1=1,conv2_1", "no weight")]
)
def test_layers_that_cannot_be_parsed(text, word):
    with pytest.raises(ValueError, match=word):
        parse_layers(text)


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"epochs": 2.5},
        {"epochs": True},
        {"print_every": 0},
        {"print_every": -20},
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"alpha": -1},
        {"beta": float("inf")},
        {"alpha": 0, "beta": 0},
        {"tv_weight": -0.1},
        {"image_size": -1},
        {"noise_ratio": 1.01},
        {"seed": -1},
        {"seed": 2**32},
        {"init": ""},
        {"pooling": "median"},
        {"video": "avi"},
        {"video_fps": 0},
        {"video_every": -1},
        {"style_layers": ()},
        {"style_layers": (("conv9_9", 1.0),)},
        {"style_layers": (("pool5", 1.0),)},
        {"style_layers": (("conv1_1", -1.0),)},
        {"style_layers": (("conv1_1", 0.0), ("conv2_1", 0.0))},
        {"style_layers": (("conv1_1", 0.5), ("conv1_1", 0.5))},
        {"content_layers": (("conv4_2", float("nan")),)},
    ],
)
def test_a_value_out_of_range_names_its_setting(values):
    with pytest.raises(ValueError, match="|".join(values)):
        TransferConfig(**values)


def test_json_both_ways():
    config = TransferConfig(epochs=7, style_layers=(("conv2_1", 0.7), ("conv1_1", 0.1)), init="me.png", seed=5)
    values = config.to_json()
    assert values["style_layers"] == {"conv2_1": 0.7, "conv1_1": 0.1}
    assert TransferConfig.from_json(values) == config
    assert TransferConfig.from_json({"epochs": 3}) == TransferConfig(epochs=3)
    with pytest.raises(ValueError, match="epoch_count"):
        TransferConfig.from_json({"epoch_count": 3})


def test_every_field_is_a_setting_with_help():
    assert [setting.name for setting in settings()] == [field.name for field in dataclasses.fields(TransferConfig)]
    assert all(setting.help for setting in settings())


@pytest.mark.parametrize(("epochs", "stride"), [(1, 1), (200, 1), (299, 1), (400, 2), (2000, 10)])
def test_a_video_has_about_200_frames(epochs, stride):
    assert TransferConfig(epochs=epochs).video_stride == stride
    assert TransferConfig(epochs=epochs, video_every=3).video_stride == 3
