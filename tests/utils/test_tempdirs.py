"""Temporary folders, including those of killed processes."""

import subprocess
import sys

from nst.utils import tempdirs
from tests.conftest import ROOT

HOLD = """
import sys, pathlib, time
from nst.utils import tempdirs
with tempdirs.folder("mine-", pathlib.Path(sys.argv[1])) as place:
    (place / "deep").mkdir()
    (place / "deep/file").write_text("x")
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_is_removed_after_its_block_and_that_of_a_killed_process_by_the_next(tmp_path):
    (tmp_path / "mine-else").mkdir()  # without a lock it belongs to nobody
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with tempdirs.folder("mine-", tmp_path) as place:
            (place / "file").write_text("x")
            assert len(list(tmp_path.iterdir())) == 3  # the other one is alive
            assert place.stat().st_mode & 0o077 == 0
        assert len(list(tmp_path.iterdir())) == 2
        other.kill()
    with tempdirs.folder("mine-", tmp_path) as place:
        assert sorted(tmp_path.iterdir()) == sorted([place, tmp_path / "mine-else"])
    assert list(tmp_path.iterdir()) == [tmp_path / "mine-else"]
