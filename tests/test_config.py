import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest

from nst.config import MODEL_LAYERS, PRESETS, THEMES, TransferConfig, settings
from nst.utils.fields import format_layers, parse, parse_layers, parse_weights, written


def test_the_defaults_are_the_assignments():
    config = TransferConfig()
    assert (config.epochs, config.print_every, config.learning_rate) == (200, 20, 2.0)
    assert (config.alpha, config.beta, config.noise_ratio, config.tv_weight) == (10, 40, 0.6, 0)
    assert config.content_layers == (("conv4_2", 1.0),)
    assert config.style_layers == tuple((f"conv{block}_1", 0.2) for block in range(1, 6))
    assert (config.image_size, config.init, config.pooling) == (400, "blend", "avg")
    assert (config.scales, config.tile_size, config.padding) == (1, 0, "zeros")


def test_layers_are_parsed_and_formatted():
    assert parse_layers("conv1_1=0.2, conv2_1=3") == (("conv1_1", 0.2), ("conv2_1", 3.0))
    assert parse_layers("conv1_1,conv2_1,conv3_1,conv4_1") == tuple((f"conv{b}_1", 0.25) for b in range(1, 5))
    layers = TransferConfig().style_layers
    assert parse_layers(format_layers(layers)) == layers


def test_formatted_layers_are_exact_and_short():
    assert format_layers((("conv1_1", 0.2), ("conv2_1", 1.0), ("conv3_1", 10.0))) == "conv1_1=0.2,conv2_1=1,conv3_1=10"
    layers = TransferConfig(style_layers=parse_layers("conv1_1,conv2_1,conv3_1")).style_layers
    assert layers[0][1] == 1 / 3
    assert parse_layers(format_layers(layers)) == layers
    extremes = (("conv1_1", 1e30), ("conv2_1", 1.5e-300), ("conv3_1", 0.1 + 0.2))
    assert parse_layers(format_layers(extremes)) == extremes


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
        {"scales": 0},
        {"scales": 9},
        {"scales": 2.0},
        {"tile_size": -1},
        {"tile_size": 64.0},
        {"padding": "reflect"},
        {"padding": 0},
        {"noise_ratio": 1.01},
        {"seed": -1},
        {"seed": 2**32},
        {"init": ""},
        {"init": 5},
        {"init": None},
        {"init": Path("me.png")},
        {"pooling": 5},
        {"pooling": ["avg"]},
        {"epochs": 3.0},
        {"epochs": "3"},
        {"epochs": np.float64(3)},
        {"epochs": np.bool_(True)},
        {"alpha": "3"},
        {"alpha": None},
        {"alpha": 1j},
        {"beta": True},
        {"beta": np.bool_(True)},
        {"alpha": 1e300},
        {"beta": 1e31},
        {"tv_weight": np.float64(1e31)},
        {"learning_rate": 1e31},
        {"learning_rate": 10**400},
        {"learning_rate": -(10**400)},
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
        {"content_layers": (("conv4_2", 1e31),)},
        {"content_layers": (("conv4_2", True),)},
        {"content_layers": (("conv4_2", "1"),)},
        {"content_layers": ("conv4_2",)},
        {"content_layers": ("c1",)},
        {"content_layers": (("conv4_2", 1.0, 2.0),)},
        {"content_layers": "conv4_2"},
        {"content_layers": None},
        {"content_layers": {}},
        {"content_layers": 5},
        {"style_layers": ((5, 1),)},
        {"style_layers": (5,)},
        {"style_weights": "1,2"},
        {"style_weights": (1, -1)},
        {"style_weights": (0, 0.0)},
        {"style_weights": (True,)},
        {"style_weights": (1, float("nan"))},
        {"style_scale": 0},
        {"style_scale": 17},
        {"preserve_color": "hue"},
        {"video_layout": "above"},
        {"contact_sheet": 1},
        {"contact_sheet": "yes"},
        {"picture_16bit": "jpg"},
    ],
)
def test_a_value_out_of_range_names_its_setting(values):
    with pytest.raises(ValueError, match="|".join(values)):
        TransferConfig(**values)


def test_numbers_beyond_float32_are_one_sentence():
    with pytest.raises(
        ValueError, match=r"^alpha is 1e\+300: it must not be above 1e\+30, or 32-bit numbers overflow$"
    ):
        TransferConfig(alpha=1e300)
    layers = (("conv4_2", 1e30),)
    most = TransferConfig(alpha=1e30, beta=1e30, tv_weight=1e30, learning_rate=1e30, content_layers=layers)
    assert np.isfinite(np.float32([most.alpha, most.beta, most.tv_weight, most.learning_rate])).all()


@pytest.mark.parametrize("size", [1, 5, 31])
def test_a_tile_that_is_too_small(size):
    with pytest.raises(ValueError, match=rf"^tile_size is {size}: it must be 0, or 32 or more$"):
        TransferConfig(tile_size=size)


@pytest.mark.parametrize("size", [0, 32, 4096])
def test_a_tile_that_is_large_enough(size):
    assert TransferConfig(tile_size=np.int64(size)).tile_size == size


@pytest.mark.parametrize(
    ("scales", "epochs", "sentence"),
    [
        (4, 3, "scales is 4: there are only 3 epochs; each size needs one"),
        (2, 1, "scales is 2: there is only 1 epoch; each size needs one"),
    ],
)
def test_each_size_needs_an_epoch(scales, epochs, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        TransferConfig(scales=scales, epochs=epochs)
    assert TransferConfig(scales=scales, epochs=scales).scales == scales


def test_the_presets_are_there_in_their_order():
    assert list(PRESETS) == ["coursera", "fast", "quality"]
    assert all(preset.about and "\n" not in preset.about for preset in PRESETS.values())


def test_the_first_preset_is_the_defaults():
    assert TransferConfig.from_preset(next(iter(PRESETS))) == TransferConfig()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_valid_and_says_only_what_differs(name):
    own, usual = TransferConfig.from_preset(name), TransferConfig()
    differing = {
        field.name for field in dataclasses.fields(own) if getattr(own, field.name) != getattr(usual, field.name)
    }
    assert differing == set(PRESETS[name].settings)
    assert own == TransferConfig(**PRESETS[name].settings)


@pytest.mark.parametrize("name", PRESETS)
def test_changes_win_over_a_preset(name):
    assert TransferConfig.from_preset(name, **TransferConfig().to_json()) == TransferConfig()
    changed = TransferConfig.from_preset(name, tv_weight=7)
    assert changed.tv_weight == 7
    assert dataclasses.replace(changed, tv_weight=0) == TransferConfig.from_preset(name)
    with pytest.raises(ValueError, match="epochs is 0"):
        TransferConfig.from_preset(name, epochs=0)


@pytest.mark.parametrize("name", ["slow", "", "Fast", None, ["fast"]])
def test_an_unknown_preset_is_an_error_that_names_the_known_ones(name):
    with pytest.raises(ValueError, match=f"^preset is {re.escape(repr(name))}: use coursera, fast or quality$"):
        TransferConfig.from_preset(name)


@pytest.mark.parametrize("name", PRESETS)
def test_vgg16_has_its_own_layers_in_every_preset(name):
    config, usual = TransferConfig.from_preset(name, model="vgg16"), TransferConfig.from_preset(name)
    assert config.content_layers == (("conv2_2", 1.0),)
    style = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")
    assert config.style_layers == tuple((layer, 0.2) for layer in style)
    back = {"content_layers": usual.content_layers, "style_layers": usual.style_layers}
    assert dataclasses.replace(config, **back) == usual, "nothing but the layers differs"
    assert TransferConfig.from_preset(name, model="vgg16", **back) == usual, "what is given by hand wins"
    changes = {"tv_weight": 3, "style_layers": {"conv1_1": 1}}
    assert TransferConfig.from_preset(name, model="vgg16", **changes) == dataclasses.replace(config, **changes)


@pytest.mark.parametrize("model", ["", "auto", "vgg19", "preview", "vgg16.mat", "imagenet-vgg-verydeep-16.mat"])
def test_other_models_and_paths_have_none(model):
    assert TransferConfig.from_preset("fast", model=model) == TransferConfig.from_preset("fast")
    assert settings("fast", model) == settings("fast")


def test_the_settings_of_a_model_have_its_layers():
    assert list(MODEL_LAYERS) == ["vgg16"]
    for preset in (None, *PRESETS):
        differing = {own.name: own.default for own in settings(preset, "vgg16") if own not in settings(preset)}
        assert differing == {
            "content_layers": "conv2_2=1",
            "style_layers": "conv1_2=0.2,conv2_2=0.2,conv3_3=0.2,conv4_3=0.2,conv5_3=0.2",
        }


def test_numbers_become_plain_ones():
    config = TransferConfig(
        epochs=np.int64(7), seed=np.uint32(9), alpha=10, beta=np.float32(0.5), tv_weight=np.int16(2), learning_rate=1
    )
    for name, value in {"epochs": 7, "seed": 9}.items():
        assert type(getattr(config, name)) is int
        assert getattr(config, name) == value
    for name, value in {"alpha": 10.0, "beta": 0.5, "tv_weight": 2.0, "learning_rate": 1.0}.items():
        assert type(getattr(config, name)) is float
        assert getattr(config, name) == value
    assert TransferConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    "layers",
    [
        {"conv1_1": 1, "conv2_1": 0.5},
        [("conv1_1", 1), ("conv2_1", 0.5)],
        [["conv1_1", 1.0], ["conv2_1", np.float32(0.5)]],
        (("conv1_1", np.int64(1)), ["conv2_1", np.float64(0.5)]),
    ],
)
def test_layers_become_pairs_of_a_name_and_a_float(layers):
    config = TransferConfig(style_layers=layers)
    assert config.style_layers == (("conv1_1", 1.0), ("conv2_1", 0.5))
    assert isinstance(hash(config), int)
    assert [type(weight) for _, weight in config.style_layers] == [float, float]
    assert TransferConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert TransferConfig.from_json({"style_layers": layers}) == config


KERAS = {"block1_conv1": "conv1_1", "block4_conv2": "conv4_2", "block5_conv4": "conv5_4", "block2_pool": "pool2"}


@pytest.mark.parametrize(("keras", "ours"), KERAS.items())
def test_keras_names_become_ours(keras, ours):
    assert parse_layers(f"{keras}=0.5, conv3_3=1") == ((ours, 0.5), ("conv3_3", 1.0))
    assert parse_layers(f"conv3_3,{keras}") == (("conv3_3", 0.5), (ours, 0.5))
    for layers in ({keras: 2}, [(keras, 2)], ((keras, 2.0),), [[keras, np.float32(2)]], parse_layers(f"{keras}=2")):
        for config in (TransferConfig(content_layers=layers), TransferConfig.from_json({"content_layers": layers})):
            assert config.content_layers == ((ours, 2.0),)
            assert config.to_json()["content_layers"] == {ours: 2.0}


@pytest.mark.parametrize(
    "layers",
    [
        {"conv4_2": 0.5, "block4_conv2": 0.5},
        [("block4_conv2", 0.5), ("block4_conv2", 0.5)],
        parse_layers("block4_conv2,conv1_1,conv4_2"),
    ],
)
def test_a_layer_named_twice_in_two_ways(layers):
    with pytest.raises(ValueError, match=r"^style_layers: conv4_2 is named twice$"):
        TransferConfig(style_layers=layers)


@pytest.mark.parametrize(
    "name",
    [
        *("block6_conv1", "block1_conv5", "block0_conv1", "block5_pool", "pool5", "conv6_1", "block1_conv12"),
        *("Block1_conv1", "block1", "block_conv1", "xblock1_conv1", "block1_pool1", "block4_conv2_relu"),
    ],
)
def test_an_unknown_layer_is_named_as_it_was_given(name):
    sentence = (
        f"content_layers: there is no layer {name!r}; layers are called conv1_1 … conv5_4, pool1 … pool4, or as in "
        "Keras block1_conv1, block1_pool"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        TransferConfig(content_layers=((name, 1.0),))
    with pytest.raises(ValueError, match=f"there is no layer '{re.escape(name)}'"):
        TransferConfig(content_layers=parse_layers(name))


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
    assert {setting.theme for setting in settings()} == {*THEMES[1:]}, "each has one of the themes"


@pytest.mark.parametrize("name", PRESETS)
def test_the_settings_of_a_preset_have_its_defaults(name):
    own = {setting.name: setting.default for setting in settings(name)}
    kinds = {setting.name: setting.kind for setting in settings()}
    assert {setting for setting, kind in kinds.items() if kind == "layers"} == {"content_layers", "style_layers"}
    values = {setting: parse(kinds[setting], value) for setting, value in own.items()}
    assert TransferConfig(**values) == TransferConfig.from_preset(name)
    with pytest.raises(ValueError, match="preset is 'slow'"):
        settings("slow")


@pytest.mark.parametrize(("epochs", "stride"), [(1, 1), (200, 1), (299, 1), (400, 2), (2000, 10)])
def test_a_video_has_about_200_frames(epochs, stride):
    assert TransferConfig(epochs=epochs).video_stride == stride
    assert TransferConfig(epochs=epochs, video_every=3).video_stride == 3


def test_weights_are_parsed_written_and_kept():
    assert parse_weights("") == ()
    assert parse_weights("1, 0.5,") == (1.0, 0.5)
    assert written((1.0, 0.1 + 0.2)) == "1,0.30000000000000004"
    assert written(()) == ""
    assert (written(True), written(False), written(3), written("avg")) == ("true", "false", "3", "avg")
    with pytest.raises(ValueError, match="'x' is not a number"):
        parse_weights("1,x")
    config = TransferConfig(style_weights=[np.float32(1), 3])
    assert config.style_weights == (1.0, 3.0)
    assert TransferConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("preset", "changes", "reason"),
    [
        ("fast", {"learning_rate": 3.0}, "L-BFGS finds"),
        ("quality", {"seed": 3}, "no noise"),
        ("fast", {"noise_ratio": 0.5}, "only the start called blend"),
        ("coursera", {"metric": "spectral"}, "only L-BFGS"),
        ("coursera", {"init": "noise", "noise_ratio": 0.5}, "only the start called blend"),
        ("coursera", {"noise_ratio": 0, "seed": 1}, "no noise"),
        ("coursera", {"alpha": 0, "content_layers": {"conv3_1": 1}}, "alpha is 0"),
        ("coursera", {"beta": 0, "style_layers": {"conv3_1": 1}}, "beta is 0"),
        ("coursera", {"beta": 0, "style_weights": (1, 2)}, "beta is 0"),
        ("coursera", {"beta": 0, "style_scale": 2}, "beta is 0"),
        ("coursera", {"video": "none", "video_every": 2}, "no video"),
        ("coursera", {"video": "none", "video_fps": 5}, "no video"),
        ("coursera", {"video": "none", "video_layout": "side_by_side"}, "no video"),
    ],
)
def test_a_change_without_effect_is_an_error(preset, changes, reason):
    name = list(changes)[-1]
    with pytest.raises(ValueError, match=f"{name} has no effect: .*{reason}"):
        TransferConfig.from_preset(preset, **changes)
    # The default's own value is no mistake: a flagfile gives every flag.
    TransferConfig.from_preset(preset, **{**changes, name: getattr(TransferConfig(), name)})


def test_changed_settings_are_checked_as_new_ones_are():
    config = TransferConfig(init="content", seed=3)
    assert config.changed(epochs=5) == TransferConfig(init="content", seed=3, epochs=5)
    with pytest.raises(ValueError, match="noise_ratio has no effect"):
        config.changed(noise_ratio=0.2)
    with pytest.raises(ValueError, match="epochs is 0"):
        config.changed(epochs=0)
