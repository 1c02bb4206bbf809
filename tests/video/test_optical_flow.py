"""Flow, warping and what of it is trusted: against slow loops, and on drawn frames whose motion is known."""

import builtins

import numpy as np
import pytest

from benchmarks.speed import clip
from nst.video import optical_flow


def slow_warp(image, motion):
    height, width, channels = image.shape
    out = np.zeros((height, width, channels))
    for y in range(height):
        for x in range(width):
            column = min(max(x + float(motion[y, x, 0]), 0), width - 1)
            row = min(max(y + float(motion[y, x, 1]), 0), height - 1)
            for channel in range(channels):
                for j in (int(row), int(row) + 1):
                    for i in (int(column), int(column) + 1):
                        share = max(0, 1 - abs(row - j)) * max(0, 1 - abs(column - i))
                        if share:
                            out[y, x, channel] += share * image[j, i, channel]
    return out


def slow_consistent(forward, backward):
    height, width, _ = backward.shape
    there = slow_warp(forward, backward)
    out = np.ones((height, width))

    def slope(channel, y, x, down):
        low, high = (max(0, (y if down else x) - 1), min((height if down else width) - 1, (y if down else x) + 1))
        first, last = ((low, x), (high, x)) if down else ((y, low), (y, high))
        return (float(backward[last][channel]) - float(backward[first][channel])) / (high - low)

    for y in range(height):
        for x in range(width):
            u, v = (float(value) for value in backward[y, x])
            gone = (there[y, x, 0] + u) ** 2 + (there[y, x, 1] + v) ** 2
            lengths = there[y, x, 0] ** 2 + there[y, x, 1] ** 2 + u**2 + v**2
            steep = sum(slope(channel, y, x, down) ** 2 for channel in (0, 1) for down in (False, True))
            outside = not (0 <= x + u <= width - 1 and 0 <= y + v <= height - 1)
            if gone > 0.01 * lengths + 0.5 or steep > 0.01 * (u**2 + v**2) + 0.002 or outside:
                out[y, x] = 0
    return out


def smooth(rng, height, width, channels, size):
    """Random values that change slowly from pixel to pixel."""
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(rows * rng.uniform(0.01, 0.06) + columns * rng.uniform(0.01, 0.06) + c) for c in range(channels)]
    return (size * np.stack(waves, axis=-1)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_warping_is_the_slow_loops(channels):
    rng = np.random.default_rng(channels)
    image = rng.normal(0, 50, (13, 21, channels)).astype(np.float32)
    motion = rng.uniform(-8, 8, (13, 21, 2)).astype(np.float32)  # some of it leads outside
    found = optical_flow.warp(image, motion)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, slow_warp(image, motion), atol=2e-4)


def test_no_motion_changes_no_bit_and_whole_pixels_only_move():
    image = np.random.default_rng(0).normal(0, 50, (9, 14, 3)).astype(np.float32)
    np.testing.assert_array_equal(optical_flow.warp(image, np.zeros((9, 14, 2), np.float32)), image)
    motion = np.broadcast_to(np.float32([3, -2]), (9, 14, 2))
    np.testing.assert_array_equal(optical_flow.warp(image, motion)[2:, :-3], image[:-2, 3:])


def test_the_checks_are_the_slow_loops():
    rng = np.random.default_rng(5)
    backward = smooth(rng, 19, 31, 2, 3) + rng.normal(0, 0.02, (19, 31, 2)).astype(np.float32)
    forward = -backward + smooth(rng, 19, 31, 2, 0.8)
    found = optical_flow.consistent(forward, backward)
    assert found.dtype == np.float32
    assert set(np.unique(found)) == {0, 1}
    assert 0.2 < found.mean() < 0.8, "both kinds are there"
    np.testing.assert_array_equal(found, slow_consistent(forward, backward))


def test_each_check_finds_its_own():
    still, there = np.zeros((10, 16, 2), np.float32), np.zeros((10, 16, 2), np.float32)
    assert optical_flow.consistent(still, still).all()
    there[4, 7] = (2, 0)  # it went, but the way back says that it has not moved
    assert np.argwhere(optical_flow.consistent(there, still) == 0).tolist() == [[4, 7]]
    half = np.zeros((10, 16, 2), np.float32)
    half[:, 8:, 0] = -0.5  # as far as two halves of the picture drift apart they agree with the way there
    assert set(np.argwhere(optical_flow.consistent(-half, half) == 0)[:, 1]) == {7, 8}
    left = np.broadcast_to(np.float32([-3, 0]), (10, 16, 2))
    assert np.argwhere(optical_flow.consistent(-left, left).all(axis=0)).ravel().tolist() == list(range(3, 16))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: optical_flow.warp(np.zeros((4, 5, 3), np.float32), np.zeros((5, 4, 2), np.float32)),
            "must have the same size",
        ),
        (lambda: optical_flow.consistent(np.zeros((4, 5, 2)), np.zeros((5, 4, 2))), "must have the same size"),
        (lambda: optical_flow.consistent(np.zeros((1, 5, 2)), np.zeros((1, 5, 2))), "each side needs 2"),
        (
            lambda: optical_flow.between(np.zeros((20, 30, 3), np.uint8), np.zeros((20, 31, 3), np.uint8)),
            "two of the same size",
        ),
        (
            lambda: optical_flow.between(np.zeros((8, 9, 3), np.uint8), np.zeros((8, 9, 3), np.uint8)),
            "9×8 pixels is too small",
        ),
    ],
)
def test_mismatched_sizes_are_errors(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_without_opencv_the_sentence_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == "cv2":
            raise ImportError("no cv2")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        optical_flow.FlowError, match=r"run python3 -m pip --python \.venv install -r requirements-video\.txt"
    ):
        optical_flow.load_opencv()


# --- OpenCV's own flow, on drawn frames ---


def textured(height, width, seed):
    """A texture that a flow can follow: noise of several sizes, float64 levels `[height, width, 3]`."""
    rng = np.random.default_rng(seed)
    out = np.zeros((height, width, 3))
    for size in (2, 4, 8):
        coarse = rng.uniform(0, 85, (height // size + 2, width // size + 2, 3))
        out += coarse.repeat(size, 0).repeat(size, 1)[:height, :width]
    return out


def drawn(left, top, side):
    """A square of one texture over the ground of another."""
    frame = textured(140, 200, 1)
    frame[top : top + side, left : left + side] = textured(side, side, 2)
    return frame.round().astype(np.uint8)


def test_the_flow_leads_to_where_things_are():
    pytest.importorskip("cv2")
    ground = textured(110, 160, 3).round().astype(np.uint8)
    first, second = ground[5:95, 6:146], ground[2:92, 10:150]  # everything moves 4 to the left and 3 down
    found = optical_flow.between(first, second)
    assert found.shape == (90, 140, 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.median(found[8:-8, 8:-8], axis=(0, 1)), [-4, 3], atol=0.1)
    back = optical_flow.warp(second.astype(np.float32), found)
    assert np.abs(back - first)[8:-8, 8:-8].mean() < 0.1 * np.abs(second.astype(float) - first)[8:-8, 8:-8].mean()


def test_what_a_moving_square_uncovers_is_not_trusted():
    pytest.importorskip("cv2")
    side, shift = 50, 8
    before, after = drawn(50, 40, side), drawn(50 + shift, 40, side)
    backward = optical_flow.between(after, before)
    mask = optical_flow.consistent(optical_flow.between(before, after), backward)
    assert mask[44 : 36 + side, 51 : 49 + shift].mean() < 0.15, "the square has left the ground there"
    assert mask[8:30, 8:-8].mean() > 0.95, "the ground stands still"
    inside = slice(46, 34 + side), slice(56 + shift, 44 + shift + side)
    assert mask[inside].mean() > 0.95, "the square has only moved"
    np.testing.assert_allclose(np.median(backward[inside], axis=(0, 1)), [-shift, 0], atol=0.2)
    still = optical_flow.between(before, before)
    assert optical_flow.consistent(still, still).mean() > 0.99


def test_the_benchmarks_clip_moves_as_it_says():
    """A photograph, panned and zoomed, with a disc before it: the truth, and what the flow finds of it."""
    pytest.importorskip("cv2")
    film = clip.make().first(6)
    assert clip.flicker(film, film.frames) < 2, "what the true motion leaves is interpolation"
    still = [np.zeros_like(motion) for motion in film.flows]
    assert clip.flicker(film._replace(flows=still), film.frames) > 5
    before, after, motion, visible = film.frames[4], film.frames[5], film.flows[4], film.visible[4]
    assert 0.9 < visible.mean() < 1
    backward = optical_flow.between(after, before)
    kept = optical_flow.consistent(optical_flow.between(before, after), backward) > 0
    error = np.linalg.norm(backward - motion, axis=-1)
    assert error[kept & visible].mean() < 0.25, "pixels"
    assert kept[visible].mean() > 0.85
    assert kept[~visible].mean() < 0.2


def test_nothing_moves_in_a_still_background_without_texture():
    """Beside a disc that moves by 11 pixels a frame, as in a drawn animation."""
    pytest.importorskip("cv2")
    rows, columns = np.mgrid[0:128, 0:192]

    def frame(left):
        disc = (columns - left) ** 2 + (rows - 64) ** 2 < 14**2
        return np.where(disc[..., None], (200, 60, 40), (120, 170, 220)).astype(np.uint8)

    before, after = frame(60), frame(71)
    motion, trust = optical_flow.match(before, after)
    change = np.abs(after.astype(int) - before).max(axis=-1)
    for y in range(128):
        for x in range(192):
            if not change[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].any():
                assert trust[y, x] == 1, (y, x)
                assert not motion[y, x].any(), (y, x)
    moved = np.abs(optical_flow.warp(before.astype(np.float32), motion) - after).max(axis=-1)
    assert moved[trust == 1].max() <= 30, "the ground that the disc has left was never the disc"
    left = (columns - 60) ** 2 + (rows - 64) ** 2 < 14**2
    assert trust[left & (np.abs(columns - 71) > 16)].mean() < 0.1, "what came into sight is not the ground beside it"
    noisy = after + np.random.default_rng(1).integers(0, 2, after.shape, dtype=np.uint8)
    assert optical_flow.match(before, noisy)[1][:40].min() == 1, "compression changes a level or two"
    assert optical_flow.match(before, after // 2)[1].mean() < 1, "a change of light is a change"


def test_what_moves_is_matched_by_its_flow():
    pytest.importorskip("cv2")
    before, after = drawn(50, 40, 50), drawn(58, 40, 50)
    motion, trust = optical_flow.match(before, after)
    np.testing.assert_allclose(np.median(motion[46:84, 64:100], axis=(0, 1)), [-8, 0], atol=0.2)
    assert trust[44:86, 51:57].mean() < 0.15, "the square has left the ground there"
