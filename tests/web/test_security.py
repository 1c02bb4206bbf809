"""Which requests the studio lets in: host names, origins, the token, and the headers of responses."""

import json
import socket

import httpx
import pytest

from nst.web import access
from nst.web.submission import Limits
from tests.support import studio_worker
from tests.support.raw_http import asked
from tests.support.studio_server import TOKEN, Served

BODY = 3_000_000
WAITING = {"command": studio_worker.command("never-ready"), "limits": Limits(body_bytes=BODY, file_bytes=BODY)}


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Here tokens are guessed again and again; `test_access` has what comes of that."""
    monkeypatch.setattr(access, "FREE_GUESSES", 10**6)


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
    "ftp://127.0.0.1:port", "127.0.0.1:port",
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


def test_a_page_of_another_scheme_is_another_page(shared):
    secure = shared.address.replace("http:", "https:")
    answer = cancelled(shared, origin=secure)
    assert answer.status_code == 403
    assert "X-Forwarded-Proto" in answer.json()["message"]
    for headers in ({"x_forwarded_proto": "https"}, {"x_forwarded_proto": "https", "host": "studio.example:443"}):
        host = headers.get("host", f"127.0.0.1:{shared.port}").removesuffix(":443")
        assert cancelled(shared, origin=f"https://{host}", **headers).status_code == 404
        assert cancelled(shared, origin=f"http://{host}", **headers).status_code == 403


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
def test_every_response_has_the_security_headers(shared, path, status):
    has_security_headers(shared.web.get(path), status)


def test_errors_have_the_security_headers_too(shared, locked):
    has_security_headers(shared.web.get("/", headers={"host": "evil.example"}), 421)
    has_security_headers(cancelled(shared, origin="null"), 403)
    has_security_headers(locked.web.get("/api/health"), 401)
    has_security_headers(shared.web.post("/api/jobs", content=bytes(BODY + 1)), 413)
    has_security_headers(shared.web.get("/api/jobs?limit=0"), 422)


def has_security_headers(answer, status):
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=(self)" in answer.headers["permissions-policy"]
    assert "microphone=()" in answer.headers["permissions-policy"]
    assert "server" not in answer.headers
    assert answer.headers["cache-control"]
