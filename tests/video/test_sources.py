"""Sources besides a whole opaque file: parts of videos, folders of frames, animations and transparent videos."""

import json
import re
import subprocess

import numpy as np
import pytest
from PIL import Image

from nst.config import TransferConfig
from nst.images import animation, writer
from nst.inputs import Callbacks
from nst.utils.ffmpeg import VideoError
from nst.video import assembly, footage, stylize
from nst.video.excerpt import Excerpt
from tests.support import animations, clips, fake_vgg
from tests.video.conftest import assert_refused

pytest.importorskip("cv2")
NETWORK = fake_vgg.network()
CONFIG = TransferConfig(epochs=2, image_size=0, optimizer="lbfgs", init="content", beta=0.01)
STYLE = np.random.default_rng(7).integers(0, 256, (32, 40, 3), dtype=np.uint8)


def paint(content, place, **more):
    return stylize.stylize_video(content, [STYLE], place, NETWORK, CONFIG, **more)


def ffmpeg(*words):
    subprocess.run([clips.FFMPEG, "-loglevel", "error", "-y", *map(str, words)], check=True)


def cut_outs(place, **options):
    """A folder of four transparent frames."""
    place.mkdir()
    for number in range(4):
        animations.drawn(number, **options).save(place / f"{number}.png")
    return place


# --- parts of a video ---


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """40 seconds of 2 frames each, of another brightness each, with a keyframe every 10."""
    path = tmp_path_factory.mktemp("numbered") / "clip.mp4"
    frames = [np.full((32, 48, 3), 3 * number, np.uint8) for number in range(80)]
    return clips.write(path, frames, 2, sound="", options="-g 10 -bf 2")


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(
    ("excerpt", "numbers", "times"),
    [
        (Excerpt(35, 36.5), [70, 71, 72], [0, 0.5, 1, 1.5]),
        (Excerpt(35.2, 36), [70, 71], [0, 0.3, 0.8]),
        (Excerpt(1, 2), [2, 3], [0, 0.5, 1]),
        (Excerpt(39), [78, 79], [0, 0.5, 1]),
        (Excerpt(32, 36, 0.5), [64, 68], [0, 2, 4]),
    ],
)
def test_a_part_has_the_frames_of_its_seconds(numbered, tmp_path, suffix, excerpt, numbers, times):
    path = tmp_path / f"clip.{suffix}"
    ffmpeg("-i", numbered, "-c", "copy", path)
    film, whole = footage.probe(path, 0, excerpt), list(footage.frames(footage.probe(path, 0)))
    np.testing.assert_array_equal(list(footage.frames(film)), [whole[number] for number in numbers])
    assert round(float(whole[70].mean()) / 3) in (69, 70, 71), "which have these numbers"
    assert [float(time) for time in film.times] == pytest.approx(times, abs=0.002)


def test_a_part_has_its_own_sound(numbered, tmp_path):
    tone = "aevalsrc='sin(2*PI*t*(440+440*gte(t,35)))':d=40"
    ffmpeg("-i", numbered, "-f", "lavfi", "-i", tone, "-c:v", "copy", "-c:a", "aac", tmp_path / "loud.mp4")
    for excerpt, pitch in ((Excerpt(33, 34.9), 440), (Excerpt(35.1, 37), 880), (Excerpt(38), 880)):
        film = footage.probe(tmp_path / "loud.mp4", 0, excerpt)
        assembly.assemble(tmp_path / "part.mp4", footage.frames(film), film)
        seconds = float(film.times[-1])
        assert clips.heard(tmp_path / "part.mp4", seconds) == pytest.approx(pitch, abs=3)
        assert clips.facts(tmp_path / "part.mp4")[2] == pytest.approx(seconds, abs=0.15)


def test_fewer_frames_per_second_last_as_long(tmp_path):
    clip = clips.write(tmp_path / "clip.mp4", clips.scene(12), 12)
    film = paint(clip, tmp_path / "out", excerpt=Excerpt(fps=4))
    assert film.frames == 4
    assert clips.facts(film.video)[2] == pytest.approx(1, abs=0.1)
    found = footage.probe(clip, 0, Excerpt(fps=30))
    assert found.count == 12
    assert found.notes == (f"video_fps is 30, more than the 12 of {clip}: all are painted",)
    assert not footage.probe(clip, 0, Excerpt(fps=12)).notes


def test_another_part_is_another_video(tmp_path):
    clip = clips.write(tmp_path / "clip.mp4", clips.scene(6), 6, sound="")
    paint(clip, tmp_path / "out", excerpt=Excerpt(0, 0.5))
    with pytest.raises(ValueError, match="the part of the video has changed"):
        paint(clip, tmp_path / "out", excerpt=Excerpt(0, 0.3), resume=True)
    assert paint(clip, tmp_path / "out", excerpt=Excerpt(0, 0.5), resume=True).frames == 3


def test_a_part_beyond_the_end_is_one_sentence(numbered):
    with pytest.raises(VideoError, match=r"video_start is 41, but .*clip\.mp4 ends after 40 seconds$"):
        footage.probe(numbered, 0, Excerpt(41))


# --- folders and patterns ---


def test_a_folder_is_painted_like_its_video(tmp_path):
    place = tmp_path / "frames"
    place.mkdir()
    for number, frame in enumerate(clips.scene(11)):
        writer.write(place / f"{number}.png", frame)
    film = paint(place, tmp_path / "out", excerpt=Excerpt(fps=5))
    assert (film.frames, film.video.name) == (11, "painted.mp4")
    assert clips.facts(film.video)[::2] == ("h264", pytest.approx(11 / 5, abs=0.1))
    filmed = list(footage.frames(footage.probe(place, 0)))
    np.testing.assert_array_equal(filmed, clips.scene(11))
    # Another rate shows the same frames.
    assert clips.facts(paint(place, tmp_path / "out", resume=True).video)[2] == pytest.approx(11 / 25, abs=0.1)
    part = footage.probe(place / "%d.png", 0, Excerpt(1, 1.5, 4))
    np.testing.assert_array_equal(list(footage.frames(part)), clips.scene(11)[4:6])


def test_a_video_is_not_painted_over_itself(tmp_path):
    clip = clips.write(tmp_path / "clip.mp4", clips.scene(2), sound="")
    paint(clip, tmp_path / "out")
    for source in ("frames", "frames/%06d.png", "painted.mp4"):
        with pytest.raises(ValueError, match=r"is in the output folder .*out, for files that are painted"):
            paint(tmp_path / "out" / source, tmp_path / "out")
    assert (tmp_path / "out" / "frames" / "000000.png").exists()


# --- animated and transparent sources ---


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
@pytest.mark.parametrize("opaque", [False, True])
def test_an_animation_gives_one_of_its_kind(tmp_path, suffix, opaque):
    source = animations.write(tmp_path / f"a.{suffix}", height=28, width=44, opaque=opaque, loop=1)
    film = paint(source, tmp_path / "out")
    assert film.video.name == f"painted.{suffix}"
    frames, milliseconds = animations.shown(film.video)
    assert milliseconds == animations.MILLISECONDS
    assert frames.shape == (4, 28, 44, 4)
    there = animations.opacities(4, height=28, width=44, opaque=opaque)
    np.testing.assert_array_equal(frames[..., 3] > 0, there)
    assert animation.probe(film.video).plays == animation.probe(source).plays
    stored = np.stack([np.asarray(Image.open(tmp_path / "out" / "frames" / f"{n:06d}.png")) for n in range(4)])
    assert stored.shape[3] == (3 if opaque else 4)
    assert np.abs(frames[there][:, :3].astype(int) - stored[there][:, :3]).mean() < 15


SOURCES = {
    "prores.mov": ("-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le", "painted.mov"),
    "vp9.webm": ("-c:v libvpx-vp9 -lossless 1 -pix_fmt yuva420p", "painted.webm"),
    "vp8.webm": ("-c:v libvpx -auto-alt-ref 0 -crf 4 -b:v 4M -pix_fmt yuva420p", "painted.webm"),
    "rle.mov": ("-c:v qtrle -pix_fmt argb", "painted.mov"),
    "folder": ("", "painted.mov"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_transparent_pixels_stay_transparent(tmp_path, name):
    options, result = SOURCES[name]
    source = folder = cut_outs(tmp_path / "folder")
    if options:
        source = tmp_path / name
        tone = ("-f", "lavfi", "-i", "sine=frequency=440:duration=0.8")
        ffmpeg("-framerate", 5, "-i", folder / "%d.png", *tone, *options.split(), source)
    film = footage.probe(source, 0, Excerpt() if options else Excerpt(fps=5))
    there = animations.opacities(4)
    inner = there & (np.roll(there, 2, 1) & np.roll(there, -2, 1) & np.roll(there, 2, 2) & np.roll(there, -2, 2))
    outer = ~(there | np.roll(there, 2, 1) | np.roll(there, -2, 1) | np.roll(there, 2, 2) | np.roll(there, -2, 2))
    for number, (picture, opacity) in enumerate(footage.frames_with_opacity(film)):
        assert opacity[inner[number]].min() > 240
        assert opacity[outer[number]].max() < 15
        assert picture[outer[number]].min() > 240, "the hidden colour is a glaring green"
    painted = paint(source, tmp_path / "out", excerpt=Excerpt(fps=5))
    assert painted.video.name == result
    decoder = ["-c:v", "libvpx-vp9"] if result.endswith("webm") else []
    command = [clips.FFMPEG, "-loglevel", "error", *decoder, "-i", painted.video, "-f", "rawvideo", "-pix_fmt", "rgba"]
    data = subprocess.run([*command, "pipe:1"], capture_output=True, check=True).stdout
    shown = np.frombuffer(data, np.uint8).reshape(4, 32, 48, 4)
    assert shown[..., 3][inner].min() > 240
    assert shown[..., 3][outer].max() < 15
    assert clips.facts(painted.video)[2] == pytest.approx(0.8, abs=0.1)
    if options:
        assert clips.heard(painted.video, 0.8) == pytest.approx(440, abs=10)


def test_hidden_colours_do_not_bleed_when_frames_are_scaled(tmp_path):
    found = {}
    for hidden in ((0, 255, 0), (255, 0, 255)):
        folder = cut_outs(tmp_path / f"{hidden[0]}", hidden=hidden)
        ffmpeg("-framerate", 5, "-i", folder / "%d.png", "-c:v", "qtrle", "-pix_fmt", "argb", folder / "clip.mov")
        for source in (folder, folder / "clip.mov"):
            frames = footage.frames_with_opacity(footage.probe(source, 31))
            found[hidden[0], source.name == "clip.mov"] = [np.dstack(frame) for frame in frames]
    for video in (False, True):
        np.testing.assert_array_equal(found[0, video], found[255, video])


def test_transparent_frames_are_resumed_alike(tmp_path):
    source = animations.write(tmp_path / "a.gif")
    paint(source, tmp_path / "whole")
    rows = []
    stopped = Callbacks(on_step=rows.append, stop=lambda: len(rows) == 2)
    assert paint(source, tmp_path / "part", callbacks=stopped).ended == "stopped"
    assert animations.shown(tmp_path / "part" / "painted.gif")[0].shape[0] == 2
    paint(source, tmp_path / "part", resume=True)
    for number in range(4):
        name = f"frames/{number:06d}.png"
        one, two = (Image.open(tmp_path / place / name) for place in ("whole", "part"))
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))


def test_opaque_frames_of_a_folder_may_become_transparent(tmp_path):
    """A run that is stopped before has written an mp4, which does not stay beside the other."""
    place = tmp_path / "f"
    place.mkdir()
    animations.drawn(0, opaque=True).save(place / "0.png")
    animations.drawn(1).save(place / "1.png")
    rows = []
    stopped = Callbacks(on_step=rows.append, stop=lambda: bool(rows))
    assert paint(place, tmp_path / "out", callbacks=stopped).video.name == "painted.mp4"
    assert paint(place, tmp_path / "out", resume=True).video.name == "painted.mov"
    assert not (tmp_path / "out" / "painted.mp4").exists()


@pytest.mark.parametrize("suffix", assembly.SUFFIXES)
def test_another_format_can_be_asked_for(tmp_path, suffix):
    source = animations.write(tmp_path / "a.gif", count=2, height=29, width=43)
    film = paint(source, tmp_path / "out", suffix=suffix)
    assert [path.name for path in (tmp_path / "out").glob("painted*")] == [film.video.name] == [f"painted{suffix}"]
    if suffix in (".gif", ".webp", ".png"):
        assert animations.shown(film.video)[1] == animations.MILLISECONDS[:2]
    else:
        assert clips.facts(film.video)[2] == pytest.approx(2.05, abs=0.02)
        assert clips.decoded(film.video).shape[1:] == (30, 44, 3)
    with pytest.raises(ValueError, match=r"cannot be written as '\.avi': use \.mp4, \.mov"):
        paint(source, tmp_path / "out", suffix=".avi")


# --- the command ---


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    place = tmp_path_factory.mktemp("desk")
    fake_vgg.write(place / "tiny.mat")
    writer.write(place / "style.png", STYLE)
    animations.write(place / "a.gif")
    clips.write(place / "clip.mp4", clips.scene(12), 12)
    cut_outs(place / "frames")
    return place


TINY = ("--model=tiny.mat", "--style_image_filename=style.png", "--image_size=0", "--epochs=1")


def test_the_command_paints_a_part_and_resumes_it(command, desk):
    part = ("--video_start=0.25", "--video_end=0.75", "--video_fps=6")
    done = command(*TINY, "--content_video=clip.mp4", *part, "--output_dir=part", cwd=desk)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Video: 3 frames of 48×32 pixels, 6 a second, 1 scene" in done.stdout
    flags = (desk / "part" / "flags.txt").read_text()
    assert re.findall(r"--video\w+=.*", flags) == ["--video_start=0.25", "--video_end=0.75", "--video_fps=6"]
    for words in (["--resume", "--output_dir=part"], ["--flagfile=part/flags.txt"]):
        again = command(*words, cwd=desk)
        assert "Resuming: 3 of 3 frames are painted" in again.stdout, again.stderr
    assert json.loads((desk / "part" / "config.json").read_text())["moving"]["flags"]["video_start"] == "0.25"


@pytest.mark.parametrize(("content", "video"), [("a.gif", "painted.gif"), ("frames/*.png", "painted.mov")])
def test_the_command_names_what_it_leaves(command, desk, content, video):
    place = video.replace(".", "-")
    done = command(*TINY, f"--content_video={content}", f"--output_dir={place}", cwd=desk)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"  video:          {place}/{video}\n" in done.stdout
    assert "Painted 4 of 4 frames" in command("--resume", f"--output_dir={place}", cwd=desk).stdout


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["--video_start=1"], 2, "video_start has no effect: there is no content_video"),
        (["--video_end=1"], 2, "video_end has no effect: there is no content_video"),
        (["--content_video=clip.mp4", "--video_start=-1"], 2, "video_start is -1: it must be 0 seconds or more"),
        (["--content_video=clip.mp4", "--video_start=2", "--video_end=1"], 2, "video_end is 1: it must be after"),
        (["--content_video=clip.mp4", "--video_start=99"], 1, "video_start is 99, but clip.mp4 ends after 1 second"),
        (["--content_video=style.png"], 1, "style.png is a single picture: give it as --content_image_filename"),
        (["--content_video=nothing/%d.png"], 1, "no file is called nothing/%d.png: give a folder of frames"),
        (["--content_video=part*"], 1, "no file is called part*"),
    ],
)
def test_a_wrong_command_is_one_line(command, desk, words, status, sentence):
    assert_refused(command, desk, words, status, sentence)
