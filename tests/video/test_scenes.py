"""Where scenes begin, and which of them a machine paints."""

import itertools

import numpy as np
import pytest

from nst.utils.shard import Shard
from nst.video import scenes
from nst.video.scenes import Scene
from tests.support import clips


def test_the_distance_of_colours_is_the_share_that_changed():
    black, half = np.zeros((10, 20, 3), np.uint8), np.zeros((10, 20, 3), np.uint8)
    half[:, 10:] = (255, 0, 128)
    assert scenes.distance(black, black) == 0
    assert scenes.distance(black, half) == pytest.approx(0.5)
    assert scenes.distance(half[:, 10:], black) == 1
    assert scenes.distance(half, half[:, ::-1]) == 0, "where the colours are does not matter"


def test_scenes_are_found_and_are_all_frames():
    pytest.importorskip("cv2")
    frames = [frame for seed in (1, 2, 3) for frame in clips.scene(4 + seed, 48, 80, seed)]
    assert scenes.scenes(frames) == [Scene(0, 5), Scene(5, 11), Scene(11, 18)]
    assert scenes.scenes(frames[:1]) == [Scene(0, 1)]
    assert scenes.scenes([]) == []


def test_neither_motion_nor_light_is_a_cut():
    pytest.importorskip("cv2")
    quick = clips.scene(5, 60, 90, 4, speed=7)
    assert scenes.scenes(quick) == [Scene(0, 5)]
    light = (1, 0.9, 0.8, 0.9, 1)
    lit = [(frame * share).astype(np.uint8) for frame, share in zip(quick, light, strict=True)]
    assert max(scenes.distance(one, two) for one, two in itertools.pairwise(lit)) > 0.1, "the colours are others"
    assert scenes.scenes(lit) == [Scene(0, 5)]


def test_a_shard_is_every_nth_scene():
    assert Shard.parse("") == Shard(0, 1)
    assert Shard.parse("1/3") == Shard(1, 3)
    parts = [Shard.parse(f"{place}/3") for place in range(3)]
    assert [[part.has(scene) for part in parts].index(True) for scene in range(7)] == [0, 1, 2, 0, 1, 2, 0]
    assert all(sum(part.has(scene) for part in parts) == 1 for scene in range(7))


@pytest.mark.parametrize("text", ["3/3", "4/3", "1", "1/0", "-1/3", "a/b", "1/3/5", "0/0"])
def test_a_shard_that_is_none(text):
    with pytest.raises(ValueError, match="write i/n"):
        Shard.parse(text)
