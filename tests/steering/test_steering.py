"""Steering by `stylize`: live, replayed, resumed, and as it is recorded."""

import io
import json
import threading

import numpy as np
import pytest

import nst
from nst import run
from nst.config import TransferConfig
from nst.images import writer
from nst.inputs import Callbacks, MaskInputs
from nst.output import checkpoint, metadata
from nst.steering import changes
from nst.steering.changes import Change, Steering
from tests.support import fake_vgg

EVERY = {"image_size": 0, "beta": 0.01, "video": "none"}
CONFIGS = {
    "adam": TransferConfig(epochs=8, **EVERY),
    "sizes": TransferConfig(epochs=8, scales=2, optimizer="lbfgs", metric="spectral", init="matched", **EVERY),
    "tiles": TransferConfig(epochs=8, optimizer="lbfgs", tile_size=48, style_distance="wasserstein", **EVERY),
}


@pytest.fixture(scope="module")
def network():
    return fake_vgg.network()


@pytest.fixture(scope="module")
def pictures():
    rows, columns = np.mgrid[0:80, 0:112]
    content = np.stack([3 * rows, 255 - 2 * columns, 128 + 80 * np.sin(rows / 5)], axis=-1).clip(0, 255)
    noise = np.random.default_rng(7).integers(0, 256, (2, 16, 24, 3), dtype=np.uint8).repeat(4, 1).repeat(4, 2)
    return content.astype(np.uint8), [noise[0], noise[1, :48]]


def left(width=112, height=80):
    mask = np.zeros((height, width, 3), np.uint8)
    mask[:, : width // 2] = 255
    return mask


MASKS = MaskInputs([left(), 255 - left()])
PLAN = [
    Change(epoch=1, strength=0.9),
    Change(epoch=3, masks=MASKS, style_weights=(1, 2)),
    Change(epoch=4, strength=0.3),
    Change(epoch=6, masks=MaskInputs(), style_weights=(1, 0)),
]


def assert_same(result, expected):
    np.testing.assert_array_equal(result.picture, expected.picture)
    assert [row[:5] for row in result.rows] == [row[:5] for row in expected.rows]


class Live:
    """Steers from the callback of the epoch before, as a page would."""

    def __init__(self, plan):
        self.steering, self.told = Steering(), []
        self._plan = {change.epoch - 1: change for change in plan}

    def step(self, step):
        if change := self._plan.get(step.epoch):
            for name in ("strength", "style_weights", "masks"):
                if (value := getattr(change, name)) is not None:
                    self.steering.change(**{name: value})

    def callbacks(self, **others):
        return Callbacks(on_step=self.step, on_steer=self.told.append, **others)


@pytest.fixture(scope="module")
def steered(tmp_path_factory, pictures, network):
    """A run of each config that was steered live, with its folder."""
    found = {}

    def paint(name):
        if name not in found:
            live, folder = Live(PLAN), tmp_path_factory.mktemp("steered")
            done = run.stylize(
                *pictures, folder, network, CONFIGS[name], steer=live.steering, callbacks=live.callbacks()
            )
            assert live.told == done.steering
            found[name] = done, folder
        return found[name]

    return paint


@pytest.mark.parametrize("name", CONFIGS)
def test_a_live_run_is_painted_again_bit_for_bit(name, steered, pictures, network):
    done, folder = steered(name)
    assert [change.epoch for change in done.steering] == [1, 3, 4, 6]
    assert not np.array_equal(done.picture, run.stylize(*pictures, None, network, CONFIGS[name]).picture)
    for steer in (done.steering, PLAN[::-1], changes.read(folder / "steering.json")):
        assert_same(run.stylize(*pictures, None, network, CONFIGS[name], steer=steer), done)


def test_the_painted_picture_and_the_folder_are_enough(steered, pictures, network):
    done, folder = steered("sizes")
    assert changes.read(folder / "generated_image.png") == done.steering == changes.read(folder / "steering.json")
    document = json.loads((folder / "config.json").read_text())
    assert [change["epoch"] for change in document["steering"]] == [1, 3, 4, 6]
    assert document["steering"][0] == {"epoch": 1, "strength": 0.9}
    assert [mask[:7] for mask in document["steering"][1]["content_masks"]] == ["sha256:"] * 2
    assert f"--steer={folder / 'steering.json'}\n" in (folder / "flags.txt").read_text()
    assert metadata.read(folder / "generated_image.png").config == CONFIGS["sizes"]


@pytest.mark.parametrize("name", ["adam", "sizes"])
@pytest.mark.parametrize("cut", [2, 3, 5])
def test_a_killed_run_repeats_its_changes(name, cut, steered, tmp_path, pictures, network, always_keep, killed):
    """Also those after its last checkpoint, which are in its folder."""
    killed(cut, *pictures, tmp_path, network, CONFIGS[name], steer=PLAN)
    assert checkpoint.read(tmp_path).epochs == cut
    live = Live([change for change in PLAN if change.epoch > cut + 1])
    told = []
    done = run.stylize(
        *pictures, tmp_path, network, CONFIGS[name], resume=True, steer=live.steering,
        callbacks=Callbacks(on_step=live.step, on_steer=told.append),
    )  # fmt: skip
    assert_same(done, steered(name)[0])
    assert told == done.steering == steered(name)[0].steering


def test_more_epochs_keep_what_was_steered(tmp_path, pictures, network, always_keep):
    config = CONFIGS["adam"]
    run.stylize(*pictures, tmp_path, network, config.changed(epochs=5), steer=PLAN[:2])
    done = run.stylize(*pictures, tmp_path, network, config, resume=True)
    assert_same(done, run.stylize(*pictures, None, network, config, steer=PLAN[:2]))


def test_another_past_is_refused(tmp_path, pictures, network, always_keep, killed):
    killed(4, *pictures, tmp_path, network, CONFIGS["adam"], steer=PLAN)
    with pytest.raises(nst.CheckpointError, match="steering of the epochs before was another"):
        run.stylize(*pictures, tmp_path, network, CONFIGS["adam"], resume=True, steer=PLAN[1:])
    (tmp_path / "steering.json").write_text("[")
    told = []
    callbacks = Callbacks(on_trouble=told.append)
    done = run.stylize(*pictures, tmp_path, network, CONFIGS["adam"], resume=True, callbacks=callbacks)
    assert "are lost" in told[0], "the checkpoint has the past"
    assert [change.epoch for change in done.steering] == [1, 3, 4, 6]


def test_a_function_steers(pictures, network):
    config = CONFIGS["adam"]
    plan = {change.epoch: change for change in PLAN}
    assert_same(
        run.stylize(*pictures, None, network, config, steer=plan.get),
        run.stylize(*pictures, None, network, config, steer=PLAN),
    )


def test_a_change_that_does_not_fit_is_reported_and_ignored(pictures, network):
    speck = np.zeros((80, 112), np.uint8)
    speck[3, 4] = 255
    wrong = {
        1: Change(style_weights=(1, 2, 3)),
        2: Change(masks=MaskInputs([b"no picture", None])),
        3: Change(masks=MaskInputs([speck, 255 - speck])),
        4: Change(strength=0.5),
    }
    told = []
    config = CONFIGS["sizes"]
    done = run.stylize(*pictures, None, network, config, steer=wrong.get, callbacks=Callbacks(on_trouble=told.append))
    assert [sentence.split(": ")[0] for sentence in told] == [
        f"the change of the steering at epoch {epoch} was ignored" for epoch in (1, 2, 3)
    ]
    assert "3 style weights for 2" in told[0]
    assert "too small a region" in told[2]
    assert done.steering == [], "nor does one that changes nothing count"
    assert_same(done, run.stylize(*pictures, None, network, config))
    with pytest.raises(ValueError, match="at epoch 1 does not fit: there are 3 style weights"):
        run.stylize(*pictures, None, network, config, steer=[{"epoch": 1, "style_weights": [1, 2, 3]}])


def test_a_style_without_colours_no_longer_makes_a_grey_picture(network):
    """It is grey as long as nothing but the grey style was used."""
    grey = np.random.default_rng(0).integers(0, 256, (40, 40, 1), dtype=np.uint8).repeat(3, axis=2)
    colours = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    config = TransferConfig(epochs=3, style_weights=(1, 0), init="style", **EVERY)
    plain = run.stylize(grey, [grey, colours], None, network, config).picture
    turned = run.stylize(grey, [grey, colours], None, network, config, steer=[{"epoch": 1, "style_weights": [1, 1]}])
    assert np.ptp(plain, axis=2).max() == 0
    assert np.ptp(turned.picture, axis=2).max() > 0


def test_several_threads_steer():
    steering = Steering()
    threads = [threading.Thread(target=steering.change, kwargs={"strength": step / 9}) for step in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    steering.change(style_weights=[1, 2])
    taken = steering(5)
    assert taken.style_weights == (1.0, 2.0)
    assert taken.strength in {step / 9 for step in range(10)}
    assert steering(6) is None


def test_masks_are_the_same_after_they_are_stored(tmp_path):
    writer.write(tmp_path / "mask.png", left())
    stream = io.BytesIO((tmp_path / "mask.png").read_bytes())
    cut_out = np.dstack([np.full((80, 112, 3), 90, np.uint8), left()[..., 0]])
    change = Change(epoch=2, masks=MaskInputs([tmp_path / "mask.png", None, stream, cut_out], left()[..., 0]))
    document = json.loads(json.dumps(change.to_json()))
    again = Change.from_json(document)
    assert again.to_json() == document
    assert [mask is None for mask in again.masks.content] == [False, True, False, False]
    np.testing.assert_array_equal(nst.read_image(again.masks.content[0]), left())
    np.testing.assert_array_equal(nst.read_image(again.masks.style[0]), left())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "changes nothing"),
        ({"epoch": 3}, "changes nothing"),
        ({"epoch": -1, "strength": 0.5}, "epoch is -1"),
        ({"epoch": 1.5, "strength": 0.5}, "epoch is 1.5"),
        ({"strength": 2}, "strength is 2"),
        ({"style_weights": [-1, 2]}, "style_weights"),
        ({"epochs": 3}, "unknown key 'epochs'"),
        ({"content_masks": ["no"]}, "must be a list of null and texts"),
        (5, "must be an object"),
    ],
)
def test_changes_that_cannot_be_are_refused(values, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        Change.from_json(values)
    (tmp_path / "steering.json").write_text(json.dumps([values]))
    with pytest.raises(ValueError, match="record"):
        changes.read(tmp_path / "steering.json")


def test_schedules_that_cannot_be_are_refused(tmp_path, content, style, network):
    twice = [{"epoch": 1, "strength": 0.1}, {"epoch": 1, "strength": 0.2}]
    with pytest.raises(ValueError, match="two changes of the steering have the epoch 1"):
        changes.schedule(twice)
    with pytest.raises(ValueError, match="the last is 3"):
        changes.schedule([twice[0], {"epoch": 4, "strength": 0.1}], 4)
    run.stylize(content, style, tmp_path, network, TransferConfig(epochs=1, **EVERY))
    with pytest.raises(ValueError, match="was not steered"):
        changes.read(tmp_path / "generated_image.png")
    writer.write(tmp_path / "plain.png", content)
    for name, text in (("plain.png", None), ("a.json", "{}"), ("b.json", "[" * 100_000)):
        if text:
            (tmp_path / name).write_text(text)
        with pytest.raises(ValueError, match=r"not the record|contains no settings"):
            changes.read(tmp_path / name)


def test_large_masks_are_in_the_folder_alone(tmp_path, network):
    """A picture that carried megabytes of masks would be a nuisance; it names them."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (500, 700, 1), dtype=np.uint8).repeat(3, axis=2)
    picture = rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)
    config = TransferConfig(epochs=2, **EVERY)
    steer = [Change(epoch=1, masks=MaskInputs(noise))]
    done = run.stylize(picture, picture, tmp_path, network, config, steer=steer)
    assert changes.read(tmp_path / "steering.json") == done.steering
    with pytest.raises(ValueError, match="must be a list of null and texts"):
        changes.read(tmp_path / "generated_image.png")
    assert (tmp_path / "config.json").stat().st_size < 10_000
