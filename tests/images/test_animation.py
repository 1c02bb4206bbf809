"""Animated pictures: their frames, opacity and times, and what is none."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, features

from nst.images import animation
from nst.images.animation import Animation
from nst.images.decode import PictureError
from tests.support import animations


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "avif"])
def test_frames_lie_over_white_with_their_opacity_and_time(tmp_path, suffix):
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    found = list(animation.frames(animations.write(tmp_path / f"a.{suffix}")))
    assert [frame.seconds for frame in found] == [Fraction(ms, 1000) for ms in animations.MILLISECONDS]
    for number, frame in enumerate(found):
        there = np.asarray(animations.drawn(number))[..., 3] > 0
        np.testing.assert_array_equal(frame.opacity > 127, there)
        assert frame.picture[frame.opacity == 0].min() == 255, "the hidden colour is green"
        expected = np.asarray(animations.drawn(number))[there][:, :3].astype(int)
        assert np.abs(frame.picture[there] - expected).mean() < (25 if suffix == "avif" else 12)


@pytest.mark.parametrize(
    ("name", "loop", "plays"), [("a.gif", 0, 0), ("a.gif", None, 1), ("a.gif", 2, 3), ("a.webp", 2, 2), ("a.png", 1, 1)]
)
def test_how_often_it_is_played(tmp_path, name, loop, plays):
    assert animation.probe(animations.write(tmp_path / name, loop=loop)).plays == plays


def test_times_too_short_to_be_shown_are_those_of_browsers(tmp_path):
    path = animations.write(tmp_path / "a.gif", milliseconds=[0, 10, 20, 30])
    assert [frame.seconds * 100 for frame in animation.frames(path)] == [10, 10, 2, 3]


def test_opaque_frames_have_no_opacity(tmp_path):
    path = animations.write(tmp_path / "a.gif", opaque=True)
    assert [frame.opacity for frame in animation.frames(path)] == [None] * 4


def test_the_first_picture_of_a_png_may_be_no_part_of_it(tmp_path):
    first, *others = [animations.drawn(number) for number in range(3)]
    first.save(tmp_path / "a.png", save_all=True, append_images=others, duration=100, default_image=True)
    found = [frame.opacity > 0 for frame in animation.frames(tmp_path / "a.png")]
    np.testing.assert_array_equal(found, animations.opacities(3)[1:])


def test_a_damaged_end_is_skipped(tmp_path):
    path = animations.write(tmp_path / "a.gif")
    path.write_bytes(path.read_bytes()[:-300])
    assert 1 <= len(list(animation.frames(path))) < 4


def test_what_is_no_animation(tmp_path):
    animations.drawn(0).save(tmp_path / "still.gif")
    animations.drawn(0).save(tmp_path / "still.png")
    pages = [animations.drawn(number) for number in range(2)]
    pages[0].save(tmp_path / "pages.tiff", save_all=True, append_images=pages[1:])
    Image.new("RGB", (8, 8)).save(tmp_path / "still.jpg")
    (tmp_path / "text.gif").write_text("GIF8, but no more")
    for path in tmp_path.iterdir():
        assert animation.probe(path) is None, path
    assert animation.probe(tmp_path / "nowhere.gif") is None
    with pytest.raises(PictureError, match=r"text\.gif has no frame that can be read"):
        next(animation.frames(tmp_path / "text.gif"))


def test_probing_says_the_kind(tmp_path):
    assert animation.probe(animations.write(tmp_path / "a.webp")) == Animation("WebP", 0)
