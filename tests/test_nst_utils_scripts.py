"""Whole scripts of the assignment, run as they are in processes of their own, compared with the engine."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nst.config import TransferConfig
from nst.images import reader, writer
from tests.support import fake_vgg
from tests.support.assignment import engine_steps, in_a_process, picture

SCRIPTS = Path(__file__).resolve().parent / "assignment"


@pytest.fixture
def folder(tmp_path):
    """A folder as the assignment's: a network, the two pictures, a place for the output."""
    for name in ("pretrained-model", "images", "output"):
        (tmp_path / name).mkdir()
    fake_vgg.write(tmp_path / "pretrained-model/imagenet-vgg-verydeep-19.mat", blocks=fake_vgg.VGG19, dense=True)
    writer.write(tmp_path / "images/louvre_small.jpg", picture(300, 400, 1))
    writer.write(tmp_path / "images/monet.jpg", picture(300, 400, 2))
    return tmp_path


def printed_costs(text):
    """`{iteration: [total, content, style]}`."""
    found = {}
    for part in re.split(r"^Iteration ", text, flags=re.MULTILINE)[1:]:
        costs = dict(re.findall(r"^(total|content|style) cost = (\S+)$", part, flags=re.MULTILINE))
        found[int(part.split()[0])] = [float(costs[name]) for name in ("total", "content", "style")]
    return found


def run_script(name, folder):
    output = in_a_process([SCRIPTS / name], folder)
    return output, printed_costs(output)


def engine_in(folder, rng, config, resize=lambda image: image):
    """What the engine makes of the folder's pictures, in this process: its steps, by epoch."""
    content, style = (resize(reader.read(folder / "images" / name)) for name in ("louvre_small.jpg", "monet.jpg"))
    network = folder / "pretrained-model/imagenet-vgg-verydeep-19.mat"
    return list(engine_steps(network, content, style, rng, config))


def resized(kind):
    return lambda image: np.array(Image.fromarray(image).resize((48, 36), kind))


def assert_alike(costs, steps, epochs):
    assert list(costs) == epochs
    for epoch in epochs:
        assert costs[epoch] == pytest.approx(steps[epoch].costs[:3], rel=1e-4)


def assert_same_picture(path, step, truncated=False):
    """Up to one level, where a value stands on the edge between two."""
    expected = np.clip(np.floor((step.image + step.mean)[0]), 0, 255) if truncated else step.picture
    assert np.abs(reader.read(path).astype(int) - expected).max() <= 1
    assert (reader.read(path) == expected).mean() > 0.99


@pytest.mark.slow
def test_notebook(folder):
    """TF1 as the notebook writes it, at the notebook's own size, with the student's functions."""
    output, costs = run_script("notebook.py", folder)
    assert "J_content of two random tensors = 6.76559" in output
    assert "J = 35.34667875478276" in output
    assert "'avgpool5'" in output
    rng = np.random.RandomState(3)
    rng.randn(2)  # which the notebook draws before its noise
    steps = engine_in(folder, rng, TransferConfig(epochs=21))
    assert_alike(costs, steps, [0, 20])
    assert steps[20].costs.total < 0.5 * steps[0].costs.total
    assert sorted(path.name for path in (folder / "output").iterdir()) == ["0.png", "20.png", "generated_image.jpg"]
    assert_same_picture(folder / "output/0.png", steps[0])
    assert_same_picture(folder / "output/20.png", steps[20])
    last = writer.encode(reader.read(folder / "output/20.png"), "jpg")
    assert (folder / "output/generated_image.jpg").read_bytes() == last


@pytest.mark.slow
def test_small_pictures(folder):
    """CONFIG changed before loading, and the functions of nst_utils."""
    output, costs = run_script("small_pictures.py", folder)
    config = TransferConfig(
        epochs=10,
        learning_rate=1.5,
        alpha=5.0,
        beta=100.0,
        noise_ratio=0.25,
        style_layers=(("conv1_1", 0.5), ("conv2_1", 0.3), ("conv4_1", 0.2)),
    )
    steps = engine_in(folder, np.random.RandomState(7), config, resized(Image.Resampling.BICUBIC))
    assert_alike(costs, steps, [4, 9])
    assert "steps made = 10" in output
    assert sorted(path.name for path in (folder / "output").iterdir()) == ["005.png", "010.png"]
    assert_same_picture(folder / "output/010.png", steps[9])


@pytest.mark.slow
def test_old_session(folder):
    """One star import, a `with` session, placeholders, and scipy.misc for all pictures."""
    _, costs = run_script("old_session.py", folder)
    config = TransferConfig(epochs=6, noise_ratio=0.4)
    steps = engine_in(folder, np.random.RandomState(0), config, resized(Image.Resampling.BILINEAR))
    assert_alike(costs, steps, list(range(6)))
    assert_same_picture(folder / "output/painted.png", steps[5], truncated=True)
    names = {path.name for path in (folder / "output").iterdir()}
    assert names >= {"painted.png", "figure.png", "picture.ckpt.index", "checkpoint"}
