"""Pictures that are given by their web address, to the command and to a batch."""

import numpy as np
import pytest

from nst.batch import files, worklist
from nst.config import TransferConfig
from nst.images import writer
from tests.support import fake_vgg
from tests.support.file_server import Server


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serves a picture; the cache is the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    picture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    writer.write(tmp_path / "picture.png", picture)
    made = Server((tmp_path / "picture.png").read_bytes())
    yield made
    made.close()


@pytest.mark.slow
def test_the_command_paints_and_repeats_offline(command, server, tmp_path):
    fake_vgg.write(tmp_path / "tiny.mat")
    url, style, start = (server.url(f"{name}.png") for name in ("me", "mosaic", "start"))
    words = ["--model=tiny.mat", "--image_size=0", "--epochs=1", "--video=none"]
    given = [f"--content_image_filename={url}", f"--style_image_filename={style}", f"--init={start}"]
    done = command(*words, *given, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Fetching {url}\nFetching {style}\nFetching {start}\n")
    flags = (tmp_path / "output" / "flags.txt").read_text()
    assert f"--content_image_filename={tmp_path / 'cache' / 'nst' / 'pictures'}" in flags
    assert "http" not in flags
    server.close()
    again = command("--flagfile=output/flags.txt", "--output_dir=again", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")


def test_the_command_names_the_address_that_fails(command, server, tmp_path):
    server.data = b"<html>"
    done = command(f"--content_image_filename={server.url('page')}", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"nst_main.py: {server.url('page')} is a web page")
    assert done.stderr.count("\n") == 1


def test_a_video_is_refused_before_anything_is_fetched(command, server, tmp_path):
    done = command(f"--content_video={server.url('clip.mp4')}", cwd=tmp_path)
    assert done.returncode == 2
    assert "content_video is a web address: download the video first and give its path" in done.stderr
    assert server.requests == []


def test_a_batch(server, tmp_path):
    url = server.url("me.png?width=3")  # which is not a pattern
    (content,) = files.find([url], print)
    assert content.name == "me.png"
    (tmp_path / "jobs.jsonl").write_text(f'{{"content": "{url}", "style": "{server.url("ink.png")}"}}')
    rows = worklist.read_rows(tmp_path / "jobs.jsonl")
    (work,) = worklist.plan([], [], rows, [], "preview", "coursera", {"init": server.url("start.png")})
    assert (work.content, work.styles[0].name, work.name) == (content, "ink.png", "me-ink")
    assert work.config == TransferConfig(init=str(work.inputs[-1]))
    assert all(path.is_file() for path in work.inputs)
    assert len(server.requests) == 3
