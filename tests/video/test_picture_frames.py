"""Folders, patterns and animated pictures as videos."""

from fractions import Fraction

import numpy as np
import pytest

from nst.images import writer
from nst.utils.ffmpeg import VideoError
from nst.video import picture_frames
from tests.support import animations, clips


def folder(place, *names, height=32, width=48):
    """Writes a frame for each name, all different."""
    place.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        writer.write(place / name, np.full((height, width, 3), 10 * number, np.uint8))
    return place


def found(path):
    return [each.name for each in picture_frames.find(path)]


def test_a_folder_is_read_in_natural_order(tmp_path):
    place = folder(tmp_path / "f", "shot10.png", "shot9.png", "shot2.jpg", ".hidden.png")
    (place / "notes.txt").write_text("no picture")
    (place / "more.png").mkdir()
    assert found(place) == ["shot2.jpg", "shot9.png", "shot10.png"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("%04d.png", ["0001.png", "0002.png", "0010.png", "10000.png"]),
        ("%d.png", ["0001.png", "0002.png", "0010.png", "10000.png"]),
        ("mask_%d.png", ["mask_1.png"]),
        ("00*.png", ["0001.png", "0002.png", "0010.png"]),
        ("000[2-9].png", ["0002.png"]),
    ],
)
def test_a_pattern(tmp_path, pattern, names):
    folder(tmp_path / "f", "0010.png", "0001.png", "0002.png", "10000.png", "mask_1.png", "0003.png.jpg")
    assert found(tmp_path / "f" / pattern) == names


def test_a_file_is_no_pattern(tmp_path):
    folder(tmp_path, "100%d.png", "a[1].png")
    assert not picture_frames.find(tmp_path / "100%d.png")
    assert not picture_frames.find(tmp_path / "a[1].png")
    assert not picture_frames.find(tmp_path / "nowhere.mp4")


def test_frames_of_a_folder_have_the_rate_that_is_asked_for(tmp_path):
    video = picture_frames.probe(folder(tmp_path / "f", "1.png", "2.png"), Fraction(10))
    assert (video.height, video.width, video.animation) == (32, 48, None)
    assert video.times == (0, Fraction(1, 10), Fraction(2, 10))
    assert [int(picture.max()) for picture, _ in video.read()] == [0, 10]


def test_an_animated_picture_has_its_own_times(tmp_path):
    video = picture_frames.probe(animations.write(tmp_path / "a.gif"), Fraction(10))
    assert [time * 1000 for time in video.times] == [0, 2000, 2050, 2100, 2400]
    assert (video.height, video.width, video.animation.kind) == (32, 48, "GIF")
    assert [opacity.shape for _, opacity in video.read()] == [(32, 48)] * 4
    assert picture_frames.probe(clips.write(tmp_path / "a.mp4", clips.scene(2)), Fraction(10)) is None


def test_the_order_and_the_pixels_are_in_the_hash(tmp_path):
    one = picture_frames.probe(folder(tmp_path / "1", "1.png", "2.png"), Fraction(10)).digest()
    two = picture_frames.probe(folder(tmp_path / "2", "2.png", "1.png"), Fraction(10)).digest()
    assert one != two == picture_frames.probe(folder(tmp_path / "3", "b.png", "a.png"), Fraction(25)).digest()


def test_what_cannot_be_used_is_one_sentence(tmp_path):
    place = folder(tmp_path / "f", "1.png", "2.png")
    writer.write(place / "3.png", np.zeros((32, 50, 3), np.uint8))
    with pytest.raises(VideoError, match=r"3\.png has 50×32 pixels, but .*1\.png 48×32: give frames of one size$"):
        picture_frames.probe(place, Fraction(25))
    (place / "3.png").write_text("no picture")
    with pytest.raises(VideoError, match=r"3\.png is a text file, not a picture"):
        picture_frames.probe(place, Fraction(25))
    with pytest.raises(VideoError, match=r"no file is called .*%03d\.png: give a folder of frames, or a pattern"):
        picture_frames.find(place / "%03d.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match=r"the folder .*empty has no pictures: give"):
        picture_frames.find(tmp_path / "empty")
