"""Faults that are injected into whole runs: what was painted is kept, and the run goes on.

`test_resume` has the kills between epochs; `test_main` the signals; `test_transport` the network's faults.
"""

import contextlib
import datetime
import errno
import io
import json
import math
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from nst import run
from nst.config import TransferConfig
from nst.engine import loop, objective
from nst.engine.snapshot import CheckpointError
from nst.images import reader, resize, writer
from nst.inputs import Callbacks
from nst.output import checkpoint, folder, recorder, video_writer
from nst.utils import atomic, ffmpeg, hashing
from nst.weights import matconvnet
from tests.conftest import ROOT, Killed
from tests.output.test_checkpoint import EVERY, assert_same_run, rows_of
from tests.output.test_video_writer import probe
from tests.support import fake_vgg

CONFIG = TransferConfig(epochs=6, **EVERY)
LBFGS = TransferConfig(epochs=6, optimizer="lbfgs", **EVERY)
ALL_FILES = TransferConfig(epochs=4, contact_sheet=True, picture_16bit="png", **EVERY)


@pytest.fixture(scope="module")
def network():
    return fake_vgg.network()


@pytest.fixture(scope="module")
def pictures():
    rows, columns = np.mgrid[0:40, 0:56]
    content = np.stack([4 * rows + columns, 255 - 3 * columns, 128 + 80 * np.sin(rows / 5)], axis=-1).clip(0, 255)
    style = np.random.default_rng(7).integers(0, 256, (12, 8, 3), dtype=np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    return content.astype(np.uint8), style


@pytest.fixture(scope="module")
def whole(tmp_path_factory, network, pictures):
    """The folders of undisturbed runs."""
    found = {}

    def paint(config):
        if config not in found:
            found[config] = tmp_path_factory.mktemp("whole") / "output"
            run.stylize(*pictures, found[config], network, config)
        return found[config]

    return paint


# ---- killed


@pytest.mark.slow
def test_a_kill_at_every_change_of_the_disk(tmp_path, network, pictures, whole, always_keep, monkeypatch):
    """Cut before and after each file appears, vanishes or moves: the states and the folder never disagree."""
    config = TransferConfig(epochs=3, **EVERY)
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
    kills = int(os.environ.get("NST_KILLS", "12"))
    for limit in range(0, changes, max(1, changes // kills)):
        place = tmp_path / str(limit)
        shutil.copytree(earlier, place)
        assert count(place, limit) == limit
        run.stylize(*pictures, place, network, config, resume=True)
        assert_same_run(place, whole(config))
        shutil.rmtree(place)


PAINTER = """
import sys
from pathlib import Path
import numpy as np
from nst import run
from nst.images import reader
from nst.inputs import Callbacks
from nst.output import checkpoint
from nst.config import TransferConfig
from tests.support import fake_vgg

checkpoint._SECONDS, checkpoint._SHARE = float(sys.argv[2]), 1e9
config = TransferConfig(epochs=150, image_size=0, beta=0.01, print_every=20, video_every=2, optimizer=sys.argv[3])
content, style = (reader.read(name) for name in ("content.png", "style.png"))
run.stylize(content, style, sys.argv[1], fake_vgg.network(), config, resume=True,
            callbacks=Callbacks(on_start=lambda start: print(start.first, flush=True)))
print("done", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_sigkill_at_random_moments(tmp_path, pictures, optimizer):
    """Real processes, killed while they paint, write or start; NST_KILLS says how often each."""
    for name, picture in zip(("content.png", "style.png"), pictures, strict=True):
        writer.write(tmp_path / name, picture)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    kills = int(os.environ.get("NST_KILLS", "2"))
    drawn = random.Random(5)

    def started(place):
        return subprocess.Popen(
            [sys.executable, "-c", PAINTER, str(place), "0.05", optimizer],
            cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    with started(tmp_path / "whole") as process:
        assert process.stdout.readline() == "0\n"
        began = time.monotonic()
        assert process.stdout.readline() == "done\n"
        seconds = time.monotonic() - began
    reached = [0]
    while kills > 0:
        with started(tmp_path / "cut") as process:
            first = process.stdout.readline().strip()
            if not first or first == "done":
                break
            reached.append(int(first))
            time.sleep(drawn.uniform(0, 2 * seconds / (kills + 1)))
            process.send_signal(signal.SIGKILL)
            kills -= 1
    with started(tmp_path / "cut") as process:
        assert process.stdout.read().endswith("done\n")
    print("resumed at", reached)
    assert max(reached) > 0, "no kill came in the middle"
    assert_same_run(tmp_path / "cut", tmp_path / "whole")


SMALL = ("--image_size=0", "--beta=0.01", "--print_every=100")


def tiny_command(place, *words):
    """The command on a tiny network, slow enough to be caught while it paints."""
    if not (place / "tiny.mat").exists():
        fake_vgg.write(place / "tiny.mat")
        rng = np.random.default_rng(1)
        for name in ("content.png", "style.png"):
            writer.write(place / name, rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))
    given = ["--content_image_filename=content.png", "--style_image_filename=style.png", "--model=tiny.mat"]
    return subprocess.Popen(
        [sys.executable, str(ROOT / "nst_main.py"), *given, *SMALL, *words],
        cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def wait_for(path):
    deadline = time.monotonic() + 90
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.02)


@pytest.mark.slow
def test_the_command_goes_on_after_ctrl_c_twice_and_once(tmp_path, command):
    place = tmp_path / "output"
    with tiny_command(tmp_path, "--epochs=600", "--output_dir=output") as process:
        wait_for(place / "100.png")
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.001)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
    # No flag but where: pictures, network and settings are those of the run.
    note = (place / "RESUME.txt").read_text() if (place / "RESUME.txt").exists() else ""
    assert f"{ROOT / 'nst_main.py'} --resume --output_dir={place}" in note
    with subprocess.Popen(
        shlex.split(note.splitlines()[-1]), cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        wait_for(place / "200.png")
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Iteration 100" in out or "Resuming" in out
    assert re.search(r"To resume: .*nst_main\.py --resume --output_dir=", out)
    painted = checkpoint.read(place).epochs
    done = command("--resume", "--output_dir=output", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Resuming: {painted} of 600 epochs are painted" in done.stdout
    with tiny_command(tmp_path, "--epochs=600", "--output_dir=whole") as process:
        process.communicate(timeout=120)
    assert_same_run(place, tmp_path / "whole")
    assert not (place / "RESUME.txt").exists()


@pytest.mark.slow
def test_what_the_command_says_when_it_resumes(tmp_path, command):
    with tiny_command(tmp_path, "--epochs=3", "--output_dir=output", "--alpha=5") as process:
        process.communicate(timeout=60)
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


# ---- a full disk


KINDS = {
    **{name: name for name in ("0.png", "costs.csv", "costs.png", "config.json", "flags.txt", "RESUME.txt")},
    **{name: name for name in ("generated_image.png", "generated_image.jpg", "generated_image_16bit.png")},
    **{"contact_sheet.png": "contact_sheet.png", "state": r"state-\d\.npz"},
}


@pytest.mark.slow
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


@pytest.mark.slow
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


# ---- an output folder that goes, a second run, damaged states


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


@pytest.mark.slow
def test_the_command_says_that_another_run_has_the_folder(tmp_path, command):
    with tiny_command(tmp_path, "--epochs=100000", "--output_dir=output") as process:
        wait_for(tmp_path / "output" / "100.png")
        given = ["--content_image_filename=content.png", "--style_image_filename=style.png", "--model=tiny.mat"]
        done = command(*given, "--output_dir=output", "--image_size=0", cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr == (
            f"nst_main.py: another run is painting into output (process {process.pid}): wait until it ends, or "
            "choose another folder\n"
        )
        process.kill()
        process.communicate()
    with folder.lock(tmp_path / "output"):
        pass  # a killed run's lock has gone with it


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


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_and_the_one_before_it(tmp_path, network, pictures, whole, always_keep, killed, damage):
    killed(4, *pictures, tmp_path, network, LBFGS)
    newest = max((tmp_path / "resume").glob("state-*"), key=lambda path: path.stat().st_mtime_ns)
    assert checkpoint.read(tmp_path).epochs == 4
    newest.write_bytes(DAMAGES[damage](newest.read_bytes()))
    assert checkpoint.read(tmp_path).epochs == 3
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
    with pytest.raises(CheckpointError, match=r"was written by nst 0\.1\.0, this is nst"):
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


# ---- costs that are no numbers


class Bad:
    """Makes evaluations of the objective fail: those whose number, counted from 0, is in `when`."""

    def __init__(self, monkeypatch, when, value=math.nan, gradient=False):
        self.count = 0
        real, real_costs = objective.Objective.__call__, objective.Objective.costs

        def spoil(found):
            self.count += 1
            return found._replace(total=value) if self.count - 1 in when and not gradient else found

        def evaluate(goal, image):
            found, slope = real(goal, image)
            spoiled = spoil(found)
            if gradient and self.count - 1 in when:
                slope = slope.copy()
                slope[0, 3, 4, 1] = value
            return spoiled, slope

        monkeypatch.setattr(objective.Objective, "__call__", evaluate)
        monkeypatch.setattr(objective.Objective, "costs", lambda goal, image: spoil(real_costs(goal, image)))


@pytest.mark.slow
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("gradient", [False, True])
def test_adam_goes_back_and_halves_its_rate(tmp_path, network, pictures, monkeypatch, value, gradient):
    steps, told = [], []
    Bad(monkeypatch, {3, 4}, value, gradient)
    result = run.stylize(
        *pictures, tmp_path, network, CONFIG, callbacks=Callbacks(on_step=steps.append, on_trouble=told.append)
    )
    # Evaluation 3 is that of the picture of epoch 2, which is tried three times.
    assert told == [
        f"the cost after epoch 2 is not a finite number: continuing from the last good picture with half the learning "
        f"rate, {rate:g}"
        for rate in (1, 0.5)
    ]
    assert result.ended == "finished"
    assert [row.epoch for row in result.rows] == list(range(6))
    assert all(math.isfinite(value) for row in result.rows for value in row)
    # Adam's first step moves every value by its rate.
    assert np.abs(steps[2].image - steps[1].image).max() == pytest.approx(0.5, rel=1e-3)
    assert steps[-1].snapshot is not None
    assert checkpoint.read(tmp_path).snapshot.halvings == 2


@pytest.mark.parametrize("gradient", [False, True])
def test_lbfgs_shortens_its_step(tmp_path, network, pictures, monkeypatch, gradient):
    steps, told = [], []
    Bad(monkeypatch, {3, 4}, math.nan, gradient)
    result = run.stylize(
        *pictures, tmp_path, network, LBFGS, callbacks=Callbacks(on_step=steps.append, on_trouble=told.append)
    )
    assert told == [
        f"the cost after epoch {epoch} is not a finite number: continuing from the last good picture with a shorter "
        "step"
        for epoch in (2, 3)
    ]
    assert result.ended == "finished"
    np.testing.assert_array_equal(steps[2].image, steps[1].image)
    np.testing.assert_array_equal(steps[3].image, steps[1].image)
    assert result.rows[-1].total < result.rows[1].total


@pytest.mark.parametrize("config", [CONFIG, LBFGS], ids=["adam", "lbfgs"])
def test_costs_that_stay_bad_end_the_run_with_its_best_picture(tmp_path, network, pictures, monkeypatch, config):
    steps, told = [], []
    Bad(monkeypatch, range(4, 10**6))
    config = TransferConfig(**{**vars(config), "epochs": 30})
    result = run.stylize(
        *pictures, tmp_path, network, config, callbacks=Callbacks(on_step=steps.append, on_trouble=told.append)
    )
    assert result.ended == "diverged"
    assert "nor after 5 shorter steps: lower the learning rate" in told[-1]
    assert len(told) == 6
    np.testing.assert_array_equal(reader.read(tmp_path / "generated_image.png"), steps[2].picture)
    assert math.isfinite(result.rows[-1].total)


@pytest.mark.parametrize("config", [CONFIG, LBFGS], ids=["adam", "lbfgs"])
def test_a_start_without_a_finite_cost_is_an_error(tmp_path, network, pictures, monkeypatch, config):
    Bad(monkeypatch, range(10**6))
    with pytest.raises(loop.DivergedError, match="is not a finite number"):
        run.stylize(*pictures, tmp_path, network, config)


def test_a_rate_that_is_really_too_large_is_halved_until_it_paints(network, pictures):
    """The costs are quartic in the picture: float32 ends near 1e38."""
    told = []
    config = TransferConfig(epochs=3, learning_rate=2e9, **EVERY)
    result = run.stylize(*pictures, None, network, config, callbacks=Callbacks(on_trouble=told.append))
    assert result.ended == "finished"
    assert 1 <= len(told) <= 5
    assert math.isfinite(result.rows[-1].total)


@pytest.mark.slow
@pytest.mark.parametrize("config", [CONFIG, LBFGS], ids=["adam", "lbfgs"])
def test_a_run_killed_after_a_bad_cost_goes_on_the_same(
    tmp_path, network, pictures, always_keep, killed, monkeypatch, config
):
    with monkeypatch.context() as patched:
        Bad(patched, {2})
        run.stylize(*pictures, tmp_path / "whole", network, config)
    with monkeypatch.context() as patched:
        Bad(patched, {2})
        killed(4, *pictures, tmp_path / "cut", network, config)
    told = []
    run.stylize(*pictures, tmp_path / "cut", network, config, resume=True, callbacks=Callbacks(on_trouble=told.append))
    assert told == []
    assert_same_run(tmp_path / "cut", tmp_path / "whole")


@pytest.mark.parametrize("bad", [(3,), (3, 4), (3, 4, 5)])
def test_a_run_by_lbfgs_killed_at_a_bad_picture_goes_on_the_same(
    tmp_path, network, pictures, always_keep, killed, monkeypatch, bad
):
    """The same pictures are bad in every process, whatever the count of evaluations is."""
    marked, bad = set(), set(bad)
    real, real_costs, count = objective.Objective.__call__, objective.Objective.costs, iter(range(10**6))

    def spoiled(found, image):
        if next(count) in bad:
            marked.add(hashing.fingerprint(image))
        return found._replace(total=math.nan) if hashing.fingerprint(image) in marked else found

    def evaluate(goal, image):
        found, slope = real(goal, image)
        return spoiled(found, image), slope

    monkeypatch.setattr(objective.Objective, "__call__", evaluate)
    monkeypatch.setattr(objective.Objective, "costs", lambda goal, image: spoiled(real_costs(goal, image), image))
    run.stylize(*pictures, tmp_path / "whole", network, LBFGS)
    assert len(marked) == len(bad)
    bad.clear()
    for epoch in (3, 4):
        killed(epoch, *pictures, tmp_path / str(epoch), network, LBFGS)
        run.stylize(*pictures, tmp_path / str(epoch), network, LBFGS, resume=True)
        assert_same_run(tmp_path / str(epoch), tmp_path / "whole")


# ---- memory, clocks


def test_memory_that_runs_out_while_a_state_is_written(tmp_path, network, pictures, whole, always_keep, monkeypatch):
    real = checkpoint._write

    def write(file, arrays):
        if len(arrays) > 2:
            raise MemoryError
        real(file, arrays)

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "_write", write)
        result = run.stylize(*pictures, tmp_path, network, CONFIG)
    assert result.troubles == ["there was not enough memory to write a checkpoint, which resuming needs"]
    assert_same_run(tmp_path, whole(CONFIG))


@pytest.mark.slow
@pytest.mark.parametrize("config", [CONFIG, LBFGS], ids=["adam", "lbfgs"])
def test_memory_that_runs_out_for_good_ends_a_run_that_can_be_resumed(
    tmp_path,
    network,
    pictures,
    whole,
    always_keep,
    monkeypatch,
    config,
):
    calls = 0
    real = objective.Objective.__call__

    def evaluate(goal, image):
        nonlocal calls
        calls += 1
        if calls == 5:
            raise MemoryError("there is not enough memory")
        return real(goal, image)

    with monkeypatch.context() as patched:
        patched.setattr(objective.Objective, "__call__", evaluate)
        with pytest.raises(MemoryError):
            run.stylize(*pictures, tmp_path, network, config)
    assert (tmp_path / "generated_image.png").exists()
    assert json.loads((tmp_path / "config.json").read_text())["run"]["ended"] == "failed"
    run.stylize(*pictures, tmp_path, network, config, resume=True)
    assert_same_run(tmp_path, whole(config))


@pytest.mark.slow
def test_tiles_found_by_running_out_of_memory_are_kept(tmp_path, network, pictures, always_keep, killed, monkeypatch):
    """The second part of the run does not run out of memory again."""
    config = TransferConfig(epochs=6, scales=1, **EVERY)
    big = [resize.fit(picture, 112) for picture in pictures]
    real, real_init = objective.Objective._first_pass, objective.Objective.__init__
    told, sizes = [], []

    def first_pass(goal, image, **options):
        if goal.tile_size > 80:
            raise MemoryError
        return real(goal, image, **options)

    def made(goal, targets, network, config, height, width, tile_size=0, warn=None):
        sizes.append(tile_size)
        real_init(goal, targets, network, config, height, width, tile_size, warn)

    monkeypatch.setattr(objective.Objective, "_first_pass", first_pass)
    monkeypatch.setattr(objective.Objective, "__init__", made)
    killed(3, *big, tmp_path / "cut", network, config, on_trouble=told.append)
    assert any("memory ran out" in sentence for sentence in told)
    limit = checkpoint.read(tmp_path / "cut").snapshot.tile_limits[1]
    assert 32 <= limit <= 80
    told.clear()
    run.stylize(*big, tmp_path / "cut", network, config, resume=True, callbacks=Callbacks(on_trouble=told.append))
    assert sizes == [112, limit]
    assert told == []
    run.stylize(*big, tmp_path / "whole", network, config)
    assert_same_run(tmp_path / "cut", tmp_path / "whole")


def test_a_clock_that_is_set_changes_nothing(tmp_path, network, pictures, whole, always_keep, monkeypatch):
    """Back to 1970, on to 2100, at every look."""
    jumps = iter(range(10**9))
    real = time.time

    def jumping():
        return 0.0 if next(jumps) % 2 else real() + 2.4e9

    class Jumping(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.fromtimestamp(jumping(), tz)

    monkeypatch.setattr(time, "time", jumping)
    monkeypatch.setattr(time, "time_ns", lambda: int(jumping() * 1e9))
    monkeypatch.setattr(datetime, "datetime", Jumping)
    result = run.stylize(*pictures, tmp_path, network, CONFIG)
    seconds = [row.seconds for row in result.rows]
    assert seconds == sorted(seconds)
    assert 0 < seconds[-1] < 600
    assert result.troubles == []
    assert_same_run(tmp_path, whole(CONFIG))


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


def test_nothing_else_is_left_open(tmp_path, network, pictures, monkeypatch):
    """Encoders of runs that failed have ended."""
    processes = []
    real = subprocess.Popen

    class Noted(real):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            processes.append(self)

    monkeypatch.setattr(ffmpeg.subprocess, "Popen", Noted)

    def fail(step):
        if step.epoch == 2:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run.stylize(*pictures, tmp_path, network, CONFIG, callbacks=Callbacks(on_step=fail))
    assert processes
    assert all(process.poll() is not None for process in processes)
    assert imageio_ffmpeg.get_ffmpeg_exe() in processes[0].args[0]
    with Image.open(tmp_path / "generated_image.png") as picture:
        assert picture.size == (56, 40)


@pytest.mark.parametrize("error", [NotImplementedError, OSError(errno.ENOLCK, "No locks available")])
def test_a_file_system_without_locks_is_no_reason_not_to_paint(tmp_path, network, pictures, whole, monkeypatch, error):
    def acquire(lock, **options):
        raise error

    monkeypatch.setattr("filelock.FileLock.acquire", acquire)
    run.stylize(*pictures, tmp_path, network, CONFIG)
    assert_same_run(tmp_path, whole(CONFIG))


def test_a_device_without_the_precision_of_the_beginning(tmp_path, network, pictures, always_keep, killed, monkeypatch):
    """Another machine: it goes on in what it has, and says so."""
    config = TransferConfig(epochs=5, precision="auto", **EVERY)
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
