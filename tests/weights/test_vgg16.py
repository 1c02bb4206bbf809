"""VGG-16 as a person uses it: by its name, with its own layers, from the published file's name."""

import json

import numpy as np
import pytest
from PIL import Image

from nst.config import MODEL_LAYERS, TransferConfig
from nst.images import writer
from tests.conftest import ROOT
from tests.support import fake_vgg

FILE = "imagenet-vgg-verydeep-16.mat"
STYLE = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")
TINY = ("--content_image_filename=content.png", "--style_image_filename=style.png", "--image_size=0", "--video=none")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two small pictures, and a narrow VGG-16 where the published file would lie."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "pretrained-model").mkdir()
    fake_vgg.write(folder / "pretrained-model" / FILE, "old", blocks=fake_vgg.VGG16, dense=True)
    rng = np.random.default_rng(0)
    writer.write(folder / "content.png", rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    writer.write(folder / "style.png", rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    return folder


def painted(folder):
    return np.asarray(Image.open(folder / "generated_image.png"))


@pytest.mark.slow
def test_it_paints_with_its_own_layers_and_flags_txt_repeats_it(command, place):
    done = command(*TINY, "--model=vgg16", "--epochs=3", "--seed=5", "--output_dir=first", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads((place / "first" / "config.json").read_text())
    assert document["network"]["name"].startswith("narrow VGG-16 to conv5_3")
    assert document["settings"]["content_layers"] == {"conv2_2": 1.0}
    assert document["settings"]["style_layers"] == dict.fromkeys(STYLE, 0.2)

    # The file names the network by its path, which brings no layers: they have to stand there themselves.
    repeat = place / "first" / "flags.txt"
    assert f"--model={place.resolve() / 'pretrained-model' / FILE}" in repeat.read_text().splitlines()
    (place / "another").mkdir()
    done = command(f"--flagfile={repeat}", "--output_dir=../second", cwd=place / "another")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((place / "second" / "config.json").read_text())["settings"] == document["settings"]
    np.testing.assert_array_equal(painted(place / "first"), painted(place / "second"))


@pytest.mark.slow
def test_layers_given_by_hand_win(command, place):
    """Under Keras' names, which `config.json` shows as ours; the style's layers stay the model's."""
    words = ("--content_layers=block4_conv2", "--epochs=1", "--output_dir=keras")
    done = command(*TINY, "--model=vgg16", *words, cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads((place / "keras" / "config.json").read_text())["settings"]
    assert found["content_layers"] == {"conv4_2": 1.0}
    assert found["style_layers"] == dict.fromkeys(STYLE, 0.2)
    assert "--content_layers=conv4_2=1" in (place / "keras" / "flags.txt").read_text().splitlines()


def test_the_model_and_the_preset_go_together(settings_of, tmp_path):
    assert settings_of("--model=vgg16") == TransferConfig(**MODEL_LAYERS["vgg16"])
    assert settings_of("--preset=fast", "--model=vgg16") == TransferConfig.from_preset("fast", **MODEL_LAYERS["vgg16"])
    # The default's own value, given by hand, is no longer the default.
    style = TransferConfig().style_layers
    by_hand = settings_of("--style_layers=block1_conv1,conv2_1,conv3_1,conv4_1,conv5_1", "--model=vgg16")
    assert by_hand == TransferConfig.from_preset("coursera", model="vgg16", style_layers=style)
    file = tmp_path / "flags.txt"
    file.write_text("--model=vgg16\n--seed=9\n")
    assert settings_of(f"--flagfile={file}") == TransferConfig.from_preset("coursera", model="vgg16", seed=9)
    # A path brings none, whatever it is called.
    assert settings_of(f"--model=pretrained-model/{FILE}") == TransferConfig()


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["--style_layers=conv3_4"], 1, "VGG-16 to conv5_3 (4 to 12 channels) has no layer conv3_4; it has conv1_1,"),
        (["--style_layers=block3_conv4"], 1, "has no layer conv3_4; it has conv1_1,"),
        (["--style_layers=block6_conv1"], 2, "there is no layer 'block6_conv1'; layers are called conv1_1 … conv5_4"),
        (["--style_layers=conv4_2,block4_conv2"], 2, "style_layers: conv4_2 is named twice"),
        (["--image_size=20"], 1, "the content picture of 20×15 pixels is too small: conv5_3 needs 16 on each side"),
    ],
)
def test_what_cannot_be_painted_is_one_line(command, place, words, status, sentence):
    done = command(*TINY, "--model=vgg16", *words, "--output_dir=never", cwd=place)
    assert done.returncode == status
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr
    assert not (place / "never").exists()


def test_vgg19_under_its_name_is_refused(command, place, tmp_path):
    (tmp_path / "pretrained-model").mkdir()
    fake_vgg.write(tmp_path / "pretrained-model" / FILE, blocks=fake_vgg.VGG19)
    for name in ("content.png", "style.png"):
        (tmp_path / name).write_bytes((place / name).read_bytes())
    done = command(*TINY, "--model=vgg16", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "contains narrow VGG-19 to conv5_4 (4 to 12 channels), not VGG-16" in done.stderr
    assert not (tmp_path / "output").exists()


def test_help_and_docs_show_its_layers(command, tmp_path):
    section = command("--help", cwd=tmp_path).stdout.partition("\n\nModels with layers of their own")[2]
    section = section.partition("\n\nPresets")[0]
    style = ",".join(f"{name}=0.2" for name in STYLE)
    assert section.split()[-3:] == ["vgg16", "--content_layers=conv2_2=1", f"--style_layers={style}"]
    page = (ROOT / "docs/networks.md").read_text().partition("\n## VGG-16\n")[2].partition("\n## ")[0]
    assert FILE in page
    assert f"content conv2_2, style {', '.join(STYLE)}" in " ".join(page.split())
