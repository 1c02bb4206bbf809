import csv
import errno
import json
import os
import shutil
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from nst.config import TransferConfig
from nst.images import reader
from nst.output import folder as output_folder
from nst.output import metadata, progress_video, recorder
from nst.output.checkpoint import RunManifest
from nst.output.recorder import CostRow, Originals, Recorder
from nst.utils import atomic
from tests.output.test_video_writer import probe
from tests.support import clips

CONTENT = np.full((20, 30, 3), (200, 30, 60), np.uint8)
STYLE = np.full((10, 40, 3), (20, 90, 180), np.uint8)
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def row(epoch):
    return CostRow(epoch, 100.0 - epoch, 1.0, 2.25 - epoch / 100, 3.0, 0.5 * (epoch + 1))


def make(folder, config, **changes):
    recorder.folder.make(folder)
    originals = changes.pop("originals", Originals(CONTENT, [STYLE], None))
    details, flags = changes.pop("details", {"content": "me.jpg"}), changes.pop("flags", {"model": "auto"})
    plan = RunManifest(config, {}, details, flags, "float32", [config.epochs], [0])
    return Recorder(folder, plan, originals, **{"warn": lambda sentence: None, "how": str, **changes})


@pytest.fixture(autouse=True)
def no_encoder_left(monkeypatch):
    """These tests drop records whose encoder is still running."""
    made = []
    real = progress_video.VideoWriter
    monkeypatch.setattr(
        progress_video, "VideoWriter", lambda *args, **options: made.append(real(*args, **options)) or made[-1]
    )
    yield
    for writer in made:
        writer.discard()


def run(folder, config, epochs=None, **changes):
    kept = make(folder, config, **changes)
    for epoch in range(config.epochs if epochs is None else epochs):
        kept.add(row(epoch), PICTURE if kept.wants_picture(epoch) else None)
    return kept.finish(PICTURE, lambda: PICTURE.astype(np.float32), "finished"), kept


def test_what_is_left_on_request(tmp_path):
    config = TransferConfig(epochs=2, contact_sheet=True, picture_16bit="png", video_layout="side_by_side", video="gif")
    written, kept = run(tmp_path, config)
    assert {"contact_sheet", "picture_16bit", "progress"} < set(written)
    assert kept.troubles == []
    assert written["picture_16bit"].name == "generated_image_16bit.png"
    np.testing.assert_array_equal(reader.read(written["picture_16bit"]), PICTURE)
    assert metadata.read(written["picture_16bit"]).config == config
    sheet = reader.read(written["contact_sheet"])
    for colour in (CONTENT[0, 0], STYLE[0, 0]):
        assert (np.abs(sheet.astype(int) - colour).max(axis=2) == 0).sum() >= 20 * 30
    # Half the size, as every gif.
    assert reader.read(written["progress"]).shape == (10, (30 + 8 + 80 + 8 + 30) // 2, 3)
    run(tmp_path, TransferConfig(epochs=1, picture_16bit="tiff", video="none"))
    assert {"contact_sheet.png", "generated_image_16bit.png"} < set(names(tmp_path / "earlier-1"))
    assert "contact_sheet.png" not in names(tmp_path)
    np.testing.assert_array_equal(reader.read(tmp_path / "generated_image_16bit.tiff"), PICTURE)


def test_pictures_are_as_transparent_as_the_content(tmp_path):
    opacity = np.zeros((20, 30), np.uint8)
    opacity[:, 10:] = 255
    opacity[:, 25:] = 100
    config = TransferConfig(epochs=2, print_every=1, picture_16bit="png")
    run(tmp_path, config, originals=Originals(CONTENT, [STYLE], opacity))
    for name in ("0.png", "1.png", "generated_image.png", "generated_image_16bit.png"):
        picture, found = reader.read_with_alpha(tmp_path / name)
        np.testing.assert_array_equal(found, opacity, err_msg=name)
        np.testing.assert_array_equal(picture[:, 10:25], PICTURE[:, 10:25], err_msg=name)
    assert reader.read_with_alpha(tmp_path / "generated_image.jpg")[1] is None


def test_a_flag_with_several_values_has_a_line_for_each(tmp_path):
    config = TransferConfig(init="me.png", video="none")
    make(tmp_path, config, flags={"style_image_filename": ["a.jpg", "b.jpg"], "init": "/me.png"})
    lines = (tmp_path / "flags.txt").read_text().splitlines()
    assert [line for line in lines if "style_image" in line or "init" in line] == [
        "--style_image_filename=a.jpg", "--style_image_filename=b.jpg", "--init=/me.png",
    ]  # fmt: skip
    assert {"--contact_sheet=false", "--style_weights="} < set(lines)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_everything_a_run_leaves(tmp_path):
    config = TransferConfig(epochs=7, print_every=3, video_every=2)
    written, kept = run(tmp_path, config)
    fixed = ["config.json", "costs.csv", "costs.png", "flags.txt", "generated_image.jpg", "generated_image.png"]
    assert names(tmp_path) == ["0.png", "3.png", "6.png", *fixed, "progress.mp4", "resume"]
    assert set(written) == {"picture", "jpg", "progress", "costs", "plot"}
    assert kept.troubles == []
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "generated_image.png")), PICTURE)


def test_costs_csv_has_a_row_for_every_epoch(tmp_path):
    run(tmp_path, TransferConfig(epochs=5, print_every=2))
    with open(tmp_path / "costs.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "total", "content", "style", "total_variation", "seconds"]
    assert [int(found["epoch"]) for found in rows] == [0, 1, 2, 3, 4]
    assert [float(found["style"]) for found in rows] == pytest.approx([2.25, 2.24, 2.23, 2.22, 2.21])
    assert float(rows[4]["seconds"]) == 2.5


def test_settings_are_kept_in_three_places(tmp_path):
    config = TransferConfig(epochs=2, alpha=3.5)
    run(tmp_path, config)
    document = json.loads((tmp_path / "config.json").read_text())
    assert TransferConfig.from_json(document["settings"]) == config
    assert document["content"] == "me.jpg"
    assert document["run"]["ended"] == "finished"
    assert document["run"]["epochs"] == 2
    text = json.loads(Image.open(tmp_path / "generated_image.png").text["nst"])
    assert TransferConfig.from_json(text["settings"]) == config
    lines = (tmp_path / "flags.txt").read_text().splitlines()
    assert "--model=auto" in lines
    assert "--alpha=3.5" in lines
    assert "--content_layers=conv4_2=1" in lines


def test_a_new_run_moves_the_earlier_one_and_nothing_else(tmp_path):
    run(tmp_path, TransferConfig(epochs=6, print_every=2))
    for foreign in ("5.png", "8.png", "notes.txt", "me.jpg"):
        (tmp_path / foreign).write_text("mine")
    earlier = {
        name: (tmp_path / name).read_bytes() for name in ("0.png", "2.png", "4.png", "costs.csv", "progress.mp4")
    }
    run(tmp_path, TransferConfig(epochs=1, print_every=1, video="none"))
    assert {"5.png", "8.png", "notes.txt", "me.jpg", "earlier-1"} <= set(names(tmp_path))
    assert not {"2.png", "4.png", "progress.mp4"} & set(names(tmp_path))
    for name, data in earlier.items():
        assert (tmp_path / "earlier-1" / name).read_bytes() == data
    run(tmp_path, TransferConfig(epochs=1, video="none"))
    assert (tmp_path / "earlier-2" / "generated_image.png").exists()


def test_a_foreign_file_in_the_way_is_moved_not_lost(tmp_path):
    (tmp_path / "0.png").write_text("mine")
    (tmp_path / "config.json").write_text("[not ours")
    (tmp_path / "20.png").write_text("mine too")
    run(tmp_path, TransferConfig(epochs=1, video="none"))
    assert (tmp_path / "earlier-1" / "0.png").read_text() == "mine"
    assert (tmp_path / "earlier-1" / "config.json").read_text() == "[not ours"
    assert (tmp_path / "20.png").read_text() == "mine too"


def test_what_a_killed_run_was_writing_is_removed_and_its_state_moved(tmp_path):
    (tmp_path / ".progress.0123abcd.mp4").write_text("half a video")
    (tmp_path / ".nst-0123456789abcdef.part").write_text("half a picture")
    (tmp_path / "resume").mkdir()
    (tmp_path / "resume" / "state-0.npz").write_text("a state")
    run(tmp_path, TransferConfig(epochs=1, video="none"))
    assert (tmp_path / "earlier-1" / "resume" / "state-0.npz").read_text() == "a state"
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".nst.lock"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "output").write_text("a file")
    with pytest.raises(OSError, match="output"):
        make(tmp_path / "output", TransferConfig())


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no folder here that even root cannot write")
def test_a_folder_that_is_there_but_cannot_be_written():
    with pytest.raises(OSError, match=r"cannot write into the output folder /proc/self: .+; choose another folder"):
        output_folder.make(Path("/proc/self"))


def test_a_disk_that_fills_up_costs_the_video_and_not_the_picture(tmp_path, monkeypatch):
    """Frames and costs fail once the disk is full; the video is deleted, and the picture fits."""
    said = []
    config = TransferConfig(epochs=4, print_every=1)
    kept = make(tmp_path, config, warn=said.append)
    kept.add(row(0), PICTURE)
    late = time.monotonic() + 20
    while not list(tmp_path.rglob("*.h264")):  # which ffmpeg makes when it has started
        assert time.monotonic() < late
        time.sleep(0.01)
    real = atomic.write_bytes

    def full(path, data):
        if list(tmp_path.rglob("*.h264")):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path, data)

    monkeypatch.setattr(recorder.atomic, "write_bytes", full)
    for epoch in range(1, 4):
        kept.add(row(epoch), PICTURE)
    written = kept.finish(PICTURE, lambda: PICTURE.astype(np.float32), "finished")
    assert written["picture"] == tmp_path / "generated_image.png"
    assert "progress" not in written
    assert not list(tmp_path.glob("*progress*"))
    assert len(said) == 2, "a repeated problem is reported once"
    assert "No space left on device" in said[0]
    assert "the video was deleted" in said[1]
    np.testing.assert_array_equal(np.asarray(Image.open(written["picture"])), PICTURE)


def test_a_folder_that_vanishes_is_made_again(tmp_path):
    place = tmp_path / "output"
    kept = make(place, TransferConfig(epochs=1, video="none"))
    shutil.rmtree(place)
    kept.add(row(0), PICTURE)
    written = kept.finish(PICTURE, lambda: PICTURE.astype(np.float32), "finished")
    assert kept.troubles == []
    np.testing.assert_array_equal(np.asarray(Image.open(written["picture"])), PICTURE)
    assert {"0.png", "costs.csv", "costs.png", "config.json"} <= set(names(place))


def test_a_folder_that_can_no_longer_be_written_leaves_the_picture_elsewhere(tmp_path, monkeypatch):
    place, refuge = tmp_path / "output", tmp_path / "refuge"
    refuge.mkdir()
    monkeypatch.setattr(recorder.tempfile, "tempdir", str(refuge))
    kept = make(place, TransferConfig(epochs=1, video="none"))
    shutil.rmtree(place)
    place.write_text("a file in the way")
    kept.add(row(0), PICTURE)
    written = kept.finish(PICTURE, lambda: PICTURE.astype(np.float32), "finished")
    assert refuge in written["picture"].parents
    np.testing.assert_array_equal(np.asarray(Image.open(written["picture"])), PICTURE)
    assert any(str(written["picture"]) in sentence for sentence in kept.troubles)


def test_nowhere_to_write_is_reported_and_is_no_crash(tmp_path, monkeypatch):
    kept = make(tmp_path, TransferConfig(epochs=1, video="none"))
    kept.add(row(0), PICTURE)

    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recorder.atomic, "write_bytes", full)
    monkeypatch.setattr(recorder.tempfile, "mkdtemp", lambda **options: full(None, None))
    assert kept.finish(PICTURE, lambda: PICTURE.astype(np.float32), "finished") == {}
    assert any("could not be saved" in sentence for sentence in kept.troubles)


def test_a_picture_too_wide_for_jpeg_is_reported_and_no_error(tmp_path):
    wide = np.zeros((1, 65_501, 3), np.uint8)
    kept = make(tmp_path, TransferConfig(epochs=1, video="none"))
    kept.add(row(0), wide)
    written = kept.finish(wide, lambda: wide.astype(np.float32), "finished")
    assert set(written) == {"picture", "costs", "plot"}
    assert "generated_image.jpg" in kept.troubles[0]


@pytest.mark.parametrize("earlier", ['{"program": "nst x", "settings": []}', "[" * 100_000, '{"program": 3}'])
def test_a_strange_config_json_is_moved_and_no_error(tmp_path, earlier):
    (tmp_path / "config.json").write_text(earlier)
    run(tmp_path, TransferConfig(epochs=1, video="none"))
    assert (tmp_path / "earlier-1" / "config.json").read_text() == earlier


def test_a_pipe_called_config_json_hangs_nothing(tmp_path):
    os.mkfifo(tmp_path / "config.json")
    run(tmp_path, TransferConfig(epochs=1, video="none"))
    assert (tmp_path / "config.json").is_file()


def test_frames_of_another_versions_run_are_moved(tmp_path):
    run(tmp_path, TransferConfig(epochs=3, print_every=1, video="none"), details={"content": "ünï.jpg"})
    document = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    document["settings"]["a_setting_of_tomorrow"] = 1
    (tmp_path / "config.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    run(tmp_path, TransferConfig(epochs=1, video="none"))
    assert not {"1.png", "2.png"} & set(names(tmp_path))


def test_a_file_in_the_way_of_the_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(
            OSError, match=f"cannot write into the output folder {place}: a file is in the way"
        ) as raised:
            make(place, TransferConfig())
        assert "Errno" not in str(raised.value)


def test_a_dead_encoder_is_started_again(tmp_path):
    kept = make(tmp_path, TransferConfig(epochs=6, video_every=1))
    for epoch in range(6):
        kept.add(row(epoch), PICTURE)
        clips.kill_encoders()
    written = kept.finish(PICTURE, lambda: PICTURE.astype(np.float32), "finished")
    assert kept.troubles == []
    assert probe(written["progress"])[3] == 6 + 25


def test_an_encoder_that_dies_again_is_reported_once_and_survived(tmp_path, monkeypatch):
    said = []
    config = TransferConfig(epochs=60, print_every=20, video_every=1)
    kept = make(tmp_path, config, warn=said.append)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: "/bin/false")
    for epoch in range(60):
        kept.add(row(epoch), PICTURE)
    written = kept.finish(PICTURE, lambda: PICTURE.astype(np.float32), "finished")
    assert "picture" in written
    assert "progress" not in written
    assert len(said) == 1
    assert "without a video" in said[0]


@pytest.mark.parametrize(
    ("module", "function", "what", "left"),
    [
        ("montage", "contact_sheet", "contact sheet", "plot"),
        ("plot", "cost_curve", "cost curve", "contact_sheet"),  # which then has all but the curve
    ],
)
def test_what_cannot_be_drawn_is_a_warning_and_no_trouble(tmp_path, monkeypatch, module, function, what, left):
    monkeypatch.setattr(getattr(recorder, module), function, lambda *_: 1 / 0)
    told = []
    record = make(tmp_path, TransferConfig(epochs=2, video="none", contact_sheet=True), warn=told.append)
    record.add(row(0), PICTURE)
    files = record.finish(PICTURE, lambda: PICTURE.astype(np.float32), "finished")
    assert told == [f"the {what} could not be drawn: division by zero"]
    assert record.troubles == []
    assert {"picture", "jpg", "costs", left} == set(files)
    assert json.loads((tmp_path / "config.json").read_text())["run"]["ended"] == "finished"
