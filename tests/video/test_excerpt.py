"""The part of a video that is painted."""

from fractions import Fraction

import pytest

from nst.video.excerpt import Excerpt

EVEN = [Fraction(number, 30) for number in range(31)]  # a second at 30 frames a second
SLIDES = [Fraction(0), Fraction(4), Fraction(8)]


def test_all_of_it():
    assert Excerpt().select(EVEN) == {number: EVEN[number] for number in range(30)}


@pytest.mark.parametrize(
    ("excerpt", "times", "expected"),
    [
        (Excerpt(0.5, 0.6), EVEN, {15: 0, 16: Fraction(1, 30), 17: Fraction(2, 30)}),
        (Excerpt(0.5), EVEN, {15 + number: EVEN[number] for number in range(15)}),
        (Excerpt(end=99), SLIDES, {0: 0, 1: 4}),
        (Excerpt(3), SLIDES, {0: 0, 1: 1}),  # a picture that is shown already is the first
        (Excerpt(3, 4), SLIDES, {0: 0}),
        (Excerpt(4, 5), SLIDES, {1: 0}),
        (Excerpt(8), SLIDES, {}),
        (Excerpt(fps=10), EVEN, {3 * number: Fraction(number, 10) for number in range(10)}),
        (Excerpt(fps=30), EVEN, dict(enumerate(EVEN[:-1]))),
        (Excerpt(fps=60), EVEN, dict(enumerate(EVEN[:-1]))),
        (Excerpt(0.05, 0.4, 10), EVEN, {1: 0, 4: Fraction(1, 10), 7: Fraction(2, 10), 10: Fraction(3, 10)}),
        (Excerpt(fps=1), SLIDES, {0: 0, 1: 4}),
    ],
)  # fmt: skip
def test_what_is_shown_when(excerpt, times, expected):
    assert excerpt.select(times) == expected


def test_fewer_frames_are_those_of_the_fps_filter_on_average():
    kept = Excerpt(fps=12).select(EVEN)
    assert list(kept.values()) == [Fraction(number, 12) for number in range(12)]
    assert all(0 <= at - EVEN[number] < Fraction(1, 12) for number, at in kept.items())


def test_a_burst_is_thinned_and_a_pause_kept():
    times = [Fraction(0), Fraction(1, 60), Fraction(2, 60), Fraction(3, 60), Fraction(5), Fraction(6)]
    assert Excerpt(fps=20).select(times) == {0: 0, 3: Fraction(1, 20), 4: 5}


def test_it_ends_with_the_video():
    assert Excerpt(0, 0.5).until(EVEN) == Fraction(1, 2)
    assert Excerpt(0, 5).until(EVEN) == Excerpt().until(EVEN) == 1


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"start": -1}, "video_start is -1: it must be 0 seconds or more"),
        ({"start": float("nan")}, "video_start is nan"),
        ({"start": 3, "end": 2}, "video_end is 2: it must be after video_start, which is 3 seconds"),
        ({"end": 0}, "video_end is 0: it must be after video_start, which is 0 seconds"),
        ({"end": float("nan")}, "video_end is nan"),
        ({"fps": 0}, "video_fps is 0: it must be more than 0"),
    ],
)
def test_what_cannot_be_meant(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        Excerpt(**values)
