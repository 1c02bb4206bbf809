"""The judge: formulas against slow loops, the comparison at equal content; no TensorFlow."""

import numpy as np
import pytest

from benchmarks.common import sheet
from benchmarks.common.measure import Match, Point, at_content, relative_content, relative_style

LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_2")


def features(seed):
    """Activations of unlike heights, widths and channels."""
    rng = np.random.default_rng(seed)
    shapes = [(6, 5, 2), (4, 3, 3), (3, 2, 4), (2, 3, 5)]
    return {name: rng.random(shape, np.float32) for name, shape in zip(LAYERS, shapes, strict=True)}


def point(content, style):
    return Point(content, dict.fromkeys(LAYERS, style))


def slow_gram(maps):
    height, width, channels = maps.shape
    found = np.zeros((channels, channels))
    for row in range(height):
        for column in range(width):
            for i in range(channels):
                for j in range(channels):
                    found[i, j] += float(maps[row, column, i]) * float(maps[row, column, j]) / (height * width)
    return found


def test_relative_style_equals_the_slow_loops_and_is_0_and_1_at_its_ends():
    content, style, painted = features(1), features(2), features(3)
    found = relative_style(content, style, painted, LAYERS)
    for name in LAYERS:
        target = slow_gram(style[name])
        wanted = ((slow_gram(painted[name]) - target) ** 2).sum() / ((slow_gram(content[name]) - target) ** 2).sum()
        assert found[name] == pytest.approx(wanted, rel=1e-5)
    assert set(relative_style(content, style, style, LAYERS).values()) == {0.0}
    assert set(relative_style(content, style, content, LAYERS).values()) == {1.0}


def test_relative_content_equals_the_slow_sums_and_refuses_other_shapes():
    content, painted = features(1), features(3)
    squares = [
        (float(a) - float(b)) ** 2 for a, b in zip(content["conv4_2"].flat, painted["conv4_2"].flat, strict=True)
    ]
    wanted = sum(squares) / sum(float(a) ** 2 for a in content["conv4_2"].flat)
    assert relative_content(content, painted, "conv4_2") == pytest.approx(wanted, rel=1e-5)
    painted["conv4_2"] = painted["conv4_2"][:1]
    with pytest.raises(ValueError, match="unlike shapes"):
        relative_content(content, painted, "conv4_2")


def test_style_at_equal_content_lies_between_two_pictures_in_logarithms_and_beaten_pictures_do_not_count():
    points = [point(0.1, 0.16), point(0.4, 0.01), point(0.15, 0.9)]
    found = at_content(points, 0.2)
    assert found.overall == pytest.approx(0.04)
    assert found.style == pytest.approx(dict.fromkeys(LAYERS, 0.04))
    assert found.mark == ""


def test_a_content_that_no_picture_has_is_marked():
    points = [point(0.3, 0.16), point(0.32, 0.02), point(0.6, 0.01)]
    assert at_content(points, 0.2)[0] == 0.02  # nearly the least loss, and a far better style than the least
    assert at_content(points, 0.2).mark == "≈"
    assert at_content(points, 0.8) == Match(points[2].overall, points[2].style, "≤")


def test_a_sheet_has_the_pictures_unchanged_under_their_names(tmp_path):
    picture = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    rows = [[("one", picture), ("two", picture[::-1])]] * 5
    (tmp_path / "sheet-9.png").write_bytes(b"old")
    assert [path.name for path in sheet.write(tmp_path, rows)] == ["sheet-1.png", "sheet-2.png"]
    assert not (tmp_path / "sheet-9.png").exists()
    made = sheet.make(rows[:2])
    assert made.shape[1] == 40 * 2 + 6
    np.testing.assert_array_equal(made[16:46, 46:86], picture[::-1])
    assert (made[:16, :40] < 128).any()
