"""Video stylisation from end to end: resumed, shared between machines, stopped, with sound, and rejected."""

import csv
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from nst import inputs
from nst.config import TransferConfig
from nst.engine import loop, snapshot
from nst.images import color_transfer, decode, reader, writer
from nst.inputs import Callbacks
from nst.output import folder
from nst.utils.ffmpeg import VideoError
from nst.utils.shard import Shard
from nst.video import frame_painter, frame_store, stylize
from nst.video.frame_store import FrameRow
from tests.conftest import ROOT, Killed
from tests.support import clips, fake_vgg
from tests.video.conftest import assert_refused

pytest.importorskip("cv2")
NETWORK = fake_vgg.network()
CONFIG = TransferConfig(epochs=6, image_size=0, optimizer="lbfgs", scales=2, init="content", beta=0.01)
STYLE = np.random.default_rng(7).integers(0, 256, (32, 40, 3), dtype=np.uint8)
FRAMES = [*clips.scene(4, seed=1), *clips.scene(3, seed=2), *clips.scene(3, seed=3)]
FIRSTS = (0, 4, 7)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return clips.write(tmp_path_factory.mktemp("clip") / "clip.mp4", FRAMES)


def paint(
    clip, place, config=CONFIG, on_frame=lambda row: None, stop=lambda: False, on_trouble=lambda text: None, **more
):
    callbacks = Callbacks(on_step=on_frame, stop=stop, on_trouble=on_trouble)
    return stylize.stylize_video(clip, [STYLE], place, NETWORK, config, callbacks=callbacks, **more)


@pytest.fixture(scope="module")
def whole(clip, tmp_path_factory):
    """The clip painted without an interruption: (folder, film)."""
    place = tmp_path_factory.mktemp("whole")
    return place, paint(clip, place)


def frames(place):
    return {path.name: reader.read(path) for path in sorted((place / "frames").iterdir())}


def assert_same_frames(place, other):
    found, expected = frames(place), frames(other)
    assert list(found) == list(expected)
    for name, picture in expected.items():
        np.testing.assert_array_equal(found[name], picture, err_msg=name)


def table(place):
    with open(place / "costs.csv", newline="") as file:
        return [FrameRow(*(float(value) for value in row)) for row in list(csv.reader(file))[1:]]


def without_seconds(rows):
    return [row._replace(seconds=0) for row in rows]


def test_a_video_is_painted_with_everything_that_it_leaves(whole, clip):
    place, film = whole
    assert film.ended == "finished"
    assert (film.frames, film.video) == (10, place / "painted.mp4")
    assert list(frames(place)) == [f"{number:06d}.png" for number in range(10)]
    assert {picture.shape for picture in frames(place).values()} == {(32, 48, 3)}
    assert clips.facts(film.video)[:2] == ("h264", "aac")
    assert clips.facts(film.video)[2] == pytest.approx(10 / 8, abs=0.15)
    assert clips.heard(film.video, 10 / 8) == pytest.approx(440, abs=2)
    shown = clips.decoded(film.video).astype(int)
    assert np.abs(shown - np.stack(list(frames(place).values()))).mean() < 12
    document = json.loads((place / "config.json").read_text())
    assert document["scenes"] == [[0, 4], [4, 7], [7, 10]]
    assert document["run"]["ended"] == "finished"
    assert TransferConfig.from_json(document["settings"]) == CONFIG
    assert not (place / "RESUME.txt").exists()
    assert "--video=" not in (place / "flags.txt").read_text(), "it would be rejected"


def test_the_table_has_the_costs_of_every_frame(whole):
    place, film = whole
    header = (place / "costs.csv").read_text().splitlines()[0]
    assert header == "frame,scene,epochs,total,content,style,temporal,seconds"
    rows = table(place)
    assert [row.frame for row in rows] == list(range(10))
    assert [row.scene for row in rows] == [0] * 4 + [1] * 3 + [2] * 3
    # Half of the smaller size's 3, three quarters of the final one's, and once more 0.4 of that where something is new.
    assert {row.epochs for row in rows if row.frame not in FIRSTS} <= {4, 5}
    assert all(row.epochs == 6 for row in rows if row.frame in FIRSTS)
    for before, row in zip([rows[0], *rows], rows, strict=False):
        assert (row.temporal == 0) == (row.frame in FIRSTS)
        held = CONFIG.temporal_weight * CONFIG.beta * before.style * row.temporal
        parts = CONFIG.alpha * row.content + CONFIG.beta * row.style + held
        assert row.total == pytest.approx(parts, rel=1e-4)
        assert row.seconds > 0
    assert [row.total for row in film.rows] == pytest.approx([row.total for row in rows], rel=1e-6)


def test_a_scene_starts_afresh_and_the_first_frame_is_painted_as_a_picture(whole, clip):
    from nst import run
    from nst.video import footage

    source = footage.probe(clip, 0)
    filmed = list(footage.frames(source))
    for number in FIRSTS:
        alone = run.stylize(filmed[number], STYLE, None, NETWORK, CONFIG).picture
        np.testing.assert_array_equal(frames(whole[0])[f"{number:06d}.png"], alone)


def test_it_flickers_less_than_frames_painted_alone():
    """Along the known motion of one pixel to the left, with noise in the start."""
    config = TransferConfig(epochs=12, image_size=96, optimizer="lbfgs", init="blend", noise_ratio=0.5, beta=0.01)
    filmed = clips.scene(4, 64, 96, seed=5)

    def flicker(painted):
        steps = [two[4:-4, 4:-5].astype(float) - one[4:-4, 5:-4] for one, two in itertools.pairwise(painted)]
        return np.mean(np.abs(steps))

    found = {}
    with frame_painter.FramePainter(inputs.prepare(filmed[0], [STYLE], config), NETWORK, config) as brush:
        for held in (False, True):
            out = []
            for number, frame in enumerate(filmed):
                before = []
                if held and number:
                    picture, style = out[-1]
                    before = [frame_painter.Before(filmed[number - 1], lambda picture=picture: picture, style)]
                painted = brush.paint(frame, before)
                out.append((painted.picture, painted.costs.style))
            found[held] = flicker([picture for picture, _ in out])
    assert found[True] < 0.5 * found[False]


def test_the_background_behind_an_object_comes_back_as_it_was():
    """A disc that rests for a frame: what it uncovers was last seen three frames before."""
    columns, rows = np.meshgrid(np.arange(96), np.arange(64))
    discs = [(columns - left) ** 2 + (rows - 32) ** 2 < 8**2 for left in (24, 44, 44, 84)]
    filmed = [np.where(disc[..., np.newaxis], (200, 60, 40), (120, 170, 220)).astype(np.uint8) for disc in discs]
    config = TransferConfig(epochs=8, image_size=96, optimizer="lbfgs", init="blend", noise_ratio=0.5, beta=0.01)
    change = {}
    with frame_painter.FramePainter(inputs.prepare(filmed[0], [STYLE], config), NETWORK, config) as brush:
        for used in (1, 3):
            out: list[frame_painter.Painted] = []
            for number, frame in enumerate(filmed):
                before = [
                    frame_painter.Before(earlier, lambda done=done: done.picture, done.costs.style)
                    for earlier, done in zip(filmed[:number][::-1], out[::-1], strict=True)
                ]
                out.append(brush.paint(frame, before[:used]))
            first, last = (out[number].picture[discs[1]].astype(float) for number in (0, 3))
            change[used] = np.abs(last - first).mean()
    assert change[3] < 0.5 * change[1]


@pytest.mark.parametrize("where", ["step", "write"])
def test_a_killed_run_is_resumed_bit_for_bit(whole, clip, tmp_path, monkeypatch, where):
    """Killed in the middle of frame 2, or while its file is being written."""
    begun = []

    def die(row):
        begun.append(row.frame)

    with monkeypatch.context() as patched:
        if where == "step":
            steps = loop.steps

            def dying(*arguments, **options):
                for step in steps(*arguments, **options):
                    if len(begun) == 2 and step.epoch == 2:
                        raise Killed
                    yield step

            patched.setattr(loop, "steps", dying)
        else:
            keep = frame_store.FrameStore.keep

            def dying(self, picture, row):
                if row.frame == 2:
                    (self.path(2).parent / ".nst-0123456789abcdef.part").write_bytes(b"half of a frame")
                    raise Killed
                keep(self, picture, row)

            patched.setattr(frame_store.FrameStore, "keep", dying)
        with pytest.raises(Killed):
            paint(clip, tmp_path, on_frame=die)
    assert begun == [0, 1]
    assert "resume=True" in (tmp_path / "RESUME.txt").read_text()
    painted = []
    film = paint(clip, tmp_path, resume=True, on_frame=lambda row: painted.append(row.frame))
    assert painted == list(range(2, 10)), "what is finished is not painted again"
    assert film.ended == "finished"
    assert_same_frames(tmp_path, whole[0])
    assert without_seconds(film.rows) == without_seconds(whole[1].rows)
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".nst.lock"]


def test_a_frame_that_is_missing_in_the_middle_is_painted_again_alike(whole, clip, tmp_path):
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / "frames" / "000005.png").unlink()
    painted = []
    paint(clip, tmp_path, on_frame=lambda row: painted.append(row.frame))
    assert painted == [5]
    assert_same_frames(tmp_path, whole[0])


def test_frames_that_repeat_are_painted_once(tmp_path):
    first, second = clips.scene(2)
    path = clips.write(tmp_path / "still.mp4", [first, first, first, second, second], sound="", options="-qp 0")
    film = paint(path, tmp_path / "out")
    painted = list(frames(tmp_path / "out").values())
    assert [row.epochs for row in film.rows] == [6, 0, 0, 5, 0]
    assert [row.total for row in film.rows] == [film.rows[number].total for number in (0, 0, 0, 3, 3)]
    assert [[np.array_equal(one, two) for one in painted] for two in (painted[0], painted[3])] == [
        [True, True, True, False, False],
        [False, False, False, True, True],
    ]
    (tmp_path / "out" / "frames" / "000001.png").unlink()
    assert without_seconds(paint(path, tmp_path / "out").rows) == without_seconds(film.rows)
    assert clips.starts(film.video) == [number / 8 for number in range(5)]


def test_how_a_video_is_read_is_said_once(tmp_path):
    options = "-vf setparams=color_trc=smpte2084 -color_trc smpte2084"
    path = clips.write(tmp_path / "hdr.mp4", clips.scene(2), sound="", options=options)
    said = []
    paint(path, tmp_path / "out", on_trouble=said.append)
    assert said == [f"{path} has a high dynamic range (PQ): it is tone-mapped to sRGB"]


def test_luminance_and_adam_are_resumed_bit_for_bit_too(clip, tmp_path):
    config = TransferConfig(epochs=3, image_size=0, beta=0.01, preserve_color="luminance")
    one, two = tmp_path / "one", tmp_path / "two"
    paint(clip, one, config)
    count = []
    film = paint(clip, two, config, on_frame=count.append, stop=lambda: len(count) == 3)
    assert film.ended == "stopped"
    assert paint(clip, two, config, resume=True).ended == "finished"
    assert_same_frames(two, one)
    filmed, painted = FRAMES[1].astype(float), frames(one)["000001.png"].astype(float)
    chroma = [np.stack([p[..., 0] - p[..., 1], p[..., 2] - p[..., 1]]) for p in (filmed, painted)]
    assert np.corrcoef(chroma[0].ravel(), chroma[1].ravel())[0, 1] > 0.8, "the colours are the frame's own"


def test_a_stop_leaves_a_video_of_what_is_painted(whole, clip, tmp_path):
    count = []
    film = paint(clip, tmp_path, on_frame=count.append, stop=lambda: len(count) == 3)
    assert film.ended == "stopped"
    assert [row.frame for row in film.rows] == [0, 1, 2]
    assert len(clips.decoded(film.video)) == 3
    assert clips.facts(film.video)[1] == "aac"
    assert len(table(tmp_path)) == 3
    assert json.loads((tmp_path / "config.json").read_text())["run"]["ended"] == "stopped"
    assert (tmp_path / "RESUME.txt").exists()
    assert paint(clip, tmp_path, stop=lambda: True).video is not None, "nothing is lost by a second stop"
    assert len(frames(tmp_path)) == 3


def test_a_stop_in_the_first_frame_leaves_no_video(clip, tmp_path):
    film = paint(clip, tmp_path, stop=lambda: True)
    assert (film.ended, film.rows, film.video) == ("stopped", [], None)


@pytest.mark.parametrize("apart", [True, False])
def test_machines_share_the_scenes(whole, clip, tmp_path, apart):
    """Each in its own folder, whose frames are then copied together, or all in one."""
    painted = []
    places = [tmp_path / (str(number) if apart else "0") for number in range(2)]
    for number, place in enumerate(places):
        film = paint(clip, place, shard=Shard.parse(f"{number}/2"), on_frame=lambda row: painted.append(row.frame))
        if apart:
            assert film.video is None
    assert painted == [0, 1, 2, 3, 7, 8, 9, 4, 5, 6]
    if apart:
        shutil.copytree(places[1] / "frames", places[0] / "frames", dirs_exist_ok=True)
    film = paint(clip, places[0], on_frame=lambda row: painted.append(row.frame))
    assert len(painted) == 10, "a run that finds all frames only puts them together"
    assert film.ended == "finished"
    assert len(clips.decoded(film.video)) == 10
    assert_same_frames(places[0], whole[0])
    assert without_seconds(table(places[0])) == without_seconds(table(whole[0]))


def test_two_machines_may_paint_into_one_folder_but_not_the_same_scenes(clip, tmp_path):
    with folder.lock(tmp_path, "0-of-2"):
        paint(clip, tmp_path, shard=Shard.parse("1/2"))
        with pytest.raises(folder.BusyError, match="another run is painting"):
            paint(clip, tmp_path, shard=Shard.parse("0/2"))


def test_other_settings_or_another_video_are_not_mixed_in(whole, clip, tmp_path):
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    other = clips.write(tmp_path / "other.mp4", FRAMES[:3])
    for options in ({"resume": True}, {"shard": Shard.parse("0/2")}):
        with pytest.raises(snapshot.CheckpointError, match=r"beta is 0\.02, but was 0\.01"):
            paint(clip, tmp_path, CONFIG.changed(beta=0.02), **options)
        with pytest.raises(snapshot.CheckpointError, match="the video has changed"):
            paint(other, tmp_path, **options)
    assert_same_frames(tmp_path, whole[0])
    # Begun anew, everything of the earlier run is moved together.
    assert paint(other, tmp_path).frames == 3
    assert_same_frames(tmp_path / "earlier-1", whole[0])
    assert (tmp_path / "earlier-1" / "painted.mp4").exists()


def test_a_frame_of_something_else_is_noticed(whole, clip, tmp_path):
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    path = tmp_path / "frames" / "000003.png"
    writer.write(path, FRAMES[0])
    with pytest.raises(snapshot.CheckpointError, match=r"000003\.png is a frame of another video or of other settings"):
        paint(clip, tmp_path)
    path.write_bytes(b"no picture")
    with pytest.raises(snapshot.CheckpointError, match=r"000003\.png cannot be read: move it away"):
        paint(clip, tmp_path)


def test_a_picture_moves_a_video_away_and_a_video_a_picture(whole, clip, tmp_path):
    from nst import run

    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / "mine.txt").write_text("mine")
    run.stylize(FRAMES[0], STYLE, tmp_path, NETWORK, CONFIG)
    assert_same_frames(tmp_path / "earlier-1", whole[0])
    assert not (tmp_path / "frames").exists()
    paint(clip, tmp_path, stop=lambda: True)
    assert (tmp_path / "earlier-2" / "generated_image.png").exists()
    assert not (tmp_path / "resume").exists()
    assert (tmp_path / "mine.txt").exists()


def test_a_disk_that_is_full_leaves_what_is_painted(clip, tmp_path, monkeypatch):
    keep = frame_store.FrameStore.keep

    def full(self, picture, row):
        if row.frame == 2:
            raise OSError(28, "No space left on device")
        keep(self, picture, row)

    with monkeypatch.context() as patched:
        patched.setattr(frame_store.FrameStore, "keep", full)
        with pytest.raises(OSError, match="No space left"):
            paint(clip, tmp_path)
    assert len(table(tmp_path)) == 2
    assert paint(clip, tmp_path).ended == "finished"


def test_a_video_of_odd_sides_without_sound_and_in_tiles(tmp_path):
    clip = clips.write(tmp_path / "odd.mkv", clips.scene(3, 51, 75), sound="")
    film = paint(clip, tmp_path / "out", CONFIG.changed(image_size=71, tile_size=32, scales=1))
    assert clips.facts(film.video)[:2] == ("h264", None)
    assert clips.decoded(film.video).shape == (3, 48, 72, 3)


def test_the_transparent_part_of_a_style_is_left_out_of_a_video_too(command, tmp_path):
    """By the command, with a mask that is a cut-out: as with both by hand."""
    fake_vgg.write(tmp_path / "net.mat")
    clips.write(tmp_path / "clip.mp4", FRAMES[:2])
    opacity = np.zeros(STYLE.shape[:2], np.uint8)
    opacity[:, 8:] = 255
    see_through = np.dstack([STYLE, opacity])
    Image.fromarray(see_through).save(tmp_path / "style.png")
    Image.fromarray(reader.read(see_through)).save(tmp_path / "white.png")
    Image.fromarray(see_through).save(tmp_path / "cutout.png")
    words = ("--model=net.mat", "--content_video=clip.mp4", "--epochs=2", "--image_size=0")
    for name, more in (("a", ["style.png"]), ("b", ["white.png", "--style_mask=cutout.png"])):
        style, *masks = more
        done = command(*words, f"--style_image_filename={style}", *masks, f"--output_dir={name}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert_same_frames(tmp_path / "a", tmp_path / "b")


def test_grey_frames_stay_grey_and_coloured_ones_coloured(tmp_path):
    grey = [color_transfer.luminance(frame) for frame in FRAMES[:2]]
    clip = clips.write(tmp_path / "clip.mp4", [*grey, FRAMES[4]])
    film = stylize.stylize_video(clip, color_transfer.luminance(STYLE), tmp_path / "out", NETWORK, CONFIG)
    assert film.frames == 3
    colourful = [int(np.ptp(picture, axis=2).max()) for picture in frames(tmp_path / "out").values()]
    assert colourful[:2] == [0, 0] < colourful[2:]


def test_what_cannot_be_painted_is_an_error_before_a_folder_is_made(clip, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    place = tmp_path / "out"
    with pytest.raises(VideoError, match="cannot be read as a video"):
        paint(tmp_path / "text.mp4", place)
    with pytest.raises(ValueError, match="is too small"):
        paint(clip, place, CONFIG.changed(image_size=20))
    with pytest.raises(decode.PictureError, match="nowhere"):
        stylize.stylize_video(clip, ["nowhere.png"], place, NETWORK, CONFIG)
    assert not place.exists()


def test_a_video_that_cannot_be_written_is_one_warning_and_can_be_joined_later(clip, tmp_path):
    said = []

    def block(row):
        if row.frame == 9:
            (tmp_path / "out/painted.mp4").mkdir()

    film = paint(clip, tmp_path / "out", CONFIG.changed(epochs=2), block, on_trouble=said.append)
    assert (film.ended, len(film.rows), film.video) == ("finished", 10, None)
    assert len(said) == 1
    assert re.search(r"painted\.mp4 cannot be written: .*; the painted frames are kept: run it again to join", said[0])
    assert (tmp_path / "out/RESUME.txt").exists()
    (tmp_path / "out/painted.mp4").rmdir()
    again = paint(clip, tmp_path / "out", CONFIG.changed(epochs=2), lambda row: pytest.fail("nothing is painted"))
    assert clips.decoded(again.video).shape[0] == 10
    assert not (tmp_path / "out/RESUME.txt").exists()


# --- the command ---

COMMAND = ("--model=tiny.mat", "--style_image_filename=style.png", "--image_size=0", "--content_video=clip.mp4")


@pytest.fixture(scope="module")
def desk(tmp_path_factory, clip):
    place = tmp_path_factory.mktemp("desk")
    fake_vgg.write(place / "tiny.mat")
    writer.write(place / "style.png", STYLE)
    shutil.copy(clip, place / "clip.mp4")
    return place


def test_the_command_is_stopped_by_a_signal_and_resumed(command, desk):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    words = [*COMMAND, "--epochs=100", "--output_dir=out", "--optimizer=lbfgs"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "nst_main.py"), *words], cwd=desk, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (desk / "out" / "frames" / "000001.png").exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert said.splitlines()[1:3] == ["content_video :  clip.mp4", "style_image_filename :  style.png"]
    assert re.search(r"^Stopped with \d of 10 frames$", said, re.MULTILINE)
    assert re.search(r"^To resume: .*--resume --output_dir=", said, re.MULTILINE)
    done = len(list((desk / "out" / "frames").iterdir()))
    assert len(clips.decoded(desk / "out" / "painted.mp4")) == done < 10
    again = command("--resume", "--output_dir=out", cwd=desk)
    assert again.returncode == 0, again.stderr
    assert f"Resuming: {done} of 10 frames are painted" in again.stdout
    assert "Video: 10 frames of 48×32 pixels, 8 a second, 3 scenes" in again.stdout
    assert "Painted 10 of 10 frames" in again.stdout
    assert len(clips.decoded(desk / "out" / "painted.mp4")) == 10
    # Neither the folder nor its flags.txt need a flag more to name the video.
    for words in (["--resume", "--output_dir=out"], ["--flagfile=out/flags.txt"]):
        wrong = command(*words, "--shard=2/2", cwd=desk)
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert "shard is '2/2': write i/n" in wrong.stderr


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["--content_video=clip.mp4", "--content_image_filename=a.png"], 2, "contradict each other: give one of them"),
        (["--content_video=clip.mp4", "--shard=2/2"], 2, "shard is '2/2': write i/n"),
        (["--content_video=clip.mp4", "--video=gif"], 2, "video has no effect on a content_video"),
        (["--shard=0/2"], 2, "shard has no effect: there is no content_video"),
        (["--content_video=style.png.txt"], 1, "there is no video style.png.txt"),
        (["--content_video=tiny.mat"], 1, "tiny.mat cannot be read as a video"),
    ],
)
def test_a_wrong_command_is_one_line(command, desk, words, status, sentence):
    assert_refused(command, desk, words, status, sentence)
