"""How responses are sent: HEAD, compression, and the reference of the API."""

import re

import pytest

from tests.support.studio_server import until

GZIP = {"accept-encoding": "gzip"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200), ("/api/health", 200), ("/api/settings", 200), ("/api/styles/ink", 200), ("/ping", 200),
        ("/api/jobs", 200), ("/api/openapi.json", 200), ("/api/nothing", 404), ("/nothing", 404), ("/api/token", 405),
        ("/generate_stylised_image", 405), ("/api/jobs/0123456789abcdef", 404), ("/api/jobs?limit=0", 422),
    ],
)  # fmt: skip
def test_head_is_answered_as_get_is(waiting, path, status):
    got, head = waiting.web.get(path, headers=GZIP), waiting.web.head(path, headers=GZIP)
    assert (got.status_code, head.status_code, head.content) == (status, status, b"")
    differing = {"date", "content-length", "transfer-encoding"}
    assert {name for name in got.headers if got.headers[name] != head.headers.get(name)} <= differing


def test_head_of_a_result_has_its_size_and_leaves_the_connection_usable(shared, painted):
    path = f"/api/jobs/{painted['id']}/result"
    size = len(shared.web.get(path).content)
    for _ in range(3):
        assert int(shared.web.head(path).headers["content-length"]) == size
    with shared.raw() as connection:
        connection.sendall(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        connection.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        got = b"".join(iter(lambda: connection.recv(65536), b""))
    assert (got.count(b"HTTP/1.1 200"), got.count(b"PNG")) == (2, 0)
    assert got.endswith(b'"alive"')


def test_head_of_a_stream_ends_at_once(waiting):
    job = waiting.submit()
    answer = waiting.web.head(f"/api/jobs/{job['id']}/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    until(lambda: waiting.app.state.watchers == 0, "the end of the stream")
    waiting.cancel(job["id"])


def encoding(answer):
    assert answer.status_code == 200
    return answer.headers.get("content-encoding", "none")


def test_text_is_compressed(waiting):
    page = waiting.web.get("/", headers=GZIP)
    script = page.text.partition('src="')[2].partition('"')[0]
    for path in (script, "/api/settings", "/api/openapi.json"):
        small, large = waiting.web.get(path, headers=GZIP), waiting.web.get(path, headers={"accept-encoding": ""})
        assert (encoding(small), encoding(large)) == ("gzip", "none"), path
        assert small.content == large.content
        assert "accept-encoding" in small.headers["vary"].lower()


def test_scripts_and_styles_are_sent_as_the_build_compressed_them(waiting):
    page = waiting.web.get("/", headers=GZIP).text
    for path in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page):
        found = {}
        for taken in ("gzip, deflate, br, zstd", "gzip", "br;q=0, identity"):
            with waiting.web.stream("GET", path, headers={"accept-encoding": taken}) as answer:
                found[taken] = (encoding(answer), len(b"".join(answer.iter_raw())), answer.headers["content-type"])
        (best, small, kind), (better, larger, _), (plain, largest, same) = found.values()
        assert (best, better, plain) == ("br", "gzip", "none")
        assert small < larger < largest
        assert kind == same
        assert kind.startswith(("text/javascript", "text/css"))
        tag = waiting.web.head(path, headers={"accept-encoding": "br"}).headers["etag"]
        again = waiting.web.get(path, headers={"accept-encoding": "br", "if-none-match": tag})
        assert again.status_code == 304


def test_pictures_and_files_are_not(shared, painted):
    for path in ("/api/styles/ink", f"/api/jobs/{painted['id']}/picture", f"/api/jobs/{painted['id']}/result"):
        assert encoding(shared.web.get(path, headers=GZIP)) == "none"


def test_events_are_not_and_arrive_at_once(waiting):
    job = waiting.submit()
    with waiting.watching(job["id"], accept_encoding="gzip") as events:
        assert next(events)[0] == "state"
    with waiting.web.stream("GET", f"/api/jobs/{job['id']}/events", headers=GZIP) as answer:
        assert encoding(answer) == "none"
    waiting.cancel(job["id"])


def test_parts_of_a_video_are_not(shared, painted):
    answer = shared.web.get(f"/api/jobs/{painted['id']}/result", headers={**GZIP, "range": "bytes=0-9"})
    assert (answer.status_code, len(answer.content)) == (206, 10)
    assert "content-encoding" not in answer.headers


def test_a_page_that_has_not_changed_is_not_sent_again(waiting):
    page = waiting.web.get("/", headers=GZIP)
    again = waiting.web.get("/", headers={**GZIP, "if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_reference_of_the_api_is_a_page_of_the_studio(waiting):
    answer = waiting.web.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "//" not in answer.text.replace("<!doctype html>", "").replace("https://", "//")
