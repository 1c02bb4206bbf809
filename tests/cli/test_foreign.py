"""Flags that people bring from other programs."""

import subprocess
import sys

import pytest

from nst.cli import foreign
from tests.conftest import ROOT

BATCH = ("content", "style", "alpha", "model")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("content_weight", "here it is --alpha; weights of other programs have another scale"),
        ("style-weight", "here it is --beta;"),
        ("iterations", "here it is --epochs"),
        ("num_iterations", "here it is --epochs"),
        ("max_iter", "here it is --epochs"),
        ("steps", "here it is --epochs"),
        ("original_colors", "here it is --preserve_color=luminance"),
        ("init_image", "here it is --init"),
        ("width", "here it is --image_size, for the longest side"),
        ("max_size", "here it is --image_size"),
        ("lr", "here it is --learning_rate"),
        ("layers", "here it is --content_layers and --style_layers"),
        ("content_img", "here it is --content_image_filename"),
        ("style_imgs", "here it is --style_image_filename; repeat the flag"),
        ("fast", "here it is --preset=fast"),
        ("output_image", "here it is --output"),
        ("image-size", "it is written --image_size"),
        ("gpu", "CUDA_VISIBLE_DEVICES"),
        ("device", "CUDA_VISIBLE_DEVICES"),
    ],
)
def test_advice(definitions, given, sentence):
    assert sentence in foreign.advice(given, definitions.flags)


def test_the_batch_calls_its_pictures_by_other_names():
    assert foreign.advice("content_image", BATCH) == "here it is --content"
    assert foreign.advice("content_image_filename", BATCH) == "here it is --content"
    assert foreign.advice("iterations", BATCH) is None


def test_unknown_names_are_left_to_the_spelling(definitions):
    assert foreign.advice("epocs", definitions.flags) is None


def test_no_name_is_given_twice_and_none_is_a_flag_of_the_command(definitions):
    for command in (definitions.flags, BATCH):
        there = [(own, name) for own, _, names in foreign._NAMES if own in command for name in names.split()]
        names = [name for own, name in there if own not in ("output", "output_dir")]
        assert len(names) == len(set(names))
        assert not [name for name in names if name in command and command is not BATCH]


def test_the_command_gives_the_advice():
    words = [sys.executable, str(ROOT / "nst_main.py"), "--content_weight=5"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nst_main.py: there is no flag 'content_weight'; here it is --alpha; ")
    assert done.stderr.endswith(" (see --help)\n")
