"""Runs that are killed, stopped and resumed end as undisturbed ones do. NST_KILLS says how many kills to try.

`tests.output.test_checkpoint` has the kills between epochs, `tests.cli.test_picture` the signals.
"""

import contextlib
import json
import os
import random
import re
import shlex
import shutil
import signal
import sys
import time

import numpy as np
import pytest

from nst import run
from nst.config import TransferConfig
from nst.images import writer
from nst.output import checkpoint, folder
from tests.conftest import ROOT, Killed
from tests.output.test_checkpoint import assert_same_run
from tests.robustness.conftest import FEW
from tests.support import fake_vgg, warm


@pytest.mark.slow
def test_a_kill_at_every_change_of_the_disk(tmp_path, network, pictures, whole, always_keep, monkeypatch):
    """Cut before and after each file appears, vanishes or moves: the states and the folder never disagree."""
    config = TransferConfig(epochs=3, **FEW)
    earlier = tmp_path / "earlier"
    run.stylize(*pictures, earlier, network, config)

    def count(place, limit):
        """Runs until so many changes of the disk have been made; gives how many there were."""
        done = 0

        def counted(real):
            def change(*args, **options):
                nonlocal done
                if done == limit:
                    raise Killed
                done += 1
                return real(*args, **options)

            return change

        with monkeypatch.context() as patched:
            for name in ("replace", "rename", "unlink", "mkdir"):
                patched.setattr(os, name, counted(getattr(os, name)))
            # What clears up behind an error is not there to run when a process is killed.
            patched.setattr(run._Run, "rescue", lambda self: None)
            with contextlib.suppress(Killed):
                run.stylize(*pictures, place, network, config)
        return done

    shutil.copytree(earlier, tmp_path / "all")
    changes = count(tmp_path / "all", 10**9)
    assert changes > 25
    kills = int(os.environ.get("NST_KILLS", "8"))
    for limit in range(0, changes, max(1, changes // kills)):
        place = tmp_path / str(limit)
        shutil.copytree(earlier, place)
        assert count(place, limit) == limit
        run.stylize(*pictures, place, network, config, resume=True)
        assert_same_run(place, whole(config))
        shutil.rmtree(place)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_sigkill_at_random_moments(tmp_path, pictures, optimizer):
    """Real processes, killed while they paint, write or start."""
    for name, picture in zip(("content.png", "style.png"), pictures, strict=True):
        writer.write(tmp_path / name, picture)
    kills = int(os.environ.get("NST_KILLS", "2"))
    drawn = random.Random(5)

    def start(folder):
        return warm.commands().start("painter", folder, optimizer, cwd=tmp_path)

    with start("whole") as process:
        assert first_line(process) == "0"
        began = time.monotonic()
        assert process.finish().stdout == "0\ndone\n"
        seconds = time.monotonic() - began
    reached = [0]
    while kills:
        with start("cut") as process:
            reached.append(int(first_line(process)))
            time.sleep(drawn.uniform(0, 2 * seconds / (kills + 1)))
            process.signal(signal.SIGKILL)
            if process.finish().returncode == 0:  # it was faster
                break
            kills -= 1
    with start("cut") as process:
        *last, done = process.finish().stdout.split()
    assert done == "done"
    reached += map(int, last)
    print("resumed at", reached)
    assert max(reached) > 0, "no kill came in the middle"
    assert_same_run(tmp_path / "cut", tmp_path / "whole")


def first_line(process):
    wait_until(lambda: "\n" in process.out.read_text(), "a line")
    return process.out.read_text().splitlines()[0]


def wait_until(true, what):
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline, f"{what} does not appear"
        time.sleep(0.005)


GIVEN = ("--content_image_filename=content.png", "--style_image_filename=style.png", "--model=tiny.mat")
SMALL = ("--image_size=0", "--beta=0.01", "--print_every=50")


@pytest.fixture
def tiny(tmp_path, pictures):
    """Starts the command in the test's folder, on a tiny network."""
    fake_vgg.write(tmp_path / "tiny.mat")
    for name, picture in zip(("content.png", "style.png"), pictures, strict=True):
        writer.write(tmp_path / name, picture)

    def start(*words, cwd=tmp_path):
        return warm.commands().start("nst_main.py", *words, cwd=cwd)

    return start


@pytest.mark.slow
def test_the_command_goes_on_after_ctrl_c_twice_and_once(tmp_path, tiny, command):
    place = tmp_path / "output"
    with tiny(*GIVEN, *SMALL, "--epochs=400", "--output_dir=output") as process:
        wait_until((place / "50.png").exists, "50.png")
        process.signal(signal.SIGINT)
        time.sleep(0.001)
        process.signal(signal.SIGINT)
        assert process.finish().returncode == 130
    # No flag but where: pictures, network and settings are those of the run.
    note = (place / "RESUME.txt").read_text() if (place / "RESUME.txt").exists() else ""
    program, *words = shlex.split(note.splitlines()[-1])
    assert [program, *words] == [sys.executable, str(ROOT / "nst_main.py"), "--resume", f"--output_dir={place}"]
    with tiny(*words[1:], cwd="/") as process:
        wait_until((place / "150.png").exists, "150.png")
        process.signal(signal.SIGINT)
        stopped = process.finish()
    assert stopped.returncode == 130, stopped.stderr
    assert "Iteration 100" in stopped.stdout or "Resuming" in stopped.stdout
    assert re.search(r"To resume: .*nst_main\.py --resume --output_dir=", stopped.stdout)
    painted = checkpoint.read(place).epochs
    done = command("--resume", "--output_dir=output", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Resuming: {painted} of 400 epochs are painted" in done.stdout
    assert command(*GIVEN, *SMALL, "--epochs=400", "--output_dir=whole", cwd=tmp_path).returncode == 0
    assert_same_run(place, tmp_path / "whole")
    assert not (place / "RESUME.txt").exists()


@pytest.mark.slow
def test_what_the_command_says_when_it_resumes(tmp_path, tiny, command):
    assert command(*GIVEN, *SMALL, "--epochs=3", "--output_dir=output", "--alpha=5", cwd=tmp_path).returncode == 0
    more = command("--resume", "--epochs=5", "--output_dir=output", cwd=tmp_path)
    assert (more.returncode, more.stderr) == (0, "")
    assert "Painted 5 epochs" in more.stdout
    assert json.loads((tmp_path / "output" / "config.json").read_text())["settings"]["alpha"] == 5
    wrong = command("--resume", "--alpha=7", "--learning_rate=1", "--output_dir=output", cwd=tmp_path)
    assert wrong.returncode == 1
    assert wrong.stderr == (
        "nst_main.py: the run cannot be resumed from epoch 5: learning_rate is 1.0, but was 2.0; alpha is "
        "7.0, but was 5.0. Give the original settings and pictures, or start a new run\n"
    )
    writer.write(tmp_path / "content.png", np.zeros((40, 60, 3), np.uint8))
    changed = command("--resume", "--output_dir=output", "--epochs=9", cwd=tmp_path)
    assert changed.returncode == 1
    assert "the content picture has changed" in changed.stderr
    (tmp_path / "style.png").unlink()
    gone = command("--resume", "--output_dir=output", cwd=tmp_path)
    assert gone.returncode == 1
    assert "style.png" in gone.stderr
    for path in (tmp_path / "output" / "resume").glob("state-*"):
        path.write_bytes(b"PK" + bytes(100))
    damaged = command("--resume", "--output_dir=output", cwd=tmp_path)
    assert damaged.returncode == 2
    assert "is damaged" in damaged.stderr
    assert damaged.stderr.count("\n") == 1
    nothing = command("--resume", "--output_dir=new", "--epochs=x", cwd=tmp_path)
    assert nothing.returncode == 2


@pytest.mark.slow
def test_the_command_says_that_another_run_has_the_folder(tmp_path, tiny, command):
    with tiny(*GIVEN, *SMALL, "--epochs=100000", "--output_dir=output") as process:
        wait_until((tmp_path / "output" / "50.png").exists, "50.png")
        done = command(*GIVEN, "--output_dir=output", "--image_size=0", cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr == (
            f"nst_main.py: another run is painting into output (process {process.pid}): wait until it ends, or "
            "choose another folder\n"
        )
        process.signal(signal.SIGKILL)
        process.finish()
    with folder.lock(tmp_path / "output"):
        pass  # a killed run's lock has gone with it
