"""How much a client of the studio may upload, how fast, and with how many others."""

import contextlib
import os
import select
import time
from pathlib import Path

import pytest

from nst.web import security
from tests.support.raw_http import FORM, ROUTES, chunked, has_answered, head, problem
from tests.support.studio_server import until
from tests.support.studio_worker import png
from tests.web.conftest import BODY


@pytest.mark.parametrize("path", ROUTES)
def test_a_length_that_is_too_large_is_refused_before_anything_comes(strict, path):
    with strict.raw() as connection:
        connection.sendall(head(path, ROUTES[path][0], f"Content-Length: {BODY + 1}", "Expect: 100-continue"))
        assert problem(connection) == (413, "the upload is larger than 3 MB: make the pictures smaller first")


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_grows_too_large_is_refused_while_it_comes(strict, path):
    kind, begin = ROUTES[path]
    sent = 0
    with strict.raw() as connection:
        connection.sendall(head(path, kind, "Transfer-Encoding: chunked") + chunked(begin))
        with contextlib.suppress(ConnectionError):
            while not has_answered(connection) and sent < 100 * BODY:
                sent += connection.send(chunked(b"a" * 65536))
        assert problem(connection)[0] == 413
    assert sent < 10 * BODY  # what the system's buffers hold comes on top


def test_a_body_that_drips_is_dropped_in_the_end(strict, monkeypatch):
    monkeypatch.setattr(security, "UPLOAD_TIME", 0.2)
    path, (kind, begin) = next(iter(ROUTES.items()))
    with strict.raw() as connection:
        connection.sendall(head(path, kind, "Content-Length: 1000") + begin)
        with contextlib.suppress(OSError):
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.02)
        assert problem(connection) == (408, "the upload stalled: send it again")


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_stops_coming_is_dropped(strict, monkeypatch, path):
    monkeypatch.setattr(security, "STALLED", 0.1)
    kind, begin = ROUTES[path]
    with strict.raw() as connection:
        connection.sendall(head(path, kind, "Content-Length: 1000") + begin)
        assert problem(connection) == (408, "the upload stalled: send it again")


def test_a_body_of_the_largest_length_is_taken(strict):
    """Whether it is one byte too many is seen exactly, with and without a length."""
    rest = b"\r\n--x--\r\n"
    form = FORM + bytes(BODY - len(FORM) - len(rest)) + rest
    kind = {"content-type": ROUTES["/api/jobs"][0]}
    for body, status in ((form, 202), (form + b"a", 413)):
        for content in (body, iter([body])):
            assert strict.web.post("/api/jobs", content=content, headers=kind).status_code == status


def test_an_upload_that_is_too_large_still_gets_a_response(strict):
    """The answer comes while much is still being sent, and has to outlive that."""
    kind = {"content-type": ROUTES["/api/jobs"][0]}
    for content in (bytes(20 * BODY), iter([FORM, *[bytes(BODY)] * 20])):
        assert strict.web.post("/api/jobs", content=content, headers=kind).status_code == 413


def temporary_files():
    """Files of this process that have been deleted already, as those of uploads are."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(os.readlink(path))
    return [name for name in found if name.endswith("(deleted)")]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are read from /proc")
@pytest.mark.parametrize("end", ["refused", "hung up", "silent", "no picture", "broken form", "painted"])
def test_files_of_uploads_are_closed(strict, monkeypatch, end):
    if end == "silent":
        monkeypatch.setattr(security, "STALLED", 0.2)
    before = len(temporary_files())
    begin = FORM.replace(b'name="file"', b'name="content"').replace(b"content_name", b"nothing")
    large = chunked(begin) + chunked(bytes(2_000_000))  # which goes to the disk
    with strict.raw() as connection:
        connection.sendall(head("/api/jobs", ROUTES["/api/jobs"][0], "Transfer-Encoding: chunked") + large)
        if end in ("hung up", "silent"):
            until(lambda: len(temporary_files()) > before, "the upload on the disk")
        if end == "refused":
            connection.sendall(chunked(bytes(1_100_000)))
        elif end == "no picture":
            connection.sendall(chunked(b"\r\n--x--\r\n") + b"0\r\n\r\n")
        elif end == "broken form":
            connection.sendall(chunked(b"\r\n--x\r\nno header\0\r\n") + b"0\r\n\r\n")
        elif end == "painted":
            again = b'\r\n--x\r\nContent-Disposition: form-data; name="content"; filename="b.png"\r\n\r\n'
            connection.sendall(chunked(again + png(64) + b"\r\n--x--\r\n") + b"0\r\n\r\n")
        if end != "hung up":
            assert has_status(
                connection, {"refused": 413, "silent": 408, "no picture": 415, "broken form": 400}.get(end, 202)
            )
    until(lambda: len(temporary_files()) == before, "the end of the temporary files")


def has_status(connection, status):
    return int(connection.recv(65536).split()[1]) == status


@pytest.fixture
def half_uploads(strict):
    """Sends the first half of so many uploads, which then wait."""
    with contextlib.ExitStack() as stack:

        def begin(count, method="POST"):
            opened = []
            for _ in range(count):
                connection = stack.enter_context(strict.raw())
                start = head("/api/jobs", ROUTES["/api/jobs"][0], "Content-Length: 1000").replace(
                    b"POST", method.encode()
                )
                connection.sendall(start + FORM)
                opened.append(connection)
            return opened

        yield begin


def test_only_so_many_upload_at_once(strict, half_uploads):
    opened = half_uploads(security.UPLOADS - 1)

    def refused():
        half_uploads(1)  # and again, since a question holds a place as well and may have taken the last one
        found = strict.post_job()
        return found.status_code == 503 and found

    answer = until(refused, "the refusal")
    assert answer.json()["message"] == "too many uploads at the moment: try again shortly"
    assert answer.headers["retry-after"]
    assert strict.web.get("/api/health").status_code == 200
    opened[0].close()
    until(lambda: strict.post_job().status_code != 503, "the place of one that hung up")


def test_bodies_that_are_not_read_do_not_count_as_uploads(strict, half_uploads):
    """A stream of events that was asked for with half a body would hold one as long as it is watched."""
    half_uploads(security.UPLOADS + 2, method="GET")
    for _ in range(20):
        assert strict.post_job().status_code in (202, 429)  # the queue may be full by now


def test_a_stream_that_was_asked_for_with_half_a_body_is_not_cut_off(strict, monkeypatch):
    monkeypatch.setattr(security, "STALLED", 0.05)
    job = strict.submit()
    request = f"GET /api/jobs/{job['id']}/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
    with strict.raw() as connection:
        connection.sendall(request.encode())
        got = b""
        while b"event: state" not in got:
            got += connection.recv(4096)
        for _ in range(5):  # several times the patience
            select.select([], [], [], 0.03)
        strict.cancel(job["id"])
        while b"event: end" not in got:
            part = connection.recv(4096)
            assert part, "it was cut off"
            got += part
