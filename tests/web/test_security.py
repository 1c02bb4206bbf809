"""Who may come in to the studio, how much they may bring, and clients that mean harm."""

import contextlib
import json
import os
import select
import socket
import time
from pathlib import Path

import httpx
import pytest

from nst.web import security
from nst.web.routes import events
from nst.web.submission import Limits
from tests.support import studio_worker
from tests.support.studio_server import TOKEN, Served, answered, picture, until
from tests.support.studio_worker import png

BODY = 3_000_000
WAITING = {"command": studio_worker.command("never-ready"), "limits": Limits(body_bytes=BODY, file_bytes=BODY)}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A studio on a loopback address, without a token; nothing is painted."""
    served = Served(tmp_path_factory.mktemp("shared"), known=("studio.example", "Named.Example"), **WAITING)
    yield served
    served.close()


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A studio that others can reach, with a token."""
    served = Served(tmp_path_factory.mktemp("locked"), host="0.0.0.0", token=TOKEN, **WAITING)
    yield served
    served.close()


def asked(served, text, body=b""):
    """The answer to a request that is sent as it stands."""
    with served.raw() as connection:
        connection.sendall(text.replace("\n", "\r\n").encode("latin-1") + body)
        return answered(connection)


# --- names ---

OURS = [
    "127.0.0.1", "127.0.0.1:1", "localhost", "LOCALHOST:8000", "127.0.0.2", "[::1]", "[::1]:80", "studio.example",
    "STUDIO.example:443", "named.example",
]  # fmt: skip
NOT_OURS = [
    "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "0.0.0.0",
    "[::1", "[::2]", "::1]", "", ":80", "evil.example#localhost", "evil.example/localhost", "localhost.", "2130706433",
    "127.1",
]  # fmt: skip


@pytest.mark.parametrize("host", OURS)
@pytest.mark.parametrize("path", ["/", "/api/health", "/ping"])
def test_names_of_the_studio_are_answered(shared, host, path):
    assert shared.web.get(path, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", NOT_OURS)
@pytest.mark.parametrize("path", ["/", "/api/health", "/ping", "/nothing"])
def test_a_page_elsewhere_gets_nothing_under_its_name(shared, host, path):
    answer = shared.web.get(path, headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["message"].startswith("this is not an address of the studio")


def test_a_request_without_a_name_gets_nothing(shared):
    assert asked(shared, "GET /api/health HTTP/1.0\n\n")[0] == 421
    assert asked(shared, "GET /api/health HTTP/1.1\nConnection: close\n\n")[0] == 400
    assert asked(shared, "GET /api/health HTTP/1.1\nHost: localhost\nHost: localhost\nConnection: close\n\n")[0] == 400


def test_the_name_in_the_first_line_changes_nothing(shared):
    evil = "GET http://localhost/api/health HTTP/1.1\nHost: evil.example\nConnection: close\n\n"
    assert asked(shared, evil)[0] == 421


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.5:8000", "[fe80::1]", "localhost", socket.gethostname()])
def test_a_studio_for_others_is_reached_at_its_addresses(locked, host):
    assert locked.web.get("/ping", headers={"host": host}).status_code == 200
    assert locked.web.get("/ping", headers={"host": "evil.example"}).status_code == 421


# --- other pages ---


def cancelled(served, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return served.web.post("/api/jobs/0123456789abcdef/cancel", headers=named)


def test_the_page_itself_may_change_things(shared):
    own = shared.address
    for headers in ({}, {"origin": own}, {"origin": own.upper()}, {"sec_fetch_site": "same-origin"},
                    {"sec_fetch_site": "none"}, {"origin": own, "sec_fetch_site": "same-origin"}):  # fmt: skip
        assert cancelled(shared, **headers).status_code == 404, headers  # which is the job's, and not the guard's


FOREIGN = [
    "http://evil.example", "null", "", "http://127.0.0.1:1", "http://localhost", "file://", "http://[", "http://[::1",
    "http://127.0.0.1:port@evil.example", "ü",
]  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN)
def test_another_page_changes_nothing(shared, origin):
    answer = cancelled(shared, origin=origin.replace("port", str(shared.port)).encode("latin-1"))
    assert answer.status_code == 403
    assert answer.json()["message"] == "this request was sent by another site; the studio accepts only its own page's"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "nonsense"])
def test_a_browser_that_says_another_site_changes_nothing(shared, site):
    assert cancelled(shared, sec_fetch_site=site).status_code == 403
    assert cancelled(shared, sec_fetch_site=site, origin=shared.address).status_code == 403


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "POST"])
def test_no_method_that_changes_something_is_let_in(shared, method):
    for path in ("/api/jobs/0123456789abcdef", "/generate_stylised_image", "/api/token"):
        assert shared.web.request(method, path, headers={"origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
def test_no_page_is_given_leave_to_read(shared, method):
    preflight = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = shared.web.request(method, "/api/jobs", headers=preflight)
    assert not [name for name in answer.headers if name.startswith("access-control")]


# --- the token ---

SHUT = {
    "nothing": {},
    "wrong": {"authorization": "Bearer 0123456789abcdefghiX"},
    "shorter": {"authorization": f"Bearer {TOKEN[:-1]}"},
    "longer": {"authorization": f"Bearer {TOKEN}x"},
    "empty": {"authorization": "Bearer"},
    "another scheme": {"authorization": f"Basic {TOKEN}"},
    "no scheme": {"authorization": TOKEN},
    "not ascii": {"authorization": "Bearer ü€".encode()},
    "another cookie": {"cookie": f"token={TOKEN}"},
    "wrong cookie": {"cookie": "nst-token-PORT=wrong"},
    "cookie of another port": {"cookie": f"nst-token-1={TOKEN}"},
    "cookie not ascii": {"cookie": "nst-token-PORT=ü".encode("latin-1")},
    "wrong before right": {"authorization": "Bearer wrong", "cookie": f"nst-token-PORT={TOKEN}"},
}
OPEN = {
    "bearer": {"authorization": f"Bearer {TOKEN}"},
    "in another case": {"authorization": f"bEARER  {TOKEN}"},
    "cookie": {"cookie": f"nst-token-PORT={TOKEN}"},
    "cookie among others": {"cookie": f"a=b; nst-token-PORT={TOKEN}; c=d"},
    "cookie behind another program's": {"cookie": f'state={{"a": [1, 2]}}; x y=z; nst-token-PORT={TOKEN}'},
    "cookie behind one that is none": {"cookie": f"=; ;; a@b=1; nst-token-PORT={TOKEN}"},
}
GUARDED = ["/api/health", "/api/jobs", "/api/openapi.json", "/api/styles/ink", "/api/nothing", "/api"]


def for_port(headers, served):
    port = str(served.port)
    return {
        name: value.replace(b"PORT", port.encode()) if isinstance(value, bytes) else value.replace("PORT", port)
        for name, value in headers.items()
    }


@pytest.mark.parametrize("name", SHUT)
def test_without_the_token_there_is_nothing(locked, name):
    headers = for_port(SHUT[name], locked)
    for path in [*GUARDED, "/generate_stylised_image"]:
        answer = locked.web.get(path, headers=headers)
        assert answer.status_code == 401, path
        assert answer.json()["message"].startswith("the studio requires its token")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert locked.web.post("/api/jobs", headers=headers).status_code == 401
    assert locked.web.get("/", headers=headers).status_code == 200  # the page, which asks for it


@pytest.mark.parametrize("name", OPEN)
def test_the_token_opens(locked, name):
    for path in GUARDED:
        assert locked.web.get(path, headers=for_port(OPEN[name], locked)).status_code in (200, 404)


@pytest.mark.parametrize("path", ["/%61pi/health", "/api%2fhealth", "//api/health", "/API/health", "/x/../api/health"])
def test_no_way_of_writing_an_address_goes_around_the_token(locked, path):
    status, body = asked(locked, f"GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n")
    assert status in (401, 404, 307)
    assert b"workers" not in body


@pytest.fixture
def visitor(locked):
    """A browser of its own."""
    with httpx.Client(base_url=locked.address, trust_env=False) as web:
        yield web


def test_the_address_that_was_printed_lets_the_page_in(visitor):
    answer = visitor.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    for part in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert part in answer.headers["set-cookie"]
    assert visitor.get("/api/health").status_code == 200


@pytest.mark.parametrize("query", ["token=wrong", "token=", "token=%ff%00", "token", "token=a&token=" + TOKEN])
def test_a_wrong_address_lets_nobody_in(visitor, query):
    answer = visitor.get(f"/?{query}", follow_redirects=True)
    assert answer.status_code == 200
    assert visitor.get("/api/health").status_code == 401


def test_the_page_lets_itself_in_with_the_token(visitor):
    wrong = visitor.post("/api/token", json={"token": "wrong"})
    assert (wrong.status_code, wrong.json()["field"]) == (401, "token")
    assert visitor.get("/api/health").status_code == 401
    assert visitor.post("/api/token", json={"token": TOKEN}).status_code == 204
    assert visitor.get("/api/health").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422), (b"{}", 422), (b'{"token": 1}', 422), (b'{"token": null}', 422), (b"[]", 422), (b"{", 422),
        (json.dumps({"token": "x" * 201}).encode(), 422), (b'{"token": "\xff"}', 400), (b"[" * 100_000, 400),
        (json.dumps({"token": "ü€\0"}).encode(), 401), (b'{"token": "\\ud800"}', 422),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_what_is_no_token_is_refused(visitor, body, status):
    answer = visitor.post("/api/token", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert set(answer.json()) == {"message", "field"}
    assert visitor.get("/api/health").status_code == 401


def test_a_studio_without_a_token_is_open(shared):
    assert shared.web.post("/api/token", json={"token": "any"}).status_code == 204
    assert "set-cookie" not in shared.web.get("/?token=any").headers
    assert shared.web.get("/api/health", headers={"authorization": "Bearer any"}).status_code == 200


# --- headers ---


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/api/health", 200), ("/api/styles/ink", 200), ("/api/nothing", 404), ("/x", 404)]
)
def test_every_answer_is_dressed(shared, path, status):
    dressed(shared.web.get(path), status)


def test_what_is_refused_is_dressed_too(shared, locked):
    dressed(shared.web.get("/", headers={"host": "evil.example"}), 421)
    dressed(cancelled(shared, origin="null"), 403)
    dressed(locked.web.get("/api/health"), 401)
    dressed(shared.web.post("/api/jobs", content=bytes(BODY + 1)), 413)
    dressed(shared.web.get("/api/jobs?limit=0"), 422)


def dressed(answer, status):
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in answer.headers
    assert answer.headers["cache-control"]


# --- how much they bring ---

FORM = (
    b'--x\r\nContent-Disposition: form-data; name="content_name"\r\n\r\nchelsea\r\n'
    b'--x\r\nContent-Disposition: form-data; name="style_name"\r\n\r\nink\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
)
ROUTES = {
    "/api/jobs": ("multipart/form-data; boundary=x", FORM),
    "/generate_stylised_image": ("multipart/form-data; boundary=x", FORM),
    "/api/token": ("application/json", b'{"token": "'),
}


def head(path, kind, *more):
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunked(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def has_answered(connection):
    return bool(select.select([connection], [], [], 0)[0])


def problem(connection):
    status, body = answered(connection)
    return status, json.loads(body)["message"]


@pytest.mark.parametrize("path", ROUTES)
def test_a_length_that_is_too_large_is_refused_before_anything_comes(shared, path):
    with shared.raw() as connection:
        connection.sendall(head(path, ROUTES[path][0], f"Content-Length: {BODY + 1}", "Expect: 100-continue"))
        assert problem(connection) == (413, "the upload is larger than 3 MB: make the pictures smaller first")


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_grows_too_large_is_refused_while_it_comes(shared, path):
    kind, begin = ROUTES[path]
    sent = 0
    with shared.raw() as connection:
        connection.sendall(head(path, kind, "Transfer-Encoding: chunked") + chunked(begin))
        with contextlib.suppress(ConnectionError):
            while not has_answered(connection) and sent < 100 * BODY:
                sent += connection.send(chunked(b"a" * 65536))
        assert problem(connection)[0] == 413
    assert sent < 10 * BODY  # what the system's buffers hold comes on top


def test_a_body_that_drips_is_dropped_in_the_end(shared, monkeypatch):
    monkeypatch.setattr(security, "UPLOAD_TIME", 0.2)
    path, (kind, begin) = next(iter(ROUTES.items()))
    with shared.raw() as connection:
        connection.sendall(head(path, kind, "Content-Length: 1000") + begin)
        with contextlib.suppress(OSError):
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.02)
        assert problem(connection) == (408, "the upload stalled")


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_stops_coming_is_dropped(shared, monkeypatch, path):
    monkeypatch.setattr(security, "STALLED", 0.1)
    kind, begin = ROUTES[path]
    with shared.raw() as connection:
        connection.sendall(head(path, kind, "Content-Length: 1000") + begin)
        assert problem(connection) == (408, "the upload stalled")


def test_a_body_of_the_largest_length_is_taken(shared):
    """Whether it is one byte too many is seen exactly, with and without a length."""
    rest = b"\r\n--x--\r\n"
    form = FORM + bytes(BODY - len(FORM) - len(rest)) + rest
    kind = {"content-type": ROUTES["/api/jobs"][0]}
    for body, status in ((form, 202), (form + b"a", 413)):
        for content in (body, iter([body])):
            assert shared.web.post("/api/jobs", content=content, headers=kind).status_code == status


def test_who_uploads_too_much_reads_why(shared):
    """The answer comes while much is still being sent, and has to outlive that."""
    kind = {"content-type": ROUTES["/api/jobs"][0]}
    for content in (bytes(20 * BODY), iter([FORM, *[bytes(BODY)] * 20])):
        assert shared.web.post("/api/jobs", content=content, headers=kind).status_code == 413


def temporary_files():
    """Files of this process that have been deleted already, as those of uploads are."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(os.readlink(path))
    return [name for name in found if name.endswith("(deleted)")]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are read from /proc")
@pytest.mark.parametrize("end", ["refused", "hung up", "silent", "no picture", "broken form", "painted"])
def test_files_of_uploads_are_closed(shared, monkeypatch, end):
    if end == "silent":
        monkeypatch.setattr(security, "STALLED", 0.2)
    before = len(temporary_files())
    begin = FORM.replace(b'name="file"', b'name="content"').replace(b"content_name", b"nothing")
    large = chunked(begin) + chunked(bytes(2_000_000))  # which goes to the disk
    with shared.raw() as connection:
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
def half_uploads(shared):
    """Sends the first half of so many uploads, which then wait."""
    with contextlib.ExitStack() as stack:

        def begin(count, method="POST"):
            opened = []
            for _ in range(count):
                connection = stack.enter_context(shared.raw())
                start = head("/api/jobs", ROUTES["/api/jobs"][0], "Content-Length: 1000").replace(
                    b"POST", method.encode()
                )
                connection.sendall(start + FORM)
                opened.append(connection)
            return opened

        yield begin


def test_only_so_many_upload_at_once(shared, half_uploads):
    opened = half_uploads(security.UPLOADS - 1)

    def refused():
        half_uploads(1)  # and again, since a question holds a place as well and may have taken the last one
        found = shared.ask_for()
        return found.status_code == 503 and found

    answer = until(refused, "the refusal")
    assert answer.json()["message"] == "too many uploads at the moment: try again shortly"
    assert answer.headers["retry-after"]
    assert shared.web.get("/api/health").status_code == 200
    opened[0].close()
    until(lambda: shared.ask_for().status_code != 503, "the place of one that hung up")


def test_requests_without_a_use_for_a_body_take_no_place(shared, half_uploads):
    """A stream of events that was asked for with half a body would hold one as long as it is watched."""
    half_uploads(security.UPLOADS + 2, method="GET")
    for _ in range(20):
        assert shared.ask_for().status_code in (202, 429)  # the queue may be full by now


def test_a_stream_that_was_asked_for_with_half_a_body_is_not_cut_off(shared, monkeypatch):
    monkeypatch.setattr(security, "STALLED", 0.05)
    monkeypatch.setattr(events, "POLL_INTERVAL", 0.02)
    job = shared.order()
    request = f"GET /api/jobs/{job['id']}/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
    with shared.raw() as connection:
        connection.sendall(request.encode())
        got = b""
        while b"event: state" not in got:
            got += connection.recv(4096)
        for _ in range(5):  # several times the patience
            select.select([], [], [], 0.03)
        shared.cancel(job["id"])
        while b"event: end" not in got:
            part = connection.recv(4096)
            assert part, "it was cut off"
            got += part


# --- clients that mean harm ---


def memory():
    """Bytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def unharmed(shared):
    """The studio, which has to be as it was after the test."""
    before = memory() if Path("/proc/self/statm").exists() else None
    yield shared
    assert shared.web.get("/api/health").status_code == 200
    assert shared.ask_for().status_code == 202
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
            assert unharmed.ask_for().status_code == 202


def test_a_boundary_that_never_comes_is_a_broken_form(unharmed):
    for kind in ("multipart/form-data; boundary=y", "multipart/form-data", "multipart/form-data; boundary="):
        answer = unharmed.web.post("/api/jobs", content=FORM + b"\r\n--x--", headers={"content-type": kind})
        assert answer.status_code in (400, 422), kind
        assert set(answer.json()) == {"message", "field"}


@pytest.mark.parametrize("count", [900, 1001])
def test_a_thousand_parts_are_refused(unharmed, count):
    files = [picture("style", f"{number}.png") for number in range(count)]
    answer = unharmed.ask_for(files=files)
    assert answer.status_code == 400
    assert "style" in answer.json()["message"] or "Too many files" in answer.json()["message"]


def test_a_field_of_two_megabytes_is_refused(unharmed):
    answer = unharmed.ask_for("x" * 2_000_000)
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
    job = unharmed.order()
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
    job = unharmed.order()
    for epoch in range(3000):
        unharmed.studio.store.record(job["id"], "trouble", {"message": f"{epoch} " + "x" * 1000})
    request = f"GET /api/jobs/{job['id']}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    before = memory()
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(unharmed.raw()).sendall(request)
        until(lambda: unharmed.app.state.watchers == 50)
        assert unharmed.web.get("/api/health").status_code == 200
        assert memory() - before < 100_000_000
    until(lambda: unharmed.app.state.watchers == 0, "the end of the streams")
