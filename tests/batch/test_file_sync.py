"""The files of a picture that is painted elsewhere: each arrives whole, and after those that it refers to."""

import numpy as np
import pytest

from nst.batch.cluster import file_sync
from nst.config import TransferConfig
from nst.engine.snapshot import Snapshot
from nst.output import checkpoint
from nst.output.checkpoint import CheckpointWriter, RunManifest, VideoPart, VideoState

PLAN = RunManifest(TransferConfig(epochs=9), {}, {}, {}, "float32", [9], [0])
ROWS = [[0.0] * 6, [1.0] * 6]


def save(writer, parts):
    snapshot = Snapshot(1, 0.0, (1.0, 1.0, 1.0, 0.0), 0, (0, 0), {"picture": lambda: np.zeros((1, 4, 4, 3), "f4")})
    writer.save(ROWS, VideoState("mp4 single", 1, parts) if parts else None, snapshot)


def test_changes_and_removals_are_reported_once(tmp_path):
    (tmp_path / "old.png").write_bytes(b"old")
    watch = file_sync.Watch(tmp_path)
    assert list(watch.changes()) == []
    (tmp_path / "0.png").write_bytes(b"frame")
    (tmp_path / ".nst-0123456789abcdef.part").write_bytes(b"half")
    (tmp_path / ".nst.lock").touch()
    assert list(watch.changes()) == [("0.png", b"frame")]
    (tmp_path / "old.png").unlink()
    assert list(watch.changes()) == [("old.png", None)]
    assert list(watch.changes()) == []


def test_a_checkpoint_follows_the_video_parts_that_it_refers_to_and_no_others(tmp_path):
    watch = file_sync.Watch(tmp_path)
    folder = tmp_path / checkpoint.FOLDER
    folder.mkdir()
    (folder / "video-000000.h264").write_bytes(b"done")
    (folder / "video-000001.h264").write_bytes(b"under way")
    save(CheckpointWriter(tmp_path, PLAN), [VideoPart("video-000000.h264", 4, 2)])
    found = list(watch.changes())
    assert [name for name, _ in found] == ["resume/video-000000.h264", "resume/state-0.npz"]
    home = tmp_path / "home"
    home.mkdir()
    for name, data in found:
        file_sync.write(home, name, data)
    assert checkpoint.read(home).epochs == 2
    assert set(file_sync.checkpoint_files(home)) == {name for name, _ in found}


def test_large_checkpoints_are_skipped_until_the_last(tmp_path):
    watch = file_sync.Watch(tmp_path, rate=1.0)
    writer = CheckpointWriter(tmp_path, PLAN)
    save(writer, [])
    assert len(list(watch.changes())) == 1
    save(writer, [])
    (tmp_path / "0.png").write_bytes(b"frame")
    assert list(watch.changes()) == [("0.png", b"frame")]
    assert [name for name, _ in watch.changes(last=True)] == ["resume/state-1.npz"]


def test_earlier_files_are_moved_aside_at_home_before_the_new_files_arrive(tmp_path):
    (tmp_path / "costs.csv").write_bytes(b"old")
    watch = file_sync.Watch(tmp_path)
    (tmp_path / "earlier-1").mkdir()
    (tmp_path / "costs.csv").rename(tmp_path / "earlier-1/costs.csv")
    (tmp_path / "costs.csv").write_bytes(b"new")
    assert list(watch.changes()) == [(file_sync.MOVED_ASIDE, None), ("costs.csv", b"new")]


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "resume/../x", ".nst.lock", "", "resume/"])
def test_only_files_of_a_run_are_written(tmp_path, name):
    with pytest.raises(ValueError, match="not a file of a run"):
        file_sync.write(tmp_path, name, b"")


def test_the_folder_of_checkpoints_is_removed_with_its_last_file(tmp_path):
    file_sync.write(tmp_path, "resume/state-0.npz", b"a")
    file_sync.write(tmp_path, "resume/state-1.npz", b"b")
    file_sync.write(tmp_path, "resume/state-0.npz", None)
    assert (tmp_path / "resume").is_dir()
    file_sync.write(tmp_path, "resume/state-1.npz", None)
    assert not (tmp_path / "resume").exists()
