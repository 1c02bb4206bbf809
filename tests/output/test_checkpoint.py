"""A run that is interrupted and resumed leaves the same files as an undisturbed one.

Here the interruption is an exception that the run cannot catch; `tests.robustness.test_kills` cuts real processes.
"""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from nst import run
from nst.config import TransferConfig
from nst.engine import loop
from nst.engine.snapshot import CheckpointError
from nst.images import reader, writer
from nst.inputs import Callbacks, MaskInputs, Provenance
from nst.output import checkpoint, recorder
from tests.output.test_video_writer import probe
from tests.support import fake_vgg

EVERY = {"image_size": 0, "beta": 0.01, "print_every": 2, "video_every": 1}
CONFIGS = {
    "adam": TransferConfig(epochs=7, **EVERY),
    "lbfgs": TransferConfig(epochs=9, optimizer="lbfgs", **EVERY),
    "sizes": TransferConfig(epochs=9, scales=3, optimizer="lbfgs", metric="spectral", init="matched", **EVERY),
    "sizes by adam": TransferConfig(epochs=7, scales=2, **EVERY),
    "tiles": TransferConfig(epochs=6, optimizer="lbfgs", tile_size=48, style_distance="wasserstein", **EVERY),
}

CUTS = {"adam": (0, 6), "lbfgs": (8,), "sizes": (2, 3), "sizes by adam": (3,), "tiles": (4,)}
"""Epochs after which the runs are cut: the first and the last, the last of a size and the first of the next."""


@pytest.fixture(autouse=True)
def plain_plot(monkeypatch):
    """Nothing by matplotlib, which would take a third of each run: its picture is not what is tested here."""
    blank = writer.encode(np.zeros((75, 120, 3), np.uint8), "png")
    monkeypatch.setattr(recorder.plot, "cost_curve", lambda *_: blank)


@pytest.fixture(scope="module")
def network():
    return fake_vgg.network()


@pytest.fixture(scope="module")
def pictures():
    rows, columns = np.mgrid[0:80, 0:112]
    content = np.stack([3 * rows, 255 - 2 * columns, 128 + 80 * np.sin(rows / 5)], axis=-1).clip(0, 255)
    style = np.random.default_rng(7).integers(0, 256, (16, 24, 3), dtype=np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    return content.astype(np.uint8), style


def rows_of(folder):
    """The rows of costs.csv without the seconds."""
    with open(folder / "costs.csv", newline="") as file:
        return [row[:-1] for row in csv.reader(file)]


def assert_same_run(folder, expected):
    """Picture, frames and costs to the last bit; the video in its number of frames."""
    frames = sorted(path.name for path in expected.glob("[0-9]*.png"))
    assert sorted(path.name for path in folder.glob("[0-9]*.png")) == frames
    for name in (*frames, "generated_image.png"):
        one, other = (np.asarray(Image.open(place / name)) for place in (folder, expected))
        np.testing.assert_array_equal(one, other, err_msg=name)
    assert rows_of(folder) == rows_of(expected)
    with open(folder / "costs.csv", newline="") as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    assert seconds == sorted(seconds), "the clock continues"
    assert probe(folder / "progress.mp4")[3] == probe(expected / "progress.mp4")[3]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, network, pictures):
    """The folder of a whole run of each config, painted when it is first asked for."""
    found = {}

    def whole(name):
        if name not in found:
            found[name] = tmp_path_factory.mktemp("whole") / "output"
            run.stylize(*pictures, found[name], network, CONFIGS[name])
        return found[name]

    return whole


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ("adam", "lbfgs") else pytest.mark.slow) for name in CONFIGS]
)
def test_a_killed_run_is_resumed_exactly(tmp_path, network, pictures, undisturbed, always_keep, killed, name):
    config = CONFIGS[name]
    for epoch in CUTS[name]:
        folder = tmp_path / str(epoch)
        killed(epoch, *pictures, folder, network, config)
        for part in (".nst-0123456789abcdef.part", ".progress.0123abcd.mp4", "resume/.nst-0123456789abcdef.part"):
            (folder / part).write_bytes(b"what was being written")
        troubles, starts = [], []
        result = run.stylize(
            *pictures,
            folder,
            network,
            config,
            resume=True,
            callbacks=Callbacks(on_trouble=troubles.append, on_start=starts.append),
        )
        assert troubles == result.troubles == []
        assert result.ended == "finished"
        assert [row.epoch for row in result.rows] == list(range(config.epochs))
        # The state is that of the epoch before: on_step comes first.
        assert [start.first for start in starts] == [epoch]
        assert [path.name for path in folder.rglob(".*")] == [".nst.lock"]
        assert_same_run(folder, undisturbed(name))


@pytest.mark.slow
def test_a_run_killed_again_and_again(tmp_path, network, pictures, undisturbed, always_keep, killed):
    for epoch in (1, 2, 2, 5):
        killed(epoch, *pictures, tmp_path, network, CONFIGS["lbfgs"], resume=True)
    run.stylize(*pictures, tmp_path, network, CONFIGS["lbfgs"], resume=True)
    assert_same_run(tmp_path, undisturbed("lbfgs"))


@pytest.mark.slow
def test_with_few_checkpoints_more_is_painted_again(tmp_path, network, pictures, undisturbed, killed):
    """The usual interval: there is only the state of the beginning."""
    killed(6, *pictures, tmp_path, network, CONFIGS["lbfgs"])
    assert checkpoint.read(tmp_path).epochs == 0
    run.stylize(*pictures, tmp_path, network, CONFIGS["lbfgs"], resume=True)
    assert_same_run(tmp_path, undisturbed("lbfgs"))
    assert not (tmp_path / "earlier-1").exists()


@pytest.mark.slow
def test_a_stopped_run_is_resumed(tmp_path, network, pictures, undisturbed):
    steps = []
    stopped = run.stylize(
        *pictures,
        tmp_path,
        network,
        CONFIGS["adam"],
        callbacks=Callbacks(on_step=steps.append, stop=lambda: steps[-1].epoch == 3),
    )
    assert stopped.ended == "stopped"
    assert "To resume" in (tmp_path / "RESUME.txt").read_text()
    run.stylize(*pictures, tmp_path, network, CONFIGS["adam"], resume=True)
    assert not (tmp_path / "RESUME.txt").exists()
    assert_same_run(tmp_path, undisturbed("adam"))


def test_a_run_whose_callback_fails_is_resumed(tmp_path, network, pictures, undisturbed):
    def fail(step):
        if step.epoch == 3:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run.stylize(*pictures, tmp_path, network, CONFIGS["lbfgs"], callbacks=Callbacks(on_step=fail))
    assert checkpoint.read(tmp_path).epochs == 4
    run.stylize(*pictures, tmp_path, network, CONFIGS["lbfgs"], resume=True)
    assert_same_run(tmp_path, undisturbed("lbfgs"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", "lbfgs"])
def test_more_epochs_continue_a_finished_run(tmp_path, network, pictures, undisturbed, name):
    """A finished run that is given more of them ends like one that had them from the beginning."""
    config = CONFIGS[name]
    few = TransferConfig(**{**vars(config), "epochs": config.epochs - 3})
    run.stylize(*pictures, tmp_path, network, few)
    run.stylize(*pictures, tmp_path, network, config, resume=True)
    assert_same_run(tmp_path, undisturbed(name))
    assert not (tmp_path / "earlier-1").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", "lbfgs"])
def test_the_state_of_a_finished_run_is_small(tmp_path, network, pictures, name, monkeypatch):
    """A large history is dropped: more epochs then continue from the best picture."""
    config = CONFIGS[name]
    monkeypatch.setattr(checkpoint, "_LARGEST", 1000)
    first = run.stylize(*pictures, tmp_path, network, config)
    (kept,) = (tmp_path / "resume").glob("state-*")
    assert kept.stat().st_size < 1.2 * 80 * 112 * 3 * 4 + 10_000
    steps = []
    more = TransferConfig(**{**vars(config), "epochs": 20})
    second = run.stylize(*pictures, tmp_path, network, more, resume=True, callbacks=Callbacks(on_step=steps.append))
    assert second.rows[: config.epochs] == first.rows
    assert steps[0].epoch == config.epochs
    if name == "lbfgs":
        assert np.all(np.diff([row.total for row in second.rows]) <= 0)
    assert second.rows[-1].total < first.rows[-1].total
    assert probe(tmp_path / "progress.mp4")[3] == 20 + 25


@pytest.mark.slow
def test_more_epochs_are_those_of_the_final_size(tmp_path, network, pictures):
    config = CONFIGS["sizes"]
    run.stylize(*pictures, tmp_path, network, config)
    steps = []
    more = TransferConfig(**{**vars(config), "epochs": 12})
    run.stylize(*pictures, tmp_path, network, more, resume=True, callbacks=Callbacks(on_step=steps.append))
    assert [step.epoch for step in steps] == [9, 10, 11]
    assert {step.image.shape for step in steps} == {(1, 80, 112, 3)}
    assert checkpoint.read(tmp_path).plan.shares == [3, 3, 6]


def test_a_finished_run_is_left_as_it_is(tmp_path, network, pictures, undisturbed):
    """What a kill between the last epoch and the last file left out is written."""
    run.stylize(*pictures, tmp_path, network, CONFIGS["sizes"])
    for name in ("generated_image.png", "generated_image.jpg", "progress.mp4", "costs.csv"):
        (tmp_path / name).unlink()
    result = run.stylize(*pictures, tmp_path, network, CONFIGS["sizes"], resume=True)
    assert result.ended == "finished"
    assert set(result.files) == {"picture", "jpg", "progress", "costs", "plot"}
    assert_same_run(tmp_path, undisturbed("sizes"))


@pytest.mark.slow
def test_fewer_epochs_end_sooner_and_never_before_what_is_painted(tmp_path, network, pictures, always_keep, killed):
    config = CONFIGS["sizes"]
    killed(5, *pictures, tmp_path, network, config)
    with pytest.raises(CheckpointError, match="epochs is 4, but 5 have been painted"):
        run.stylize(*pictures, tmp_path, network, TransferConfig(**{**vars(config), "epochs": 4}), resume=True)
    with pytest.raises(CheckpointError, match="too few"):
        run.stylize(*pictures, tmp_path, network, TransferConfig(**{**vars(config), "epochs": 5}), resume=True)
    result = run.stylize(*pictures, tmp_path, network, TransferConfig(**{**vars(config), "epochs": 8}), resume=True)
    assert len(result.rows) == 8


def test_what_disagrees_is_named(tmp_path, network, pictures, always_keep, killed):
    config = CONFIGS["adam"]
    killed(3, *pictures, tmp_path, network, config)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    other = TransferConfig(**{**vars(config), "alpha": 3.0, "style_layers": {"conv1_1": 1.0}})
    with pytest.raises(CheckpointError) as caught:
        run.stylize(*pictures, tmp_path, network, other, resume=True)
    assert "alpha is 3.0, but was 10.0" in str(caught.value)
    assert "style_layers is conv1_1=1, but was conv1_1=0.2,conv2_1=0.2" in str(caught.value)
    assert "epochs" not in str(caught.value)
    content, style = pictures
    for changed, word in (
        ((255 - content, style), "content picture"),
        ((content, style[::-1]), "style picture"),
        ((content, [style, style]), "style picture 2"),
    ):
        with pytest.raises(CheckpointError, match=f"the {word} has changed"):
            run.stylize(*changed, tmp_path, network, config, resume=True)
    with pytest.raises(CheckpointError, match="the network has changed"):
        run.stylize(*pictures, tmp_path, fake_vgg.network(seed=1), config, resume=True)
    with pytest.raises(CheckpointError, match="the set of masks has changed"):
        mask = np.zeros(content.shape, np.uint8)
        mask[:, 50:] = 255
        run.stylize(*pictures, tmp_path, network, config, resume=True, masks=MaskInputs(content=mask))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before, "nothing was touched"


def test_the_picture_that_it_starts_from_is_compared_and_not_its_path(tmp_path, network, pictures, always_keep, killed):
    for name in ("a.png", "b.png"):
        writer.write(tmp_path / name, pictures[1])
    writer.write(tmp_path / "c.png", 255 - pictures[1])
    configs = [TransferConfig(epochs=4, init=str(tmp_path / f"{name}.png"), **EVERY) for name in "abc"]
    killed(2, *pictures, tmp_path / "output", network, configs[0])
    with pytest.raises(CheckpointError, match="the picture that it starts from has changed"):
        run.stylize(*pictures, tmp_path / "output", network, configs[2], resume=True)
    assert run.stylize(*pictures, tmp_path / "output", network, configs[1], resume=True).ended == "finished"


def test_settings_of_the_files_may_change(tmp_path, network, pictures, always_keep, killed):
    config = TransferConfig(epochs=6, image_size=0, beta=0.01, print_every=2)
    killed(3, *pictures, tmp_path, network, config)
    other = TransferConfig(**{**vars(config), "print_every": 1, "video": "gif", "contact_sheet": True})
    troubles = []
    result = run.stylize(
        *pictures, tmp_path, network, other, resume=True, callbacks=Callbacks(on_trouble=troubles.append)
    )
    assert troubles == ["the video starts here: what there was of it has another format or layout"]
    assert result.troubles == []
    assert {path.name for path in tmp_path.glob("?.png")} == {"0.png", "2.png", "3.png", "4.png", "5.png"}
    with Image.open(tmp_path / "progress.gif") as animation:
        assert animation.n_frames > 3


def test_a_run_resumed_without_a_video_keeps_what_there_is_of_it(tmp_path, network, pictures, always_keep, killed):
    config = CONFIGS["adam"]
    killed(3, *pictures, tmp_path, network, config)
    killed(
        4,
        *pictures,
        tmp_path,
        network,
        TransferConfig(**{**vars(config), "video": "none", "video_every": 0}),
        resume=True,
    )
    run.stylize(*pictures, tmp_path, network, config, resume=True)
    # Of epoch 3, painted without one, there is no frame.
    assert probe(tmp_path / "progress.mp4")[3] == 6 + 25


def test_the_stride_of_the_video_is_that_of_the_beginning(tmp_path, network, pictures):
    config = {"image_size": 0, "beta": 0.01}
    run.stylize(*pictures, tmp_path, network, TransferConfig(epochs=2, **config))
    state_before = checkpoint.read(tmp_path)
    assert state_before.video.stride == 1
    steps = []
    callbacks = Callbacks(on_step=steps.append, stop=lambda: steps[-1].epoch == 5)
    run.stylize(*pictures, tmp_path, network, TransferConfig(epochs=800, **config), resume=True, callbacks=callbacks)
    assert probe(tmp_path / "progress.mp4")[3] == 6 + 25


def test_nothing_to_resume_begins_at_the_start(tmp_path, network, pictures, undisturbed):
    run.stylize(*pictures, tmp_path / "new", network, CONFIGS["adam"], resume=True)
    assert_same_run(tmp_path / "new", undisturbed("adam"))
    with pytest.raises(ValueError, match="nothing to resume without an output folder"):
        run.stylize(*pictures, None, network, CONFIGS["adam"], resume=True)


@pytest.mark.slow
def test_a_new_run_moves_an_unfinished_one_and_says_how_to_resume_it(
    tmp_path, network, pictures, undisturbed, always_keep, killed
):
    killed(4, *pictures, tmp_path, network, CONFIGS["adam"])
    troubles = []
    run.stylize(
        *pictures, tmp_path, network, CONFIGS["lbfgs"], callbacks=Callbacks(on_trouble=troubles.append),
        provenance=Provenance(how_to_resume=lambda place: f"nst --resume --output_dir={place}"),
    )  # fmt: skip
    shelf = tmp_path / "earlier-1"
    command = f"nst --resume --output_dir={shelf}"
    assert troubles == [f"an unfinished run was moved to {shelf}; to resume it: {command}"]
    assert command in (shelf / "RESUME.txt").read_text()
    run.stylize(*pictures, shelf, network, CONFIGS["adam"], resume=True)
    assert_same_run(shelf, undisturbed("adam"))
    assert_same_run(tmp_path, undisturbed("lbfgs"))


def test_the_best_picture_is_kept_beside_the_one_that_is_tried(network, pictures):
    """L-BFGS shows another picture than it tries in some epochs: without it the picture would be the wrong one."""
    apart = []

    def look(step):
        snapshot = step.snapshot()
        np.testing.assert_array_equal(snapshot.shown, step.image)
        apart.append(not np.array_equal(snapshot.arrays["picture"](), step.image))
        assert apart[-1] == ("shown" in snapshot.arrays)

    steps = []
    run.stylize(
        *pictures,
        None,
        network,
        CONFIGS["lbfgs"],
        callbacks=Callbacks(on_step=lambda step: (look(step), steps.append(step))),
    )
    assert any(apart)
    assert not all(apart)
    assert [step.snapshot() for step in steps] == [None] * 9, "a past step cannot be resumed from"


def test_a_state_holds_what_it_says(tmp_path, network, pictures, always_keep, killed):
    steps = []
    killed(
        4, *pictures, tmp_path, network, CONFIGS["adam"], provenance=Provenance({"content": "me"}, {"model": "tiny"})
    )
    found = checkpoint.read(tmp_path)
    run.stylize(*pictures, None, network, CONFIGS["adam"], callbacks=Callbacks(on_step=steps.append))
    assert found.epochs == 4
    np.testing.assert_array_equal(found.snapshot.shown, steps[3].image)
    np.testing.assert_array_equal(found.rows[:, 1:5], [step.costs for step in steps[:4]])
    assert found.plan.config == CONFIGS["adam"]
    assert found.plan.flags == {"model": "tiny"}
    assert found.plan.details["content"] == "me"
    assert set(found.snapshot.arrays) == {
        *("picture", "picture/Adam", "picture/Adam_1", "beta1_power", "beta2_power"),
    }
    assert json.loads((tmp_path / "config.json").read_text())["settings"]["alpha"] == 10.0


def test_a_state_of_another_versions_optimiser_is_refused(
    tmp_path, network, pictures, always_keep, killed, monkeypatch
):
    killed(3, *pictures, tmp_path, network, CONFIGS["lbfgs"])
    monkeypatch.setattr(loop.memory, "history", lambda height, width: 4)
    with pytest.raises(CheckpointError, match="as this version of the program has it"):
        run.stylize(*pictures, tmp_path, network, CONFIGS["lbfgs"], resume=True)


def test_tiles_are_those_of_the_beginning_while_memory_allows(
    tmp_path, network, pictures, always_keep, killed, monkeypatch
):
    config = CONFIGS["lbfgs"]
    killed(3, *pictures, tmp_path, network, config)
    asked = []
    monkeypatch.setattr(loop, "tiles", lambda sizes, *rest: asked.append(sizes) or [64] * len(sizes))
    troubles = []
    monkeypatch.setattr(loop.system, "free_memory", lambda: 10**12)
    killed(5, *pictures, tmp_path, network, config, resume=True, on_trouble=troubles.append)
    assert asked == troubles == []
    monkeypatch.setattr(loop.system, "free_memory", lambda: 1000)
    run.stylize(*pictures, tmp_path, network, config, resume=True, callbacks=Callbacks(on_trouble=troubles.append))
    assert len(asked) == 1
    assert troubles == ["less memory is free than when the run was started: the picture is computed in smaller tiles"]


def test_other_colours_and_sizes_of_the_final_picture(tmp_path, network, pictures, always_keep, killed):
    """A size that is not the final one, and colours that are put back, when the state is the last thing there is."""
    config = TransferConfig(epochs=6, scales=2, preserve_color="luminance", **EVERY)
    run.stylize(*pictures, tmp_path / "whole", network, config)
    killed(2, *pictures, tmp_path / "cut", network, config)
    run.stylize(*pictures, tmp_path / "cut", network, config, resume=True)
    assert_same_run(tmp_path / "cut", tmp_path / "whole")
    assert reader.read(tmp_path / "cut" / "generated_image.png").shape == (80, 112, 3)
