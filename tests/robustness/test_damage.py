"""An output folder that is removed, busy or damaged, and one that another machine or version has begun."""

import errno
import io
import os
import shutil
import threading
import zipfile

import numpy as np
import pytest

from nst import run
from nst.config import TransferConfig
from nst.engine.snapshot import CheckpointError
from nst.images import reader
from nst.inputs import Callbacks
from nst.output import checkpoint, folder
from nst.weights import matconvnet
from tests.output.test_checkpoint import assert_same_run, rows_of
from tests.output.test_video_writer import probe
from tests.robustness.conftest import CONFIG, FEW, LBFGS
from tests.support import fake_vgg


@pytest.mark.parametrize("what", ["output", "output/resume"])
def test_a_folder_removed_under_way(tmp_path, network, pictures, whole, always_keep, what):
    place = tmp_path / "output"

    def remove(step):
        if step.epoch == 3:
            while (tmp_path / what).exists():  # the encoder may just be making a file there
                shutil.rmtree(tmp_path / what, ignore_errors=True)

    result = run.stylize(*pictures, place, network, CONFIG, callbacks=Callbacks(on_step=remove))
    assert result.ended == "finished"
    assert result.troubles == [f"the video lacks 3 frames: their files in {place / 'resume'} have been removed"]
    np.testing.assert_array_equal(reader.read(place / "generated_image.png"), result.picture)
    np.testing.assert_array_equal(result.picture, reader.read(whole(CONFIG) / "generated_image.png"))
    assert rows_of(place) == rows_of(whole(CONFIG))
    assert probe(place / "progress.mp4")[3] == 3 + 25
    assert checkpoint.read(place).epochs == 6


def test_a_second_run_into_the_folder_is_refused(tmp_path, network, pictures, whole):
    told, order = [], []

    def second(step):
        if step.epoch != 2:
            return
        for resume in (False, True):
            with pytest.raises(folder.BusyError) as caught:
                run.stylize(*pictures, tmp_path, network, CONFIG, resume=resume)
            told.append(str(caught.value))
        thread = threading.Thread(target=lambda: order.append(run.stylize(*pictures, tmp_path / "b", network, CONFIG)))
        thread.start()
        thread.join()

    run.stylize(*pictures, tmp_path, network, CONFIG, callbacks=Callbacks(on_step=second))
    assert told[0] == (
        f"another run is painting into {tmp_path} (process {os.getpid()}): wait until it ends, or choose another folder"
    )
    assert told[1].startswith("another run is painting into")
    assert order[0].ended == "finished", "another folder is free"
    assert_same_run(tmp_path, whole(CONFIG))
    assert run.stylize(*pictures, tmp_path, network, CONFIG).ended == "finished", "and so is this one now"


DAMAGES = {
    "cut": lambda data: data[: len(data) // 2],
    "cut at its end": lambda data: data[:-1],
    "empty": lambda data: b"",
    "a byte in the middle": lambda data: (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
    ),
    "a byte of the header": lambda data: data[:200] + bytes([data[200] ^ 255]) + data[201:],
    "zeros at its end": lambda data: data[: len(data) * 3 // 4] + bytes(len(data) // 4),
    "another kind of file": lambda data: b"<!DOCTYPE html>" + data,
    "packed": lambda data: packed(data),
    "another archive": lambda data: zipped(b"hello"),
}


def zipped(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", data)
        archive.writestr("rows.npy", bytes(10**6))
    return file.getvalue()


def packed(data):
    """The same, compressed: a state is never, and what is could unpack to anything."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            made.writestr(name, given.read(name))
    return file.getvalue()


def test_a_damaged_state_and_the_one_before_it(tmp_path, network, pictures, whole, always_keep, killed):
    killed(4, *pictures, tmp_path, network, LBFGS)
    newest = max((tmp_path / "resume").glob("state-*"), key=lambda path: path.stat().st_mtime_ns)
    assert checkpoint.read(tmp_path).epochs == 4
    intact = newest.read_bytes()
    for name, damaged in DAMAGES.items():
        newest.write_bytes(damaged(intact))
        assert checkpoint.read(tmp_path).epochs == 3, name
    told = []
    run.stylize(*pictures, tmp_path, network, LBFGS, resume=True, callbacks=Callbacks(on_trouble=told.append))
    assert told == [f"{newest} is damaged: resuming from the previous state, at 3 epochs"]
    assert_same_run(tmp_path, whole(LBFGS))


def test_two_damaged_states_are_a_sentence_and_nothing_is_touched(tmp_path, network, pictures, always_keep, killed):
    killed(4, *pictures, tmp_path, network, CONFIG)
    for path in (tmp_path / "resume").glob("state-*"):
        path.write_bytes(path.read_bytes()[:-1])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CheckpointError, match=r"state-0.npz is damaged and .*state-1.npz is damaged; start a new run"):
        run.stylize(*pictures, tmp_path, network, CONFIG, resume=True)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_state_of_another_version_is_a_sentence(tmp_path, network, pictures, always_keep, killed, monkeypatch):
    killed(4, *pictures, tmp_path, network, CONFIG)
    monkeypatch.setattr(checkpoint, "_FORMAT", 99)
    with pytest.raises(CheckpointError, match=r"was written by nst 1\.0\.0, this is nst"):
        run.stylize(*pictures, tmp_path, network, CONFIG, resume=True)


def test_parts_of_the_video_that_have_gone_are_told(tmp_path, network, pictures, whole, always_keep, killed):
    killed(5, *pictures, tmp_path, network, CONFIG)
    parts = sorted((tmp_path / "resume").glob("*.h264"))
    parts[1].unlink()
    parts[2].write_bytes(b"")
    told = []
    run.stylize(*pictures, tmp_path, network, CONFIG, resume=True, callbacks=Callbacks(on_trouble=told.append))
    assert told == [f"the video lacks frames: some of its parts in {tmp_path / 'resume'} are missing or damaged"]
    assert probe(tmp_path / "progress.mp4")[3] == 4 + 25
    np.testing.assert_array_equal(
        reader.read(tmp_path / "generated_image.png"), reader.read(whole(CONFIG) / "generated_image.png")
    )


def test_states_are_told_apart_by_number_and_not_by_time(tmp_path, network, pictures, whole, always_keep, killed):
    killed(4, *pictures, tmp_path, network, CONFIG)
    newest = max((tmp_path / "resume").glob("state-*"), key=lambda path: path.stat().st_mtime_ns)
    os.utime(newest, (0, 0))
    assert checkpoint.read(tmp_path).epochs == 4
    run.stylize(*pictures, tmp_path, network, CONFIG, resume=True)
    assert_same_run(tmp_path, whole(CONFIG))


def test_the_weights_are_compared_by_their_values(tmp_path, network, pictures, always_keep, killed):
    """The same network in another file goes on; one changed value does not."""
    fake_vgg.write(tmp_path / "one.mat")
    fake_vgg.write(tmp_path / "two.mat", layout="old")
    made = fake_vgg.layers()
    made["conv3_2"][0][1, 1, 0, 0] = np.nextafter(made["conv3_2"][0][1, 1, 0, 0], np.float32(9))
    fake_vgg.write(tmp_path / "three.mat", made=made)
    networks = [matconvnet.read(tmp_path / f"{name}.mat") for name in ("one", "two", "three")]
    killed(3, *pictures, tmp_path / "output", networks[0], CONFIG)
    with pytest.raises(CheckpointError, match="the network has changed"):
        run.stylize(*pictures, tmp_path / "output", networks[2], CONFIG, resume=True)
    assert run.stylize(*pictures, tmp_path / "output", networks[1], CONFIG, resume=True).ended == "finished"


@pytest.mark.parametrize("error", [NotImplementedError, OSError(errno.ENOLCK, "No locks available")])
def test_a_file_system_without_locks_is_no_reason_not_to_paint(tmp_path, network, pictures, whole, monkeypatch, error):
    def acquire(lock, **options):
        raise error

    monkeypatch.setattr("filelock.FileLock.acquire", acquire)
    run.stylize(*pictures, tmp_path, network, CONFIG)
    assert_same_run(tmp_path, whole(CONFIG))


def test_a_device_without_the_precision_of_the_beginning(tmp_path, network, pictures, always_keep, killed, monkeypatch):
    """Another machine: it goes on in what it has, and says so."""
    config = TransferConfig(epochs=5, precision="auto", **FEW)
    with monkeypatch.context() as patched:
        patched.setattr(run.sessions, "precision", lambda wanted: "bfloat16" if wanted == "auto" else wanted)
        killed(3, *pictures, tmp_path, network, config)
    assert checkpoint.read(tmp_path).plan.precision == "bfloat16"

    def precision(wanted):
        if wanted == "bfloat16":
            raise ValueError("this device has no bfloat16 instructions")
        return "float32"

    monkeypatch.setattr(run.sessions, "precision", precision)
    told = []
    result = run.stylize(*pictures, tmp_path, network, config, resume=True, callbacks=Callbacks(on_trouble=told.append))
    assert told == ["the run was started in bfloat16, which this device lacks: it continues in float32"]
    assert (result.ended, len(result.rows), result.troubles) == ("finished", 5, [])
