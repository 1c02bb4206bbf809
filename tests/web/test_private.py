"""The studio's folder is its user's alone, and keeps the token; its addresses can be opened from a phone."""

import ipaddress
import os
import socket
import stat
import sys

import numpy as np
import pytest

from nst.web import addresses, private

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_folder(tmp_path):
    """The folder of a studio of an earlier version, which everybody could read."""
    folder = tmp_path / "data"
    for name in (
        "studio.sqlite",
        "studio.sqlite-wal",
        "worker-0.log",
        ".nst.lock",
        "jobs/a/content",
        "jobs/a/run/0.png",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        path.chmod(0o644)
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    return folder


def test_an_existing_folder_is_tightened(open_folder):
    private.tighten(open_folder)
    for path in (open_folder, *open_folder.rglob("*")):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_what_belongs_to_the_user_stays_as_it_is(open_folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (elsewhere / "file").touch(0o644)
    notes = open_folder / "notes.txt"
    notes.touch(0o644)
    (open_folder / "jobs" / "link").symlink_to(elsewhere)
    (open_folder / "jobs" / "file").symlink_to(elsewhere / "file")
    (open_folder / "token").symlink_to(elsewhere / "file")
    before = [mode(path) for path in (open_folder, notes, elsewhere, elsewhere / "file")]
    private.tighten(open_folder)
    assert [mode(path) for path in (open_folder, notes, elsewhere, elsewhere / "file")] == before
    assert mode(open_folder / "jobs") == 0o700
    assert mode(open_folder / "studio.sqlite") == 0o600


def test_a_folder_that_is_not_there_is_no_error(tmp_path):
    private.tighten(tmp_path / "nothing")


def test_the_token_is_kept(tmp_path):
    before = os.umask(0o077)
    try:
        token = private.token(tmp_path)
    finally:
        os.umask(before)
    assert len(token) == 32
    assert private.token(tmp_path) == token
    assert mode(tmp_path / "token") == 0o600


@pytest.mark.parametrize("text", ["", "short", "with a space in it, and long", "ü" * 40, "a" * 201])
def test_a_token_that_is_none_is_replaced(tmp_path, text):
    (tmp_path / "token").write_text(text, encoding="utf-8")
    token = private.token(tmp_path)
    assert len(token) == 32
    assert private.token(tmp_path) == token


def test_a_token_that_was_chosen_by_hand_is_taken(tmp_path):
    (tmp_path / "token").write_text("of16lettersOrMore\n")
    assert private.token(tmp_path) == "of16lettersOrMore"


def test_one_address_is_printed_as_it_is():
    assert addresses.urls("127.0.0.1", 8000, "") == ["http://127.0.0.1:8000/"]
    assert addresses.urls("::1", 80, "abc") == ["http://[::1]:80/?token=abc"]
    assert addresses.urls("studio.example", 80, "") == ["http://studio.example:80/"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_of_all_networks_numbers_are_printed_that_a_phone_can_open(monkeypatch, host):
    named = {
        socket.AF_INET: ["127.0.1.1", "192.168.1.5", "10.0.0.7", "169.254.3.3"],
        socket.AF_INET6: ["::1", "fe80::1", "2001:db8::5"],
    }
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda name, port, family, kind: [(family, kind, 6, "", (each, 0)) for each in named[family]],
    )

    class Probe(socket.socket):
        def connect(self, address):
            pass

        def getsockname(self):
            return {socket.AF_INET: ("192.168.1.5", 9), socket.AF_INET6: ("2001:db8::5", 9, 0, 0)}[self.family]

    monkeypatch.setattr(addresses.socket, "socket", Probe)
    more = ["http://[2001:db8::5]:8000/"] if host == "::" else []
    assert addresses.urls(host, 8000, "") == ["http://192.168.1.5:8000/", *more, "http://10.0.0.7:8000/"]


def test_the_addresses_of_this_machine_are_found():
    for url in addresses.urls("0.0.0.0", 8000, "abc"):
        host = url.removeprefix("http://").partition(":")[0]
        if host != socket.gethostname():
            assert not ipaddress.ip_address(host).is_loopback


class Terminal:
    encoding = "utf-8"

    def isatty(self):
        return True


def read(lines):
    """What a camera reads on a dark terminal."""
    cv2 = pytest.importorskip("cv2", reason="needs OpenCV: requirements-video.txt has it")
    rows = [[letter in half for letter in line] for line in lines for half in ("█▀", "█▄")]
    seen = np.kron(np.array(rows, np.uint8) * 255, np.ones((8, 8), np.uint8))
    return cv2.QRCodeDetector().detectAndDecode(seen)[0]


def test_a_terminal_shows_a_code_to_scan(monkeypatch):
    assert addresses.qr_code("http://192.168.1.5:8000/") == "", "this is no terminal"
    monkeypatch.setattr(sys, "stdout", Terminal())
    url = "http://192.168.1.5:8000/?token=0123456789abcdef0123456789abcdef"
    code = addresses.qr_code(url)
    lines = code.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 80
    assert set(code) <= set("█▀▄ \n")
    assert read(lines) == url
    Terminal.encoding = "ascii"
    assert addresses.qr_code("http://192.168.1.5:8000/") == ""
    Terminal.encoding = "utf-8"
    monkeypatch.setitem(sys.modules, "segno", None)
    assert addresses.qr_code("http://192.168.1.5:8000/") == ""
