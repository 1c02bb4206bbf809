"""File names that are not UTF-8, as old systems and archives leave them."""

import functools
import json
import os

import numpy as np
import pytest
from PIL import Image

from nst.images import reader
from tests.support import warm

QUICK = ("--model=preview", "--preset=fast", "--epochs=2", "--image_size=32", "--video=none")


def odd(folder, name):
    """A path with a byte in it that is not UTF-8."""
    return folder / os.fsdecode(os.fsencode(name).replace(b"_", b"_\xff"))


@pytest.fixture
def pictures(tmp_path):
    ramp = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (32, 1))
    made = {}
    for name in ("content_.png", "style_.png", "mask_.png", "start_.png"):
        made[name[:-5]] = odd(tmp_path, name)
        try:
            Image.fromarray(np.where(ramp > 100, 255, 0).astype(np.uint8) if name == "mask_.png" else ramp).save(
                made[name[:-5]], "PNG"
            )
        except OSError:
            pytest.skip("this system has no such file names")
    return made


def test_they_are_read_painted_and_found_again(command, pictures, tmp_path):
    out = odd(tmp_path, "out_")
    given = [
        f"--content_image_filename={pictures['content']}", f"--style_image_filename={pictures['style']}",
        f"--content_mask={pictures['mask']}", f"--init={pictures['start']}", f"--output_dir={out}",
    ]  # fmt: skip
    done = command(*QUICK, *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "config.json").read_text(encoding="utf-8"))["content"] == str(pictures["content"])
    note = reader.notes(out / "generated_image.png")
    assert str(pictures["content"]) in [json.loads(text).get("content") for text in note.values() if text[0] == "{"]
    assert os.fsencode(pictures["content"]) in (out / "flags.txt").read_bytes()
    again = command(f"--flagfile={out / 'flags.txt'}", "--resume", "--epochs=3", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "Resuming: 2 of 3 epochs are painted" in again.stdout
    like = command(
        f"--like={out / 'generated_image.png'}", "--model=preview", *given[:4], "--output_dir=like", cwd=tmp_path
    )
    assert like.returncode == 0, like.stderr


def test_one_that_is_not_there_is_named(command, tmp_path):
    done = command(*QUICK, f"--content_image_filename={odd(tmp_path, 'gone_.png')}", cwd=tmp_path)
    assert done.returncode == 1
    assert "there is no picture" in done.stderr
    assert "gone_" in done.stderr


def test_a_batch_of_them(pictures, tmp_path):
    words = (*QUICK[:-1], f"--content={pictures['content']}", f"--style={pictures['style']}", "--output_dir=batch")
    run = functools.partial(warm.commands().run, "nst.batch")
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    again = run(*words, cwd=tmp_path)
    assert again.stdout == "1 picture, 1 of them finished\n"
