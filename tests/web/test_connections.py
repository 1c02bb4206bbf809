"""Connections that send nothing, or little, or read nothing: they end, and meanwhile keep nobody out."""

import contextlib
import socket
import time

import pytest

from nst.web import access, security, server
from tests.support import studio_worker
from tests.support.raw_http import FORM, has_answered, head
from tests.support.studio_server import TOKEN, Served, answered, until

PING = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
BEGUN = b"GET /ping HTTP/1.1\r\nHost: localhost\r\nX-"


def is_closed(connection, *, sending=b""):
    """Whether the server has closed a connection; what it sent before is read."""
    connection.setblocking(False)
    try:
        if sending:
            connection.sendall(sending)
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(20)
    return True


@pytest.fixture
def raw(strict):
    """Opens connections, which are closed in the end."""
    with contextlib.ExitStack() as stack:
        yield lambda sending=b"", served=strict: stack.enter_context(_connected(served, sending))
    until(lambda: len(strict.server.server_state.connections) <= 2, "the end of the connections")


def _connected(served, sending):
    connection = served.raw()
    if sending:
        connection.sendall(sending)
    return connection


@pytest.fixture
def hasty(monkeypatch):
    """Deadlines that pass soon."""
    monkeypatch.setattr(server, "HEADERS", 0.3)


def test_headers_that_drip_are_cut_off(strict, raw, hasty):
    connections = [raw(BEGUN) for _ in range(20)]
    until(lambda: all(is_closed(each, sending=b"a") for each in connections), "the end of all")
    assert strict.web.get("/ping").status_code == 200


def test_a_connection_that_sends_nothing_is_cut_off(raw, hasty):
    connection = raw()
    until(lambda: is_closed(connection), "its end")


def test_headers_of_a_second_request_are_cut_off_too(raw, hasty):
    connection = raw(PING)
    assert answered(connection)[0] == 200
    connection.sendall(BEGUN)
    until(lambda: is_closed(connection, sending=b"a"), "its end")


def test_headers_behind_a_request_are_cut_off_too(raw, hasty):
    connection = raw(PING + BEGUN)
    assert answered(connection)[0] == 200
    until(lambda: is_closed(connection, sending=b"a"), "its end")


def test_a_body_that_nobody_reads_is_cut_off(raw, monkeypatch):
    monkeypatch.setattr(security, "UPLOAD_TIME", 0.3)
    connection = raw(head("/api/jobs", "text/plain", "Content-Length: 1000000", "Origin: http://evil.example"))
    assert answered(connection)[0] == 403
    until(lambda: is_closed(connection, sending=b"a"), "its end")


def test_what_takes_long_by_right_is_not_cut_off(strict, raw, hasty):
    """A stream of events, and an upload."""
    job = strict.submit()
    watching = raw(f"GET /api/jobs/{job['id']}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    uploading = raw(head("/api/preview", "multipart/form-data; boundary=x", "Content-Length: 1000") + FORM)
    assert watching.recv(12) == b"HTTP/1.1 200"
    for _ in range(8):
        time.sleep(0.1)
        uploading.sendall(b"a")
    assert not has_answered(uploading)
    assert not is_closed(watching)
    strict.cancel(job["id"])
    until(lambda: b"event: end" in watching.recv(65536), "the last event")


def test_a_client_that_reads_nothing_is_cut_off(strict, monkeypatch):
    monkeypatch.setattr(server, "UNREAD", 0.3)
    job = strict.submit()
    for epoch in range(3000):
        strict.studio.store.record(job["id"], "filler", {"message": f"{epoch} " + "x" * 1000})
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", strict.port))
        connection.sendall(f"GET /api/jobs/{job['id']}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        until(lambda: strict.app.state.watchers == 1)
        until(lambda: strict.app.state.watchers == 0, "the end of the stream")
    strict.cancel(job["id"])


def test_idle_connections_keep_nobody_out(strict, raw, monkeypatch):
    """A thousand of them once did."""
    monkeypatch.setattr(server, "CONNECTIONS", 30)
    monkeypatch.setattr(strict.server.config, "limit_concurrency", 31)
    idle = [raw(sending) for _ in range(30) for sending in (b"", BEGUN)]
    assert strict.web.get("/ping").status_code == 200
    fresh = raw(PING)
    assert answered(fresh)[0] == 200
    assert is_closed(idle[0]), "the one that waited longest made room"
    assert len(strict.server.server_state.connections) <= 30
    until(lambda: sum(is_closed(each) for each in idle) >= 30)


def test_when_all_are_busy_more_are_refused_and_none_cut_off(strict, raw, monkeypatch):
    monkeypatch.setattr(server, "CONNECTIONS", 5)
    monkeypatch.setattr(strict.server.config, "limit_concurrency", 6)
    strict.web.get("/ping")
    until(lambda: all(each._is_waiting() for each in strict.server.server_state.connections))
    job = strict.submit()
    watch = f"GET /api/jobs/{job['id']}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    watching = [raw(watch) for _ in range(5)]
    until(lambda: strict.app.state.watchers == 5)
    assert answered(raw(PING))[0] == 503
    assert not any(is_closed(each) for each in watching)
    strict.studio.cancel(job["id"])
    until(lambda: strict.app.state.watchers == 0)


@pytest.fixture
def as_strangers(monkeypatch):
    """All clients are at one address that is not this machine's."""
    monkeypatch.setattr(server.Connection, "_client_of", lambda connection, address: access.network_of("192.0.2.7"))
    monkeypatch.setattr(server, "PER_ADDRESS", 10)


def test_one_address_has_a_limit_of_its_own(strict, raw, as_strangers):
    idle = [raw() for _ in range(25)]
    assert answered(raw(PING))[0] == 200
    until(lambda: sum(is_closed(each) for each in idle) >= 15, "the end of the oldest")
    assert not is_closed(idle[-1])


def test_an_address_that_is_busy_with_all_of_its_connections_gets_no_more(strict, raw, as_strangers):
    job = strict.submit()
    watch = f"GET /api/jobs/{job['id']}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    watching = [raw(watch) for _ in range(10)]
    until(lambda: strict.app.state.watchers == 10)
    status, body = answered(raw(PING))
    assert status == 429
    assert b"too many requests from your address" in body
    assert not any(is_closed(each) for each in watching)
    strict.studio.cancel(job["id"])
    until(lambda: strict.app.state.watchers == 0)
    until(lambda: answered(raw(PING))[0] == 200)


def test_a_proxy_has_no_limit_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "PER_ADDRESS", 1)
    found = server.Config(None, proxies=["192.0.2.0/24", "2001:db8::1"])
    connection = object.__new__(server.Connection)
    connection.config = found
    for proxy in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "192.0.2.9", "::ffff:192.0.2.9", "2001:db8::1", ""):
        assert connection._client_of(proxy) is None
    assert connection._client_of("::ffff:198.51.100.1") == "198.51.100.1"
    assert connection._client_of("fe80::1%eth0") == "fe80::"


def test_strangers_hold_nothing_before_the_token_is_asked_for(tmp_path):
    """Their requests are refused at once, and what then waits can be closed."""
    served = Served(tmp_path, command=studio_worker.command("never-ready"), host="0.0.0.0", token=TOKEN)
    try:
        with contextlib.ExitStack() as stack:
            for path in ("/api/jobs", "/api/preview", "/generate_stylised_image"):
                sending = head(path, "multipart/form-data; boundary=x", "Content-Length: 1000000")
                assert answered(stack.enter_context(_connected(served, sending)))[0] == 401
            until(lambda: all(each._is_waiting() for each in served.server.server_state.connections))
    finally:
        served.close()
