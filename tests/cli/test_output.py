"""`--output`: just the finished picture or video, in the format of its suffix."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from nst import run
from nst.config import TransferConfig
from nst.images import reader, writer
from nst.output import metadata
from tests.support import clips, fake_vgg, warm

NOISE = np.random.default_rng(0).integers(0, 256, (30, 40, 4), dtype=np.uint8)
TINY = ("--model=tiny.mat", "--style_image_filename=style.png", "--image_size=0", "--epochs=2")
PICTURE = (*TINY, "--content_image_filename=content.png")


@pytest.fixture
def place(tmp_path):
    fake_vgg.write(tmp_path / "tiny.mat")
    writer.write(tmp_path / "content.png", NOISE[..., :3])
    writer.write(tmp_path / "glass.png", NOISE)
    writer.write(tmp_path / "style.png", NOISE[::-1, ::-1, :3])
    return tmp_path


def added(place):
    """The files and folders that a run has left, hidden ones too."""
    return sorted(set(os.listdir(place)) - {"tiny.mat", "content.png", "glass.png", "style.png", "clip.mp4"})


@pytest.mark.parametrize("name", ["a/b/art.PNG", "art.jpg", "art.webp", "art.tif"])
def test_only_the_picture_is_left_in_the_format_of_its_suffix(command, place, name):
    flag = "--output_dir" if name == "art.jpg" else "--output"
    done = command(*PICTURE, f"{flag}={name}", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()[-1:]] == [["picture:", name]]
    assert added(place) == [name.split("/")[0]]
    assert os.listdir((place / name).parent) == ["art.PNG"] or "/" not in name
    with Image.open(place / name) as picture:
        assert picture.format == {"PNG": "PNG", "jpg": "JPEG", "webp": "WEBP", "tif": "TIFF"}[name.rpartition(".")[2]]
        assert picture.size == (40, 30)
        assert "icc_profile" in picture.info or picture.info["srgb"] == 0
    if name.endswith(".PNG"):
        assert metadata.read(place / name).config.epochs == 2


def test_transparency_and_16_bits_are_kept(command, place):
    glass = [*TINY, "--content_image_filename=glass.png"]
    for words in (["--output=a.tiff"], ["--output=b.tiff", "--picture_16bit=tiff"], ["--output=c.png"]):
        assert command(*glass, *words, cwd=place).stderr == ""
    found, exact = reader.read_with_alpha(place / "a.tiff"), reader.read_with_alpha(place / "c.png")
    np.testing.assert_array_equal(found[0], exact[0])
    np.testing.assert_array_equal(found[1], NOISE[..., 3])
    for name, bits in (("a.tiff", 8), ("b.tiff", 16)):
        tags = TiffImagePlugin.ImageFileDirectory_v2((place / name).read_bytes()[:8])
        with open(place / name, "rb") as file:
            file.seek(tags.next)
            tags.load(file)
        assert tags[TiffImagePlugin.BITSPERSAMPLE] == (bits,) * 4
    assert added(place) == ["a.tiff", "b.tiff", "c.png"]


def test_with_a_folder_both_are_left(command, place):
    done = command(*PICTURE, "--output=new/art.png", "--output_dir=out.d", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    assert "  picture:        out.d/generated_image.png\n" in done.stdout
    assert done.stdout.endswith("  output:         new/art.png\n")
    assert (place / "new/art.png").read_bytes() == (place / "out.d/generated_image.png").read_bytes()
    assert (place / "out.d/progress.mp4").exists()
    os.mkdir(place / "out.jpg")
    assert command(*PICTURE, "--output_dir=out.jpg", cwd=place).returncode == 0
    assert (place / "out.jpg/generated_image.png").exists(), "a folder of that name was there"


def test_an_unfinished_run_is_resumed_by_its_output(command, place):
    hidden = place / ".art.png.nst"
    for epochs in (3, 2):  # the second moves the first aside
        done = command(*PICTURE, "--output_dir=.art.png.nst", f"--epochs={epochs}", cwd=place)
        assert done.returncode == 0, done.stderr
    (hidden / "earlier-1/RESUME.txt").write_text("unfinished")
    done = command("--resume", "--output=art.png", "--epochs=4", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Resuming: 2 of 4 epochs are painted" in done.stdout
    whole = TransferConfig(epochs=4, image_size=0)
    expected = run.stylize(place / "content.png", place / "style.png", None, fake_vgg.network(), whole).picture
    np.testing.assert_array_equal(reader.read(place / "art.png"), expected)
    assert added(place) == [".art.png.nst", "art.png"]
    assert os.listdir(hidden) == ["earlier-1"], "an unfinished run is never removed"


def test_a_file_that_cannot_be_written_in_the_end_leaves_the_run(command, place):
    """A WebP has at most 16,383 pixels a side, which is found out when it is written."""
    writer.write(place / "content.png", np.zeros((16, 16_400, 3), np.uint8))
    done = command(*PICTURE, "--output=art.webp", "--epochs=1", "--init=content", cwd=place)
    assert done.returncode == 1
    assert (
        "16400 x 16 pixels are too many for a WebP (16,383 a side); write a PNG; the picture is in .art.webp.nst"
        in (done.stderr)
    )
    assert (place / ".art.webp.nst/generated_image.png").exists()
    assert added(place) == [".art.webp.nst"]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["--output=art.xcf"], 2, "output is art.xcf: end the name of a picture in .png, .jpg, .jpeg, .webp, .tif or"),
        (["--output=art"], 2, "output is art: end the name of a picture in .png"),
        (["--output_dir=art.gif"], 2, "output is art.gif: end the name of a picture in .png"),
        (["--output=a.png", "--output_dir=b.png"], 2, "output_dir is b.png, the name of a file: name a folder"),
        (["--output_dir="], 2, "output_dir is empty: name a folder"),
        (["--output=art.png", "--contact_sheet"], 2, "contact_sheet has no effect: output leaves the picture alone"),
        (["--output=art.png", "--video=gif"], 2, "video has no effect: output leaves the picture alone; give output_"),
        (["--output=art.png", "--picture_16bit=tiff"], 2, "picture_16bit is tiff, but output is art.png: give it the"),
        (["--output=content.png"], 1, "output is content.png, one of the files to paint from: give it another name"),
        (["--output_dir=style.png"], 1, "output is style.png, one of the files to paint from"),
        (["--output=tiny.mat/art.png"], 1, "cannot write into the output folder tiny.mat: a file is in"),
    ],
)
def test_what_cannot_be_meant_is_one_line(command, place, words, status, sentence):
    done = command(*PICTURE, *words, cwd=place)
    assert (done.returncode, done.stderr.count("\n")) == (status, 1), done.stderr
    assert sentence in done.stderr
    assert added(place) == []


def test_a_video_is_left_alone_too(command, place):
    pytest.importorskip("cv2")
    clips.write(place / "clip.mp4", clips.scene(2, seed=1))
    film = (*TINY, "--content_video=clip.mp4", "--init=content")
    done = command(*film, "--output=a/film.mp4", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("  video:          a/film.mp4\n")
    assert len(clips.decoded(place / "a/film.mp4")) == 2
    assert os.listdir(place / "a") == ["film.mp4"]
    shutil.rmtree(place / "a")
    for words, sentence in (
        (
            ["--output=film.avi"],
            "output is film.avi: end the name of a video in .mp4, .mov, .webm, .gif, .webp or .png",
        ),
        (["--output=film.mp4", "--shard=0/2"], "a shard needs an output_dir, which keeps its frames for the other"),
    ):
        wrong = command(*film, *words, cwd=place)
        assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
        assert sentence in wrong.stderr
    assert added(place) == []


def test_a_batch_and_the_library_ask_for_a_folder(place):
    batch = ("--model=tiny.mat", "--content=content.png", "--style=style.png")
    for word, sentence in (
        ("--output=art.png", "there is no flag 'output'; did you mean --output_dir?"),
        ("--output_dir=art.png", "the output folder is art.png, the name of a picture or video: name a folder"),
    ):
        done = warm.commands().run("nst.batch", *batch, word, cwd=place)
        assert (done.returncode, done.stdout) == (2, "")
        assert sentence in done.stderr
    with pytest.raises(ValueError, match=r"the output folder is .*art\.jpg, the name of a picture or video"):
        run.stylize(place / "content.png", place / "style.png", place / "art.jpg", fake_vgg.network())
    assert added(place) == []
