"""Pictures on the web, from a server on this machine."""

import re

import numpy as np
import pytest

from nst.images import reader, remote, writer
from nst.images.decode import PictureError
from tests.support.file_server import Server, answer, cut, silent_after, status, whole

PICTURE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """A cache of the test's own, and no proxy of the machine that the tests run on."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server(tmp_path):
    writer.write(tmp_path / "picture.png", PICTURE)
    made = Server((tmp_path / "picture.png").read_bytes())
    yield made
    made.close()


def files(tmp_path):
    return [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_picture_becomes_a_file_of_its_name_and_is_fetched_once(server, tmp_path):
    path = remote.fetch(server.url("a%20b/my%20cat.png?width=200"))
    np.testing.assert_array_equal(reader.read(path), PICTURE)
    assert path.name == "my_cat.png"
    assert files(tmp_path) == [path]
    assert remote.fetch(server.url("a%20b/my%20cat.png?width=200")) == path
    assert len(server.requests) == 1
    assert server.requests[0][1]["User-Agent"].startswith("nst/")
    assert remote.fetch(server.url("other/my%20cat.png")) != path


@pytest.mark.parametrize("name", ["", "?id=3", "%2e%2e/%2e%2e%2f..", "%2fetc%2f"])
def test_no_name_leaves_the_cache(server, tmp_path, name):
    path = remote.fetch(server.url(name))
    assert (tmp_path / "cache" / "nst" / "pictures") in path.resolve().parents
    assert files(tmp_path) == [path]


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        (status(404), "answers 404 Not Found"),
        (status(403), "answers 403 Forbidden"),
        (
            whole(b"<html>", Content_Type="text/html; charset=utf-8"),
            "is a web page, not a picture: open it in a browser",
        ),
        (whole(b"<!doctype html><p>"), "is a web page (HTML), not a picture"),
        (whole(b""), "is empty"),
        (whole(b"no picture at all"), "is a text file, not a picture"),
        (cut(100), "dropped the connection"),
        (lambda handler, _: answer(handler, 200, b"", length=100_000_001), "has more than 100 MB; save the picture"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_address(server, tmp_path, behaviour, sentence):
    server.script = [behaviour]
    with pytest.raises(PictureError, match=re.escape(f"{server.url('x.png')} {sentence}")):
        remote.fetch(server.url("x.png"))
    assert files(tmp_path) == []


def test_a_body_without_a_length_is_limited_too(server, monkeypatch):
    monkeypatch.setattr(remote, "_MOST_BYTES", 1000)
    server.script = [lambda handler, _: answer(handler, 200, server.data, {"Transfer-Encoding": "identity"})]
    with pytest.raises(PictureError, match="has more than 0 MB"):
        remote.fetch(server.url("x.png"))


def test_a_slow_server_is_given_up(server, monkeypatch):
    monkeypatch.setattr(remote, "_SECONDS", 0.3)
    server.script = [silent_after(10, seconds=1.0)]
    with pytest.raises(PictureError, match=r"x.png did not arrive within 0\.3 seconds; save the picture"):
        remote.fetch(server.url("x.png"))


@pytest.mark.parametrize(
    "url", ["http://", "https:///a.png", "http://host:0/a.png", "http://host:99999/", "http://[/a", "http://h/\udcff"]
)
def test_an_address_that_is_none(url):
    with pytest.raises(PictureError, match="is not a valid web address"):
        remote.fetch(url)


def test_a_server_that_is_not_there(server):
    server.close()
    with pytest.raises(PictureError, match=r"x.png: 127\.0\.0\.1 refuses the connection"):
        remote.fetch(server.url("x.png"))


def test_messages_show_no_password(server):
    server.script = [status(401)]
    url = server.url("x.png").replace("://", "://me:secret@")
    with pytest.raises(PictureError, match="401") as caught:
        remote.fetch(url)
    assert "secret" not in str(caught.value)
    assert server.requests[0][1]["Authorization"].startswith("Basic ")


def test_a_cache_that_cannot_be_written(server, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(PictureError, match="cannot be stored"):
        remote.fetch(server.url("x.png"))


def test_the_library_reads_files_only(server):
    for read in (reader.read, lambda name: reader.find(name, [])):
        with pytest.raises(PictureError, match="save the picture"):
            read(server.url("x.png"))
    assert server.requests == []
