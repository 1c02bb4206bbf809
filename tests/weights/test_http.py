"""The download of one URL, from a local server that misbehaves in every known way."""

import contextlib
import email.utils
import errno
import hashlib
import os
import socket
import threading
import time

import pytest

from nst.utils import connection
from nst.utils.connection import Limits, SourceError
from nst.weights import http
from nst.weights.http import Expected
from tests.support.file_server import Server, answer, cut, honest, ignoring_range, silent_after, status, whole

DATA = bytes(range(256)) * 2000  # 512,000 bytes: several pieces
HALF = 300_000
QUICK = Limits(answer=2.0, silence=0.5, retries=3, backoff=0.01)
ATTEMPTS = 4


def expected(data=DATA, size=True):
    return Expected(len(data) if size else None, "sha256", hashlib.sha256(data).hexdigest())


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """No proxy of the machine that the tests run on."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server():
    made = Server(DATA)
    yield made
    made.close()


@pytest.fixture
def fetch(server, tmp_path):
    """Fetches into `tmp_path/net.mat`; gives the progress that was reported."""

    def run(url=None, want=None, limits=QUICK):
        seen = []
        http.fetch(
            url or server.url(), tmp_path / "net.mat", want or expected(), limits,
            lambda done, total: seen.append((done, total)),
        )  # fmt: skip
        assert (tmp_path / "net.mat").read_bytes() == DATA
        assert os.listdir(tmp_path) == ["net.mat"], "nothing else is left"
        return seen

    return run


def refused(fetch, tmp_path, sentence, **more):
    """Expects this error and no file; returns the error and the number of bytes kept."""
    with pytest.raises(SourceError, match=sentence) as caught:
        fetch(**more)
    assert not (tmp_path / "net.mat").exists()
    part = tmp_path / "net.mat.part"
    return caught.value, part.stat().st_size if part.exists() else 0


def test_a_file(fetch, server):
    seen = fetch()
    assert len(server.requests) == 1
    assert seen[0] == (0, len(DATA))
    assert seen[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


def test_a_file_of_unknown_size(fetch):
    assert fetch(want=expected(size=False))[-1] == (len(DATA), len(DATA))


def test_a_file_without_a_length(fetch, server):
    def chunked(handler, server):
        answer(handler, 200, b"", {"Transfer-Encoding": "chunked"})
        for start in range(0, len(DATA), 100_000):
            piece = DATA[start : start + 100_000]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n")

    server.script = [chunked]
    assert fetch(want=expected(size=False))[-1] == (len(DATA), None)


# ---- cuts


def test_a_cut_is_resumed_in_the_same_run(fetch, server):
    server.script = [cut(HALF), cut(400_000)]
    fetch()
    first, second, third = server.ranges()
    assert first is None
    starts = [int(words.removeprefix("bytes=").removesuffix("-")) for words in (second, third)]
    assert 0 < starts[0] <= HALF < starts[1] <= 400_000
    assert server.requests[1][1]["If-Range"] == '"one"'


def test_a_cut_is_resumed_in_a_later_run(fetch, server, tmp_path):
    server.script = [cut(HALF), *[status(503)] * 3]
    _, kept = refused(fetch, tmp_path, "answers 503 Service Unavailable, 4 times in a row")
    assert 0 < kept <= HALF
    seen = fetch()
    assert server.ranges()[-1] == f"bytes={kept}-"
    assert seen[0] == (kept, len(DATA)), "the bar begins where it ended"


def test_a_cut_without_end(fetch, server, tmp_path):
    server.script = [cut(50)] * 20
    refused(fetch, tmp_path, "dropped the connection|stopped after")
    assert len(server.requests) == ATTEMPTS


def test_attempts_that_make_progress_do_not_count(fetch, server, monkeypatch):
    monkeypatch.setattr(http, "_WORTH", 60_000)
    server.script = [cut(upto) for upto in range(70_000, 500_000, 70_000)]
    assert len(server.script) > ATTEMPTS
    fetch()


def test_a_server_that_falls_silent(fetch, server):
    server.script = [silent_after(HALF, 2.0)]
    began = time.monotonic()
    fetch()
    assert time.monotonic() - began < 1.8
    assert server.ranges()[1].startswith("bytes=")


def test_a_silent_server_is_reported(fetch, server, tmp_path):
    server.script = [silent_after(0, 1.0)] * 9
    limits = Limits(2.0, 0.1, 1, 0.01)
    refused(fetch, tmp_path, "sent nothing for 0.1 seconds, 2 times in a row", limits=limits)


def test_range_ignored(fetch, server):
    server.script = [cut(HALF), ignoring_range]
    fetch()
    assert len(server.requests) == 2


def test_another_version_in_the_middle_begins_again(fetch, server):
    """`If-Range`: an honest server gives all of the new version."""
    old = bytes(len(DATA))

    def older(handler, server):
        answer(handler, 200, old[:HALF], {"ETag": '"zero"'}, length=len(DATA))

    server.script = [older]
    fetch()
    assert server.requests[1][1]["If-Range"] == '"zero"'
    assert len(server.requests) == 2


def test_a_server_that_continues_another_version(fetch, server):
    def older(handler, server):
        answer(handler, 200, bytes(HALF), {"ETag": '"zero"'}, length=len(DATA))

    def continued(handler, server):
        start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        size = len(DATA)
        range_ = {"Content-Range": f"bytes {start}-{size - 1}/{size}", "ETag": '"one"'}
        answer(handler, 206, DATA[start:], range_)

    server.script = [older, continued]
    assert fetch().count((len(DATA), len(DATA))) == 1, "before the rest has come"
    assert server.ranges()[2] is None


def test_a_part_of_unknown_origin_is_discarded_when_the_hash_is_wrong(fetch, server, tmp_path):
    (tmp_path / "net.mat.part").write_bytes(DATA[:HALF])
    fetch()
    assert server.ranges() == [f"bytes={HALF}-"]
    (tmp_path / "net.mat").unlink()
    (tmp_path / "net.mat.part").write_bytes(bytes(HALF))
    fetch()
    assert server.ranges()[1:] == [f"bytes={HALF}-", None]


def test_a_part_that_is_whole_needs_no_request(fetch, server, tmp_path):
    (tmp_path / "net.mat.part").write_bytes(DATA)
    fetch()
    assert server.requests == []


def test_a_whole_part_of_unknown_size(fetch, server, tmp_path):
    (tmp_path / "net.mat.part").write_bytes(DATA)
    fetch(want=expected(size=False))
    assert server.ranges() == [f"bytes={len(DATA)}-"], "416 says that this is all"


@pytest.mark.parametrize("size", [True, False])
def test_a_part_that_is_too_long_begins_again(fetch, server, tmp_path, size):
    (tmp_path / "net.mat.part").write_bytes(DATA + b"x")
    fetch(want=expected(size=size))
    assert server.ranges()[-1] is None


@pytest.mark.parametrize("words", ["bytes 5-511999/512000", "bytes */512000", "", "nonsense"])
def test_a_wrong_content_range_begins_again(fetch, server, words):
    server.script = [cut(HALF), status(206, DATA[5:], Content_Range=words)]
    fetch()
    assert server.ranges()[2] is None


def test_a_range_that_ends_early(fetch, server):
    """A server may give less than was asked for, and say so."""

    def short(handler, server):
        start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        range_ = f"bytes {start}-{start + 999}/{len(DATA)}"
        answer(handler, 206, DATA[start : start + 1000], {"Content-Range": range_})

    server.script = [cut(HALF), short]
    fetch()
    _, second, third = (int((words or "0").strip("bytes=-")) for words in server.ranges())
    assert third == second + 1000


def test_a_content_range_of_another_size(fetch, server, tmp_path):
    def grown(handler, server):
        start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        answer(handler, 206, DATA[start:], {"Content-Range": f"bytes {start}-600000/600001"})

    server.script = [cut(HALF), grown]
    refused(fetch, tmp_path, "offers a file of 600,001 bytes, expected 512,000")


# ---- the wrong thing


def test_another_file_of_the_right_size(fetch, server, tmp_path):
    wrong = bytes(len(DATA))
    server.script = [whole(wrong)]
    error, kept = refused(fetch, tmp_path, "sent a different file")
    for digest in (hashlib.sha256(wrong).hexdigest(), expected().digest):
        assert digest in str(error), "both hashes"
    assert kept == 0
    assert os.listdir(tmp_path) == []


def test_md5_where_only_that_is_known(fetch, server, tmp_path):
    want = Expected(None, "md5", hashlib.md5(DATA).hexdigest())
    server.script = [whole(bytes(len(DATA)))]
    refused(fetch, tmp_path, r"sent a different file \(MD5 ", want=want)
    fetch(want=want)


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1, 0])
def test_another_size_is_refused_before_it_comes(fetch, server, tmp_path, size):
    server.script = [whole(bytes(size))]
    _, kept = refused(fetch, tmp_path, f"offers a file of {size:,} bytes, expected 512,000")
    assert kept == 0


def test_more_than_the_file_without_a_length(fetch, server, tmp_path):
    def endless(handler, server):
        answer(handler, 200, b"", {"Transfer-Encoding": "chunked"})
        for _ in range(100):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(DATA), DATA))

    server.script = [endless]
    _, kept = refused(fetch, tmp_path, "sends more than the 512,000 bytes")
    assert kept == 0


PAGE = b"<!DOCTYPE html><html><body>Sign in</body></html>"


@pytest.mark.parametrize(
    "page",
    [
        whole(PAGE, Content_Type="text/html; charset=utf-8"),
        whole(PAGE, Content_Type="application/octet-stream"),
        whole(b"<p>Sign in</p>", Content_Type="text/html"),
        whole(b"\n <HTML>", Content_Type="application/octet-stream"),
        whole(PAGE + bytes(len(DATA) - len(PAGE))),
    ],
)
def test_a_web_page(fetch, server, tmp_path, page):
    server.script = [page]
    refused(fetch, tmp_path, "answers with a web page, not the file: this network may require you to sign in first")
    assert len(server.requests) == 1, "it will not be another one next time"


def test_a_web_page_keeps_the_part(fetch, server, tmp_path):
    server.script = [cut(HALF), whole(PAGE, Content_Type="text/html")]
    _, kept = refused(fetch, tmp_path, "web page")
    assert kept > 0
    server.script = [whole(PAGE, Content_Type="text/html")]
    assert refused(fetch, tmp_path, "web page")[1] == kept


def test_a_compressed_response(fetch, server, tmp_path):
    server.script = [whole(DATA, Content_Encoding="br")]
    refused(fetch, tmp_path, "compresses the file although asked not to")


@pytest.mark.parametrize(
    ("code", "words"), [(404, "answers 404 Not Found"), (403, "403"), (410, "410"), (407, "requires a password")]
)
def test_a_refusal_is_final(fetch, server, tmp_path, code, words):
    server.script = [status(code)]
    refused(fetch, tmp_path, words)
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_transient_statuses_are_retried(fetch, server, code):
    server.script = [status(code), status(code)]
    fetch()
    assert len(server.requests) == 3


def test_retry_after_is_obeyed_up_to_a_minute(fetch, server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    soon = email.utils.formatdate(time.time() + 30, usegmt=True)
    server.script = [status(503, Retry_After="7"), status(429, Retry_After=soon), status(503, Retry_After="rubbish")]
    fetch()
    assert pauses[0] == 7
    assert 25 < pauses[1] <= 31
    assert pauses[2] == pytest.approx(0.04), "the back-off alone"
    (tmp_path / "net.mat").unlink()
    server.script = [status(503, Retry_After="600")]
    refused(fetch, tmp_path, "answers 503 Service Unavailable and asks to wait for 10 minutes")
    assert len(pauses) == 3


# ---- redirects and proxies


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_to_another_port(fetch, server, code):
    front = Server(b"")
    try:
        front.script = [status(code, Location=server.url("moved"))] * 2
        server.script = [cut(HALF)]
        fetch(front.url())
        assert [path for path, _ in server.requests] == ["/moved", "/moved"]
        assert server.ranges()[1].startswith("bytes="), "the range goes along"
    finally:
        front.close()


def test_redirects_without_end(fetch, server, tmp_path):
    server.script = [status(302, Location="/again")] * 50
    refused(fetch, tmp_path, "redirects without end")


def test_a_redirect_to_nowhere(fetch, server, tmp_path):
    server.script = [status(302, Location="http://nowhere.invalid/net.mat")]
    refused(fetch, tmp_path, "redirects to a server that cannot be reached")


def test_a_redirect_to_what_is_no_web_address(fetch, server, tmp_path):
    server.script = [status(302, Location="ftp://127.0.0.1/net.mat")]
    refused(fetch, tmp_path, "cannot be used: ")


def test_a_proxy_from_the_environment(fetch, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.address)
    monkeypatch.setenv("http_proxy", server.address)
    fetch("http://weights.invalid/net.mat")
    assert server.requests[0][0] == "http://weights.invalid/net.mat", "the name is the proxy's to look up"


def test_a_proxy_that_refuses(fetch, server, tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", server.address)
    limits = Limits(2.0, 0.5, 0)
    refused(fetch, tmp_path, "the proxy refuses the connection", url="https://weights.invalid/x", limits=limits)
    assert server.requests[0][0] == "CONNECT weights.invalid:443"


def test_a_proxy_that_is_not_there(fetch, server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "nowhere.invalid:3128")
    error, _ = refused(fetch, tmp_path, r"through the proxy nowhere\.invalid: it is not found")
    assert not error.unreachable
    monkeypatch.setenv("http_proxy", "http://localhost:port")
    refused(fetch, tmp_path, "the address of the proxy is invalid")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    fetch()


# ---- nobody there


def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_nobody_there(fetch, tmp_path):
    began = time.monotonic()
    refusal, _ = refused(fetch, tmp_path, "refuses the connection", url=f"http://127.0.0.1:{closed_port()}/x")
    assert not refusal.unreachable, "another port of that server may do"
    unknown, _ = refused(fetch, tmp_path, r"is not found \(is this computer online\?\)", url="http://nowhere.invalid/x")
    assert unknown.unreachable
    assert refused(fetch, tmp_path, "is not found", url=f"http://{'a' * 70}.invalid/x")[0].unreachable
    assert time.monotonic() - began < 2


def test_a_name_that_nobody_answers_for(fetch, tmp_path, monkeypatch):
    """Without a network the search for a name may take half a minute."""
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(20) and [])
    began = time.monotonic()
    limits = Limits(0.3, 0.3, 1, 5.0)
    error, _ = refused(fetch, tmp_path, "does not answer within 0.3 seconds", limits=limits)
    assert time.monotonic() - began < 2
    assert error.unreachable
    released.set()


def test_no_network_at_all(fetch, tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    assert refused(fetch, tmp_path, "is unreachable: Network is unreachable")[0].unreachable


def test_a_network_that_goes_and_comes_back(fetch, server, monkeypatch):
    """Once bytes have come, a server out of reach is waited for."""
    check, calls = connection.check_connection, []

    def flaky(url, seconds, wait):
        calls.append(url)
        if len(calls) == 2:
            raise SourceError("is not found", unreachable=True, wait=wait)
        check(url, seconds, wait)

    monkeypatch.setattr(http, "check_connection", flaky)
    server.script = [cut(HALF)]
    fetch()
    assert len(calls) == 3


def test_a_certificate_that_is_not_trusted(fetch, tmp_path):
    import ssl

    import requests

    error = requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, "certificate verify failed"))
    failure = connection.source_error(error, 0.5)
    assert str(failure) == "has a certificate that this computer does not trust"
    assert failure.wait is None, "not tried again"
    cut_off = requests.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"))
    assert connection.source_error(cut_off, 0.5).wait == 0


def test_a_server_that_does_not_speak_tls(fetch, server, tmp_path):
    limits = Limits(2.0, 0.5, 1, 0.01)
    refused(fetch, tmp_path, "dropped the connection", url=server.url().replace("http:", "https:"), limits=limits)


# ---- the disk, and Ctrl-C


class Full:
    """A file on a disk with `room` bytes left."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, data):
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = self.file.write(data[: self.room])  # as a disk does: first a part of it
        self.room -= count
        return count


def test_a_disk_that_fills_up(fetch, tmp_path, monkeypatch):
    def full(*words, **more):
        return Full(open(*words, **more), HALF)

    monkeypatch.setattr(http, "open", full, raising=False)
    with pytest.raises(OSError, match=r"^cannot write .*net\.mat\.part: No space left on device$") as caught:
        fetch()
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert (tmp_path / "net.mat.part").read_bytes() == DATA[:HALF], "kept to the byte"
    fetch()


def test_a_folder_in_the_way(fetch, tmp_path):
    (tmp_path / "net.mat.part").mkdir()
    with pytest.raises(OSError, match=r"^cannot write .*net\.mat\.part: Is a directory$"):
        fetch()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interruption_keeps_the_part(server, fetch, tmp_path, stop):
    def show(done, total):
        if done > HALF:
            raise stop

    with contextlib.suppress(stop):
        http.fetch(server.url(), tmp_path / "net.mat", expected(), QUICK, show)
    kept = (tmp_path / "net.mat.part").read_bytes()
    assert len(kept) > HALF
    assert kept == DATA[: len(kept)]
    fetch()
    assert server.ranges() == [None, f"bytes={len(kept)}-"]


def test_the_honest_server_is_honest(server):
    """The tests lean on it."""
    import requests

    first = requests.get(server.url(), headers={"Range": "bytes=5-"}, timeout=5)
    assert (first.status_code, first.content) == (206, DATA[5:])
    other = requests.get(server.url(), headers={"Range": "bytes=5-", "If-Range": '"x"'}, timeout=5)
    assert (other.status_code, other.content) == (200, DATA)
    assert honest
