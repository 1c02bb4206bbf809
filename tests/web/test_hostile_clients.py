"""Clients of the studio that mean harm: garbage, floods, tricks with paths, and connections that never end."""

import contextlib
import os
import socket
from pathlib import Path

import pytest

from tests.support.raw_http import FORM, asked, head
from tests.support.studio_server import answered, picture, until


def memory():
    """Bytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def unharmed(strict):
    """The studio, which has to be as it was after the test."""
    before = memory() if Path("/proc/self/statm").exists() else None
    yield strict
    assert strict.web.get("/api/health").status_code == 200
    assert strict.post_job().status_code == 202
    if before is not None:
        assert memory() - before < 150_000_000


GARBAGE = {
    "nothing": b"\r\n\r\n\r\n",
    "words": b"hello, is there anybody?\r\n\r\n",
    "bytes": bytes(range(256)) * 40,
    "a greeting for TLS": bytes.fromhex("16030100c8010000c40303") + bytes(200),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a header of a megabyte": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000,
    "an address of a megabyte": b"GET /" + b"a" * 1_000_000,
    "many headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 100_000,
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n",
    "a header without an end": b"GET / HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n",
    "a negative length": b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "a length of many digits": b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
    + b"9" * 6000
    + b"\r\n\r\n",
    "a chunk of nonsense": head("/api/jobs", "text/plain", "Transfer-Encoding: chunked") + b"xyz\r\n",
    "a chunk of many digits": head("/api/jobs", "text/plain", "Transfer-Encoding: chunked") + b"f" * 5000 + b"\r\n",
    "an unknown encoding": head("/api/jobs", "text/plain", "Transfer-Encoding: gzip") + b"abc",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_refused_and_the_connection_closed(unharmed, name):
    with unharmed.raw() as connection:
        with contextlib.suppress(OSError):
            connection.sendall(GARBAGE[name])
            connection.shutdown(socket.SHUT_WR)
        found = answered(connection)
    assert found is None or 400 <= found[0] < 506


def test_garbage_behind_a_request_harms_only_itself(unharmed):
    good = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with unharmed.raw() as connection:
        connection.sendall(good * 3 + b"\0\1\2 nonsense\r\n\r\n" + good)
        got = b""
        while part := connection.recv(65536):
            got += part
    assert (got.count(b"HTTP/1.1 200"), got.count(b"HTTP/1.1 400")) == (3, 1)


def test_a_length_that_hides_a_request_is_refused(unharmed):
    """A proxy could take the one, and the studio the other."""
    text = (
        "POST /api/jobs HTTP/1.1\nHost: localhost\nContent-Length: 4\nTransfer-Encoding: chunked\n\n0\n\n"
        "GET /ping HTTP/1.1\nHost: localhost\nConnection: close\n\n"
    )
    with unharmed.raw() as connection:
        connection.sendall(text.replace("\n", "\r\n").encode())
        connection.shutdown(socket.SHUT_WR)
        found = answered(connection)
    assert found[0] == 400


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW", "get", "PROPFIND", "M" * 300])
def test_odd_methods_are_refused(unharmed, method):
    for path in ("/", "/api/jobs", "/api/jobs/0123456789abcdef"):
        status, _ = asked(unharmed, f"{method} {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n")
        assert status in (400, 405)


def test_headers_that_never_end_hold_nobody_up(unharmed):
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(unharmed.raw()) for _ in range(100)]
        for connection in slow:
            connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-")
        for _ in range(3):
            for connection in slow:
                connection.sendall(b"a")
            assert unharmed.web.get("/api/health").status_code == 200
            assert unharmed.post_job().status_code == 202


def test_a_boundary_that_never_comes_is_a_broken_form(unharmed):
    for kind in ("multipart/form-data; boundary=y", "multipart/form-data", "multipart/form-data; boundary="):
        answer = unharmed.web.post("/api/jobs", content=FORM + b"\r\n--x--", headers={"content-type": kind})
        assert answer.status_code in (400, 422), kind
        assert set(answer.json()) == {"message", "field"}


@pytest.mark.parametrize("count", [900, 1001])
def test_a_thousand_parts_are_refused(unharmed, count):
    files = [picture("style", f"{number}.png") for number in range(count)]
    answer = unharmed.post_job(files=files)
    assert answer.status_code == 400
    assert "style" in answer.json()["message"] or "Too many files" in answer.json()["message"]


def test_a_field_of_two_megabytes_is_refused(unharmed):
    answer = unharmed.post_job("x" * 2_000_000)
    assert answer.status_code == 400
    assert "Part exceeded maximum size" in answer.json()["message"]


def test_a_part_with_endless_headers_is_refused(unharmed):
    for headers in (b"X: " + b"a" * 500_000, b"a: b\r\n" * 50_000):
        form = b"--x\r\n" + headers + b"\r\n" + FORM[5:] + b"\r\n--x--\r\n"
        answer = unharmed.web.post(
            "/api/jobs", content=form, headers={"content-type": "multipart/form-data; boundary=x"}
        )
        assert answer.status_code in (202, 400)


PATHS = [
    "/../../../etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/....//....//etc/passwd",
    "/assets/../../app.py", "/assets/..%2f..%2fapp.py", "/%2e%2e%2fapp.py", "/..%5c..%5capp.py", "/%252e%252e/app.py",
    "//app.py", "/etc/passwd%00.png", "/api/contents/..%2f..%2fREADME.md", "/api/jobs/..%2f..%2fstudio.sqlite",
    "/api/jobs/0123456789abcdef/files/..%2f..%2f..%2fstudio.sqlite",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_address_leads_out_of_the_folders(unharmed, path):
    status, body = asked(unharmed, f"GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n")
    assert status in (307, 400, 404, 422)
    for secret in (b"root:", b"import", b"SQLite"):
        assert secret not in body


def test_three_hundred_watch_at_once(unharmed):
    job = unharmed.submit()
    request = f"GET /api/jobs/{job['id']}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        watching = [stack.enter_context(unharmed.raw()) for _ in range(300)]
        for connection in watching:
            connection.sendall(request)
        for connection in watching:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert unharmed.app.state.watchers == 300
        assert unharmed.web.get("/api/health").status_code == 200
        unharmed.cancel(job["id"])
        for connection in watching:
            got = b""
            while b"event: end" not in got:
                part = connection.recv(65536)
                assert part, "it was cut off"
                got += part
    until(lambda: unharmed.app.state.watchers == 0, "the end of the streams")


def test_watchers_that_read_nothing_hold_nobody_up(unharmed):
    """They fill the buffers of their connections, and no more."""
    job = unharmed.submit()
    for epoch in range(3000):
        unharmed.studio.store.record(job["id"], "filler", {"message": f"{epoch} " + "x" * 1000})
    request = f"GET /api/jobs/{job['id']}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    before = memory()
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(unharmed.raw()).sendall(request)
        until(lambda: unharmed.app.state.watchers == 50)
        assert unharmed.web.get("/api/health").status_code == 200
        assert memory() - before < 100_000_000
    until(lambda: unharmed.app.state.watchers == 0, "the end of the streams")
