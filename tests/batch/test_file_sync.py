"""What comes home of a picture that is painted elsewhere: every file whole, and what a state needs before it."""

import numpy as np
import pytest

from nst.batch.cluster import file_sync
from nst.config import TransferConfig
from nst.engine.snapshot import Snapshot
from nst.output import checkpoint
from nst.output.checkpoint import Plan, Vault, VideoPart, VideoState

PLAN = Plan(TransferConfig(epochs=9), {}, {}, {}, "float32", [9], [0])
ROWS = [[0.0] * 6, [1.0] * 6]


def save(vault, parts):
    snapshot = Snapshot(1, 0.0, (1.0, 1.0, 1.0, 0.0), 0, (0, 0), {"picture": lambda: np.zeros((1, 4, 4, 3), "f4")})
    vault.save(ROWS, VideoState("mp4 single", 1, parts) if parts else None, snapshot)


def test_changes_come_once_and_removals_too(tmp_path):
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


def test_a_state_comes_behind_the_parts_that_it_names_and_no_other_part_comes(tmp_path):
    watch = file_sync.Watch(tmp_path)
    folder = tmp_path / checkpoint.FOLDER
    folder.mkdir()
    (folder / "video-000000.h264").write_bytes(b"done")
    (folder / "video-000001.h264").write_bytes(b"under way")
    save(Vault(tmp_path, PLAN), [VideoPart("video-000000.h264", 4, 2)])
    found = list(watch.changes())
    assert [name for name, _ in found] == ["resume/video-000000.h264", "resume/state-0.npz"]
    home = tmp_path / "home"
    home.mkdir()
    file_sync.lay_out(home, dict(found))
    assert checkpoint.read(home).epochs == 2
    assert set(file_sync.begun(home)) == {name for name, _ in found}


def test_large_states_are_left_out_until_the_last(tmp_path):
    watch = file_sync.Watch(tmp_path, rate=1.0)
    vault = Vault(tmp_path, PLAN)
    save(vault, [])
    assert len(list(watch.changes())) == 1
    save(vault, [])
    (tmp_path / "0.png").write_bytes(b"frame")
    assert list(watch.changes()) == [("0.png", b"frame")]
    assert [name for name, _ in watch.changes(last=True)] == ["resume/state-1.npz"]


def test_what_a_run_moves_aside_is_moved_at_home_before_the_new_files_come(tmp_path):
    (tmp_path / "costs.csv").write_bytes(b"old")
    watch = file_sync.Watch(tmp_path)
    (tmp_path / "earlier-1").mkdir()
    (tmp_path / "costs.csv").rename(tmp_path / "earlier-1/costs.csv")
    (tmp_path / "costs.csv").write_bytes(b"new")
    assert list(watch.changes()) == [(file_sync.MOVED, None), ("costs.csv", b"new")]


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "resume/../x", ".nst.lock", "", "resume/"])
def test_only_names_of_a_run_are_written(tmp_path, name):
    with pytest.raises(ValueError, match="no file of a run"):
        file_sync.keep(tmp_path, name, b"")


def test_the_folder_of_states_goes_with_its_last_file(tmp_path):
    file_sync.keep(tmp_path, "resume/state-0.npz", b"a")
    file_sync.keep(tmp_path, "resume/state-1.npz", b"b")
    file_sync.keep(tmp_path, "resume/state-0.npz", None)
    assert (tmp_path / "resume").is_dir()
    file_sync.keep(tmp_path, "resume/state-1.npz", None)
    assert not (tmp_path / "resume").exists()
