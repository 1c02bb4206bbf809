"""Many pictures in one command: its files, what it does not paint again, and how it resumes."""

import csv
import dataclasses
import functools
import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from nst import run
from nst.batch import cancel_list, estimate, report, serial, worklist
from nst.batch.cancel_list import CancelList
from nst.batch.executor import Batch, Outcome
from nst.batch.journal import Hashes, Journal
from nst.batch.worklist import Work
from nst.config import TransferConfig
from nst.engine import architecture, memory
from nst.images import reader, writer
from nst.inputs import MaskInputs
from nst.video.stylize import stylize_video
from tests.support import clips, fake_vgg, warm

SMALL = ("--image_size=64", "--epochs=4", "--print_every=2", "--video=none")


def start(folder, *words):
    """Gives the command while it runs."""
    return warm.commands().start("nst.batch", "--model=net.mat", *SMALL, *words, cwd=folder)


def wait_for(path, seconds=60):
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} does not appear"
        time.sleep(0.01)


def batch(folder, *words):
    done = warm.commands().run("nst.batch", "--model=net.mat", *SMALL, *words, cwd=folder)
    return done.returncode, done.stdout, done.stderr


def table(folder):
    with open(folder / "batch/summary.csv", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


PAIR = ("--content=one.png", "--content=two.png", "--style=style.png", "--sweep=alpha=5,50")


def test_pictures_equal_those_of_single_runs_and_are_not_painted_again(pictures):
    status, said, errors = batch(pictures, *PAIR)
    assert (status, errors) == (0, ""), said
    rows = table(pictures)
    assert list(rows) == ["one-style-alpha=5", "two-style-alpha=5", "one-style-alpha=50", "two-style-alpha=50"]
    config = TransferConfig(image_size=64, epochs=4, print_every=2, video="none", alpha=50)
    alone = run.stylize(pictures / "two.png", pictures / "style.png", None, fake_vgg.network(), config)
    folder = pictures / "batch/two-style-alpha=50"
    np.testing.assert_array_equal(reader.read(folder / "generated_image.png"), alone.picture)
    assert float(rows["two-style-alpha=50"]["total"]) == pytest.approx(alone.rows[-1].total)
    left = {path.name for path in folder.iterdir()} - {".nst.lock"}
    assert left >= {"0.png", "2.png", "costs.csv", "config.json", "flags.txt", "thumbnail.jpg", "generated_image.jpg"}
    assert "resume" not in left
    page = (pictures / "batch/index.html").read_text()
    assert page.count("<li>") == 4
    assert "two-style-alpha%3D50/thumbnail.jpg" in page
    before = (folder / "generated_image.png").stat().st_mtime_ns
    status, said, _ = batch(pictures, *PAIR)
    assert (status, said) == (0, "4 pictures, 4 of them finished\n")
    assert (folder / "generated_image.png").stat().st_mtime_ns == before
    (folder / "generated_image.png").unlink()
    status, said, _ = batch(pictures, *PAIR, "--content=style.png")
    assert status == 0
    assert said.startswith("6 pictures, 3 of them finished\n")
    assert [line for line in said.splitlines() if "finished, " in line and line.startswith("[")].__len__() == 3
    (pictures / "one.png").write_bytes((pictures / "two.png").read_bytes())
    status, said, _ = batch(pictures, *PAIR)
    assert said.startswith("4 pictures, 2 of them finished\n"), "another picture of the same name is another picture"


def test_videos_are_painted_like_single_runs_in_folders_of_their_own(pictures):
    """Beside pictures; a repeated command joins the frames again where only the video is missing."""
    clips.write(pictures / "clip.mp4", clips.scene(3))
    (pictures / "list.csv").write_text("content;style\nclip.mp4;style.png\none.png;style.png\n")
    words = ("--jobs=list.csv", "--epochs=3")
    status, said, errors = batch(pictures, *words)
    assert (status, errors) == (0, ""), said
    assert said.startswith("1 picture and 1 video, 0 of them finished\n[1/2] clip-style: finished, 3 frames in ")
    folder = pictures / "batch/clip-style"
    config = TransferConfig(image_size=64, epochs=3)
    alone = stylize_video(
        pictures / "clip.mp4", pictures / "style.png", pictures / "alone", fake_vgg.network(), config
    )  # fmt: skip
    row = table(pictures)["clip-style"]
    assert (row["status"], row["picture"], row["total_variation"]) == ("finished", "clip-style/painted.mp4", "")
    assert float(row["total"]) == pytest.approx(alone.rows[-1].total)
    frames = sorted((folder / "frames").iterdir())
    assert len(frames) == 3
    for frame in frames:
        np.testing.assert_array_equal(reader.read(frame), reader.read(pictures / "alone/frames" / frame.name))
    page = (pictures / "batch/index.html").read_text()
    assert '<a href="clip-style/painted.mp4"><img loading="lazy" src="clip-style/thumbnail.jpg"' in page
    assert f"--content_video={pictures / 'clip.mp4'}\n" in (folder / "flags.txt").read_text()
    assert not (folder / "RESUME.txt").exists()
    (folder / "painted.mp4").unlink()
    before = [frame.stat().st_mtime_ns for frame in frames]
    assert batch(pictures, *words)[1].startswith("1 picture and 1 video, 1 of them finished\n")
    assert (folder / "painted.mp4").is_file()
    assert [frame.stat().st_mtime_ns for frame in frames] == before
    assert batch(pictures, *words)[1] == "1 picture and 1 video, 2 of them finished\n"
    assert "  clip-style: a video, whose time is not estimated\n" in batch(pictures, *words, "--force", "--dry_run")[1]


def test_a_stopped_video_resumes_with_the_frames_that_it_has(pictures):
    clips.write(pictures / "clip.mp4", clips.scene(3), sound=None)
    config = TransferConfig(image_size=64, epochs=2)
    one = Work("clip", pictures / "clip.mp4", (pictures / "style.png",), str(pictures / "net.mat"), config)
    events = []
    for name, stop in (("whole", False), ("cut", True), ("cut", False)):
        events.clear()
        stops = functools.partial(lambda stop: stop and any(kind == "frame" for _, kind, _ in events), stop)
        serial.execute(Batch([one], pictures / name, lambda *event: events.append(event), stops))
        outcome = events[-1][2]["outcome"]
        assert (outcome.status, outcome.frames) == (("stopped", 1) if stop else ("finished", 3))
    assert [values for _, kind, values in events[:-1]] == [{"painted": n, "frames": 3} for n in (1, 2, 3)]
    for frame in (pictures / "whole/clip/frames").iterdir():
        np.testing.assert_array_equal(reader.read(frame), reader.read(pictures / "cut/clip/frames" / frame.name))


def test_trouble_with_videos_thumbnails_and_the_overview_fails_nothing(pictures, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/bin/false")
    for name in ("one-style/thumbnail.jpg/in", "index.html/in"):
        (pictures / "batch" / name).mkdir(parents=True)
    status, said, errors = batch(pictures, "--content=one.png", "--style=style.png", "--video=mp4")
    assert status == 0, said
    assert "one-style: the video batch/one-style/progress.mp4 cannot be written: " in said
    assert "one-style: no thumbnail.jpg: " in said
    assert "[1/1] one-style: finished, 4 epochs in " in said
    assert errors == f"Warning: no overview: cannot write {Path('batch/index.html')}: it is a folder, not a file\n"
    assert batch(pictures, "--content=one.png", "--style=style.png", "--video=mp4")[1].endswith(" 1 of them finished\n")


def test_files_that_are_skipped_are_named_on_the_screen_and_on_the_page(pictures):
    (pictures / "in").mkdir()
    (pictures / "one.png").rename(pictures / "in/one.png")
    (pictures / "in/drawing.svg").write_text("<svg/>")
    status, said, _ = batch(pictures, "--content=in", "--style=style.png")
    assert status == 0
    sentence = "Skipped drawing.svg: it is an SVG drawing: open it in an image editor and save it as JPEG or PNG"
    assert said.startswith(f"{sentence}\n1 picture, 0 of them finished\n")
    assert f"<p>{sentence}</p>" in (pictures / "batch/index.html").read_text()
    status, _, errors = batch(pictures, "--content=in/*.svg", "--style=style.png")
    assert status == 2
    assert "no picture matches in/*.svg: skipped drawing.svg: it is an SVG drawing" in errors


def test_a_failure_is_recorded_and_the_others_continue(pictures):
    words = ("--content=broken.png", *PAIR[:3])
    status, said, errors = batch(pictures, *words)
    assert status == 1
    assert "Not finished: broken-style: broken.png is a damaged" in errors
    assert "Traceback" not in errors + said
    rows = table(pictures)
    assert [row["status"] for row in rows.values()] == ["failed", "finished", "finished"]
    assert "damaged" in rows["broken-style"]["reason"]
    assert "damaged" in (pictures / "batch/index.html").read_text()
    (pictures / "broken.png").write_bytes((pictures / "one.png").read_bytes())
    status, said, errors = batch(pictures, *words)
    assert (status, errors) == (0, "")
    assert said.startswith("3 pictures, 2 of them finished\n")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_batch_resumes(pictures, number):
    words = ("--content=one.png", "--content=two.png", "--style=style.png", "--epochs=100", "--print_every=1")
    with start(pictures, *words) as process:
        wait_for(pictures / "batch/one-style/10.png")
        process.signal(number)
        done = process.finish()
    if number == signal.SIGINT:
        assert done.returncode == 130
        assert "To resume: " in done.stdout
        painted = len((pictures / "batch/one-style/costs.csv").read_text().splitlines()) - 1
        assert 10 < painted < 100
        assert table(pictures)["two-style"]["status"] == "missing"
    status, said, errors = batch(pictures, *words)
    assert (status, errors) == (0, "")
    assert said.startswith("2 pictures, 0 of them finished\n")
    config = TransferConfig(image_size=64, epochs=100, print_every=1, video="none")
    alone = run.stylize(pictures / "one.png", pictures / "style.png", None, fake_vgg.network(), config)
    ours = reader.read(pictures / "batch/one-style/generated_image.png")
    np.testing.assert_array_equal(ours, alone.picture)
    if number == signal.SIGINT:
        assert not list((pictures / "batch/one-style").glob("earlier-*")), "it was resumed, not started again"


@pytest.mark.slow
def test_a_cancelled_picture_ends_and_stays_out_until_its_line_is_removed(pictures):
    """The first of three while it is painted, the third, by a pattern, before; another line names none."""
    words = ("--style=style.png", "--jobs=list.csv", "--print_every=50")
    (pictures / "list.csv").write_text("name,content,epochs\none,one.png,100000\ntwo,two.png,4\nstyle,style.png,4\n")
    listed = pictures / "batch/cancel.txt"
    with start(pictures, *words) as process:
        wait_for(pictures / "batch/one/50.png")
        listed.write_text("one # too dark\nst*\nnone\n")
        done = process.finish()
    said = done.stdout
    assert (done.returncode, done.stderr) == (0, ""), said
    assert "] one: cancelled, " in said
    assert "] style: cancelled\n" in said
    assert f"{Path('batch/cancel.txt')}: no picture of this batch is called 'none'" in said
    rows = table(pictures)
    assert [row["status"] for row in rows.values()] == ["cancelled", "finished", "cancelled"]
    assert 50 < int(rows["one"]["epochs"]) < 100000
    reader.read(pictures / "batch" / rows["one"]["picture"])
    listed.write_text("one\n")
    status, said, _ = batch(pictures, *words)
    assert status == 0
    assert said.splitlines()[0] == f"3 pictures, 1 of them finished, 1 cancelled in {Path('batch/cancel.txt')}"
    rows = table(pictures)
    assert [row["status"] for row in rows.values()] == ["cancelled", "finished", "finished"]
    assert int(rows["one"]["epochs"]) > 50, "what is known of it is kept"


def test_the_cancel_list_is_read_again_when_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(cancel_list, "_POLL", 0.0)
    said = []
    unwanted = CancelList(tmp_path, ["a-x", "b-x", "b-y"], said.append)
    path = tmp_path / cancel_list.FILE
    assert "a-x" not in unwanted
    path.write_bytes(b"\xef\xbb\xbfb-?\r\n\n# a-x\nB-Y\n")
    assert [name in unwanted for name in ("a-x", "b-x", "b-y", "c")] == [False, True, True, False]
    path.write_text("a-x\nB-Y\n")
    assert [name in unwanted for name in ("a-x", "b-x", "b-y")] == [True, False, False]
    assert said == [f"{path}: no picture of this batch is called 'B-Y'"]
    path.write_text("b-y # as PowerShell writes it\r\n", encoding="utf-16")
    assert [name in unwanted for name in ("a-x", "b-x", "b-y")] == [False, False, True]
    path.unlink()
    assert "a-x" not in unwanted
    path.mkdir()
    assert "a-x" not in unwanted
    assert "a-x" not in unwanted
    assert len(said) == 2
    assert "cannot be read and is ignored" in said[1]


def test_a_row_may_name_masks(pictures):
    """The picture of the row is that of a run with the masks, and its folder records the masks."""
    mask = np.zeros((46, 64, 3), np.uint8)
    mask[:, :32] = 255
    (pictures / "left.png").write_bytes(writer.encode(mask, "png"))
    (pictures / "list.csv").write_text("content,style,content_mask\none.png,style.png,left.png\none.png,style.png,\n")
    given = {"image_size": 64, "epochs": 4, "video": "none"}
    rows = worklist.read_rows(pictures / "list.csv")
    works = worklist.plan([], [], rows, [], str(pictures / "net.mat"), "coursera", given)
    serial.execute(Batch(works, pictures, lambda *_: None))
    masked, plain = (pictures / each.name for each in works)
    alone = run.stylize(
        pictures / "one.png", pictures / "style.png", None, fake_vgg.network(), works[0].config,
        masks=MaskInputs(content=pictures / "left.png"),
    )  # fmt: skip
    found = reader.read(masked / "generated_image.png")
    np.testing.assert_array_equal(found, alone.picture)
    assert (found != reader.read(plain / "generated_image.png")).any()
    assert f"--content_mask={pictures / 'left.png'}\n" in (masked / "flags.txt").read_text()
    key = Hashes(pictures).key(works[0], pictures / "net.mat")
    of_the_style = dataclasses.replace(works[0], content_masks=(), style_masks=works[0].content_masks)
    assert Hashes(pictures).key(of_the_style, pictures / "net.mat") != key
    mask[:, 16:] = 0
    (pictures / "left.png").write_bytes(writer.encode(mask, "png"))
    assert Hashes(pictures).key(works[0], pictures / "net.mat") != key, "another mask is another picture"


@pytest.mark.slow
def test_shards_share_the_list_and_force_paints_again(pictures):
    for index in range(2):
        status, said, errors = batch(pictures, *PAIR, f"--shard={index}/2")
        assert (status, errors) == (0, ""), said
        assert said.startswith("2 pictures, 0 of them finished\n")
    status, said, _ = batch(pictures, *PAIR)
    assert said == "4 pictures, 4 of them finished\n"
    assert [row["status"] for row in table(pictures).values()] == ["finished"] * 4
    status, said, _ = batch(pictures, *PAIR[:3], "--force", "--alpha=5")
    assert status == 0
    assert (pictures / "batch/one-style-alpha=5/earlier-1").is_dir(), "what was there is kept"


def test_a_dry_run_lists_and_paints_nothing(pictures):
    status, said, _ = batch(pictures, *PAIR, "--content=broken.png", "--dry_run")
    assert status == 1
    lines = said.splitlines()
    assert lines[0] == "6 pictures, 0 of them finished"
    assert lines[1].startswith("  one-style-alpha=5: 64×46, 4 epochs, about ")
    assert "broken.png is a damaged" in said
    assert lines[-1].startswith("In all about ")
    assert not (pictures / "batch").exists()


def test_an_estimate_counts_every_step_and_its_operations(pictures):
    one = work(pictures, epochs=10, scales=2, image_size=64)
    network = fake_vgg.network()
    flops = 5 * sum(
        architecture.step_flops(network, *size, architecture.wanted(one.config)) for size in ((23, 32), (46, 64))
    )
    found = estimate.estimate(one, network, lambda config: estimate.Speed(0.5, 1e-9))
    assert found.size == (64, 46)
    assert found.seconds == pytest.approx(10 * 0.5 + 1e-9 * flops)
    assert found.memory > 0


@pytest.mark.parametrize("masks", [0, 2])
@pytest.mark.parametrize("changes", [{}, {"scales": 2, "style_scale": 2.0}])
def test_an_estimate_asks_for_the_memory_that_the_run_asks_for(pictures, monkeypatch, masks, changes):
    """The same sizes, regions and tiles, with a style that is larger than the content among them."""
    asked = []

    def tile_size(network, config, height, width, free, guides=0):
        asked.append((config.precision, height, width, guides))
        return 0

    monkeypatch.setattr(memory, "tile_size", tile_size)
    network = fake_vgg.network()
    one = work(pictures, epochs=2, image_size=64, video="none", **changes)
    mask = np.zeros((46, 64, 3), np.uint8)
    mask[:, :32] = 255
    given = []
    for index in range(masks):
        given.append(pictures / f"mask{index}.png")
        given[-1].write_bytes(writer.encode(mask if index else 255 - mask, "png"))
    one = dataclasses.replace(one, styles=one.styles * 2, content_masks=tuple(given))
    found = estimate.estimate(one, network, lambda config: estimate.Speed(0.5, 1e-9))
    estimated = asked.copy()
    asked.clear()
    run.stylize(one.content, one.styles, None, network, one.config, masks=MaskInputs(given or None))
    assert estimated == asked
    assert asked[-1][3] == masks
    needs = [
        memory.needed(network, one.config.changed(precision=precision), height, width, 0, guides)
        for precision, height, width, guides in asked
    ]
    assert found.memory == max(needs)


def test_a_speed_is_measured_once_for_settings_of_the_same_work(pictures, monkeypatch):
    measured = []
    stylize = run.stylize
    monkeypatch.setattr(run, "stylize", lambda *words: measured.append(words[4]) or stylize(*words))
    speed = estimate.speedometer(fake_vgg.network())
    first = speed(TransferConfig(alpha=3))
    assert speed(TransferConfig(alpha=30, image_size=800, seed=3)) == first
    assert min(first) >= 0
    assert first.flop > 0
    assert [config.image_size for config in measured] == list(estimate.SIDES)
    speed(TransferConfig(optimizer="lbfgs"))
    assert {config.optimizer for config in measured[2:]} == {"lbfgs"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--content=none.png", "--style=style.png"), "there is no picture 'none.png'"),
        (("--content=one.png",), "there is no style picture: name one"),
        (("--content=one.png", "--style=style.png", "--sweep=alpha"), "write the name of a setting and its values"),
        (("--content=one.png", "--style=style.png", "--shard=2/2"), "shard is '2/2'"),
        (("--content=one.png", "--style=style.png", "--epochs=0"), "epochs is 0"),
        (("--content=one.png", "--style=style.png", "--engine=steam"), "engine is 'steam'"),
        (("--jobs=none.csv",), "cannot read none.csv: No such file or directory"),
        (("--content=one.png", "--style=style.png", "--model=none.mat"), "the network none.mat is not there"),
    ],
)
def test_an_error_is_one_line(pictures, words, sentence):
    status, said, errors = batch(pictures, *words)
    assert status in (1, 2)
    assert said == ""
    assert sentence in errors
    assert errors.count("\n") == 1
    assert not (pictures / "batch").exists()


def work(pictures, **changes):
    return Work("one-style", pictures / "one.png", (pictures / "style.png",), "m", TransferConfig(**changes))


def test_a_key_depends_on_settings_and_inputs(pictures):
    net, hashes = pictures / "net.mat", Hashes(pictures)
    key = hashes.key(work(pictures), net)
    assert hashes.key(work(pictures), net) == key == Hashes(pictures).key(work(pictures), net)
    assert hashes.key(work(pictures, alpha=11.0), net) != key
    hashes.save()
    (pictures / "one.png").touch()
    assert Hashes(pictures).key(work(pictures), net) == key, "only the time is another one"
    (pictures / "one.png").write_bytes((pictures / "two.png").read_bytes())
    assert Hashes(pictures).key(work(pictures), net) != key
    start_from = work(pictures, init=str(pictures / "two.png"))
    before = hashes.key(start_from, net)
    (pictures / "two.png").write_bytes((pictures / "style.png").read_bytes())
    assert Hashes(pictures).key(start_from, net) != before


def test_a_journal_survives_a_truncated_line_and_never_assigns_a_folder_twice(tmp_path, pictures):
    def record(kept, key, name, *outcome):
        kept.record(dataclasses.replace(work(pictures), key=key, name=name), Outcome(*outcome))

    finished = "finished", "", 4, 1.5, {"total": 2.0}
    kept = Journal(tmp_path)
    assert kept.folder("k1", "a") == "a"
    record(kept, "k1", "a", *finished)
    with open(tmp_path / "journal.jsonl", "ab") as file:
        file.write(b'{"key": "k2", "na')
    kept = Journal(tmp_path, "1/3")
    assert kept.outcomes == {"k1": Outcome(*finished)}
    assert kept.folder("k1", "b") == "a"
    assert kept.folder("k3", "a") == "a-2"
    assert kept.folder("k4", "a") == "a-3"
    record(kept, "k3", "a-2", "failed", "why")
    record(Journal(tmp_path), "k5", "c", "finished", "", 1)
    again = Journal(tmp_path)
    assert set(again.outcomes) == {"k1", "k3", "k5"}
    assert not again.done("k1"), "its picture is not there"
    (tmp_path / "a").mkdir()
    (tmp_path / "a/generated_image.png").touch()
    assert again.done("k1")
    assert not again.done("k3")


def test_the_page_shows_names_as_text(tmp_path):
    odd = Work("x", tmp_path / "<b>&.png", (tmp_path / "s.png",), "m", TransferConfig(), {"alpha": "<5>"})
    page = report.page(tmp_path, [(odd, Outcome("failed", "<i>why"))])
    assert "&lt;b&gt;&amp;.png" in page
    assert "<i>" not in page
    assert "<5>" not in page


def test_the_serial_executor_reports_every_event(pictures):
    events = []
    one = work(pictures, epochs=3, image_size=64, video="none")
    works = [dataclasses.replace(one, name=name, model=str(pictures / "net.mat")) for name in ("w0", "w1")]
    serial.execute(Batch(works, pictures, lambda *event: events.append(event)))
    kinds = [(each.name, kind) for each, kind, _ in events]
    assert kinds == [(name, kind) for name in ("w0", "w1") for kind in ("started", "epoch", "epoch", "epoch", "ended")]
    outcome = events[-1][2]["outcome"]
    assert (outcome.status, outcome.epochs) == ("finished", 3)
    assert events[3][2]["left"] == 0
    assert json.loads((pictures / "w1/config.json").read_text())["run"]["ended"] == "finished"
    events.clear()
    serial.execute(Batch(works, pictures, lambda *event: events.append(event), lambda: True))
    assert events == []


def test_a_missing_network_fails_only_its_pictures(pictures):
    events = []
    good = work(pictures, epochs=2, image_size=64, video="none")
    networks = {"a": "gone.mat", "b": "net.mat"}
    works = [dataclasses.replace(good, name=name, model=str(pictures / net)) for name, net in networks.items()]
    serial.execute(Batch(works, pictures, lambda *event: events.append(event)))
    ended = {each.name: values["outcome"] for each, kind, values in events if kind == "ended"}
    assert (ended["a"].status, ended["b"].status) == ("failed", "finished")
    assert "gone.mat is not there" in ended["a"].reason
