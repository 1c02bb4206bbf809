"""Disks that are full: the picture is kept, and with more room the run is completed."""

import contextlib
import errno
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nst import run
from nst.config import TransferConfig
from nst.images import reader
from nst.inputs import Callbacks
from nst.output import recorder, video_writer
from nst.utils import atomic
from tests.output.test_checkpoint import assert_same_run
from tests.robustness.conftest import CONFIG, FEW

ALL_FILES = TransferConfig(epochs=4, contact_sheet=True, picture_16bit="png", **FEW)

KINDS = {
    **{name: name for name in ("0.png", "costs.csv", "costs.png", "config.json", "flags.txt", "RESUME.txt")},
    **{name: name for name in ("generated_image.png", "generated_image.jpg", "generated_image_16bit.png")},
    **{"contact_sheet.png": "contact_sheet.png", "state": r"state-\d\.npz"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_is_full_for_one_kind_of_file(tmp_path, network, pictures, whole, always_keep, monkeypatch, kind):
    """Everything else is written; and when there is room again, so is the rest."""
    real = atomic.whole
    refuge = tmp_path / "refuge"
    refuge.mkdir()
    monkeypatch.setattr(recorder.tempfile, "tempdir", str(refuge))
    place = tmp_path / "output"
    begun = []

    @contextlib.contextmanager
    def full(path):
        # What is written before the first epoch is an error that ends the run: nothing is lost then.
        late = begun or kind not in ("config.json", "flags.txt")
        with real(path) as file:
            yield file
            if late and str(refuge) not in str(path) and re.fullmatch(KINDS[kind], os.path.basename(path)):
                raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(atomic, "whole", full)
        result = run.stylize(*pictures, place, network, ALL_FILES, callbacks=Callbacks(on_start=begun.append))
    expected = whole(ALL_FILES)
    np.testing.assert_array_equal(result.picture, reader.read(expected / "generated_image.png"))
    if kind == "flags.txt":
        assert result.troubles == []
    else:
        assert result.troubles[0] == f"cannot write into {place}: No space left on device"
    if kind == "generated_image.png":
        assert refuge in result.files["picture"].parents
    np.testing.assert_array_equal(reader.read(result.files["picture"]), result.picture)
    for name in ("0.png", "2.png", "costs.csv", "costs.png", "generated_image.jpg", "contact_sheet.png"):
        assert (place / name).exists() == (name != kind), name
    assert [row.epoch for row in result.rows] == [0, 1, 2, 3]
    again = run.stylize(*pictures, place, network, ALL_FILES, resume=True)
    assert again.troubles == []
    if kind == "0.png":
        assert not (place / "0.png").exists(), "its epoch is over"
    elif kind == "generated_image.png":
        np.testing.assert_array_equal(reader.read(place / kind), result.picture)
    else:
        assert_same_run(place, expected)


@pytest.mark.parametrize("kind", ["config.json", "flags.txt"])
def test_a_disk_that_is_full_from_the_start_is_one_sentence(tmp_path, network, pictures, monkeypatch, kind):
    real = atomic.write_bytes

    def full(path, data):
        if os.path.basename(path) == kind:
            raise OSError(errno.ENOSPC, f"cannot write {path}: No space left on device")
        real(path, data)

    monkeypatch.setattr(atomic, "write_bytes", full)
    with pytest.raises(OSError, match=rf"cannot write .*{kind}: No space left on device"):
        run.stylize(*pictures, tmp_path, network, CONFIG)


@pytest.mark.parametrize("kind", ["part", "join"])
def test_a_disk_that_is_full_for_the_video(tmp_path, network, pictures, whole, always_keep, monkeypatch, kind):
    """ffmpeg writes to /dev/full: a real error of the disk, in its own words."""
    real = video_writer._encoder
    suffix = {"part": ".h264", "join": ".mp4"}[kind]

    def full(source, encoding, path):
        if path.suffix == suffix:
            return real(source, f"{encoding} -f {'h264' if kind == 'part' else 'mp4'}", Path("/dev/full"))
        return real(source, encoding, path)

    with monkeypatch.context() as patched:
        patched.setattr(video_writer, "_encoder", full)
        result = run.stylize(*pictures, tmp_path, network, CONFIG)
    assert "progress" not in result.files
    assert any(re.search("progress.mp4 cannot be written", trouble) for trouble in result.troubles)
    assert not list(tmp_path.glob("*progress*"))
    np.testing.assert_array_equal(result.picture, reader.read(tmp_path / "generated_image.png"))
    if kind == "join":  # its frames are all there
        run.stylize(*pictures, tmp_path, network, CONFIG, resume=True)
        assert_same_run(tmp_path, whole(CONFIG))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 256 kB, and how to make it larger."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root only, and not in every container")

    def enlarge():
        subprocess.run(["mount", "-o", "remount,size=8m", str(place)], check=True)

    yield place, enlarge
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_small_disk_that_fills_up(small_disk, tmp_path, network, whole, monkeypatch, always_keep):
    """A real disk: the run ends with its picture, and with more room everything can be had."""
    place, enlarge = small_disk
    refuge = tmp_path / "refuge"
    refuge.mkdir()
    monkeypatch.setattr(recorder.tempfile, "tempdir", str(refuge))
    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 256, (90, 120, 3), dtype=np.uint8) for _ in range(2)]
    config = TransferConfig(epochs=12, print_every=1, image_size=0, beta=0.01, optimizer="lbfgs", video_every=1)
    expected = run.stylize(*pictures, None, network, config)
    result = run.stylize(*pictures, place / "output", network, config)
    assert any("No space left on device" in trouble for trouble in result.troubles)
    np.testing.assert_array_equal(reader.read(result.files["picture"]), expected.picture)
    enlarge()
    for old in (place / "output").glob("[0-9]*.png"):
        old.unlink()
    again = run.stylize(*pictures, place / "output", network, config, resume=True)
    assert again.ended == "finished"
    np.testing.assert_array_equal(reader.read(place / "output" / "generated_image.png"), expected.picture)
    assert [row[:5] for row in again.rows] == [row[:5] for row in expected.rows]
