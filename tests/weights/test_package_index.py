"""A file out of a package, through the real pip (and uv, where it is installed) and packages in a folder."""

import os
import re
import shutil
import socket
import sys
import time
from pathlib import Path

import pytest

from nst.utils import tempdirs
from nst.utils.connection import Limits, SourceError
from nst.weights import package_index
from tests.conftest import ROOT
from tests.support import packages

DATA = bytes(range(256)) * 5000
QUICK = Limits(answer=20.0, silence=30.0, retries=0)


def has_pip(python):
    return bool(python) and os.system(f"'{python}' -m pip --version >/dev/null 2>&1") == 0


PIP = next(filter(has_pip, (sys.executable, getattr(sys, "_base_executable", ""))), None)
UV = shutil.which("uv")
needs_pip = pytest.mark.skipif(PIP is None, reason="there is no pip")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of packages, which is all the index that the clients know; nothing of this machine's configuration."""
    folder, temporary = tmp_path / "index", tmp_path / "tmp"
    folder.mkdir()
    temporary.mkdir()
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))] + ["UV"]:
        monkeypatch.delenv(name, raising=False)
    for client in ("PIP", "UV"):
        monkeypatch.setenv(f"{client}_NO_INDEX", "1")
        monkeypatch.setenv(f"{client}_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempdirs.tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    yield folder
    assert list(temporary.iterdir()) == [], "nothing is left behind"


@pytest.fixture
def only(monkeypatch):
    """Has a command of ours stand for every client."""

    def stand(*lines):
        code = "import os, sys, time; out, tmp = sys.argv[1], os.environ['TMPDIR']\n" + "\n".join(lines)
        clients = [("pip", [sys.executable, "-S", "-c", code])]
        monkeypatch.setattr(
            package_index, "clients", lambda _, out, __: [(name, [*words, str(out)]) for name, words in clients]
        )

    return stand


def fetch(wanted, limits=QUICK, seen=None):
    return package_index.fetch(wanted, limits, lambda *numbers: seen is not None and seen.append(numbers))


@needs_pip
def test_pip_fetches_it_without_dependencies(index, monkeypatch):
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")  # as many have it; nothing is installed
    monkeypatch.setenv("PIP_QUIET", "2")
    monkeypatch.chdir(index)
    (index / "pip.py").write_text("raise SystemExit('the wrong pip')")
    assert fetch(wanted) == DATA


@pytest.mark.skipif(UV is None, reason="uv is not installed")
def test_uv_fetches_it_where_it_made_the_environment(index, tmp_path, monkeypatch):
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    (tmp_path / "pyvenv.cfg").write_text("home = /base\nuv = 0.9\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("UV", UV)
    [first, *_] = package_index.clients(Path("r"), Path("o"), None)
    assert first[0] == "uv"
    assert fetch(wanted) == DATA


def test_which_clients_are_asked(tmp_path, monkeypatch):
    def asked(retries=None):
        return [(name, words[0]) for name, words in package_index.clients(Path("r"), Path("o"), retries)]

    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(sys, "executable", "/env/python")
    monkeypatch.setattr(sys, "_base_executable", "/base/python", raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert asked() == [("pip", "/env/python"), ("pip", "/base/python"), ("uv", "/bin/uv")]
    (tmp_path / "pyvenv.cfg").write_text("home = /base\nuv = 0.9\n")
    assert asked()[0] == ("uv", "/bin/uv"), "it made the environment, so that it knows the index"
    monkeypatch.setenv("UV", "/own/uv")
    assert asked()[0] == ("uv", "/own/uv")
    monkeypatch.setattr(sys, "_base_executable", "/env/python")
    assert [name for name, _ in asked()] == ["uv", "pip"]
    commands = [words for _, words in package_index.clients(Path("r"), Path("o"), 0)]
    assert ["--retries=0" in words for words in commands] == [False, True]
    assert all({"--no-deps", "--only-binary=:all:", "--require-hashes"} <= set(words) for words in commands)


@needs_pip
def test_another_file_under_its_name_is_refused_by_its_hash(index):
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    with pytest.raises(SourceError, match=r"^does not provide some-package 1\.0 \(is this computer online\?\); pip: "):
        fetch(wanted._replace(wheel_digest="0" * 64))
    with pytest.raises(
        SourceError, match=rf"^sent a different some_package/data\.bin \(SHA-256 {wanted.digest}, expected 00"
    ):
        fetch(wanted._replace(digest="0" * 64))
    with pytest.raises(SourceError, match=r"^sent a different "):
        fetch(wanted._replace(size=7))
    with pytest.raises(SourceError, match=r"^has a some-package 1\.0 without some_package/gone\.bin"):
        fetch(wanted._replace(name="some_package/gone.bin"))


@needs_pip
def test_a_package_that_the_index_does_not_have(index):
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    with pytest.raises(SourceError, match=r"\); pip: No matching distribution found for some-package==2\.0"):
        fetch(wanted._replace(version="2.0"))


def test_no_client_at_all(index, monkeypatch):
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    monkeypatch.setattr(sys, "executable", "")
    monkeypatch.setattr(sys, "_base_executable", "", raising=False)
    with pytest.raises(SourceError, match=r"^cannot be used: neither pip nor uv is installed$"):
        fetch(wanted)


def test_an_interpreter_without_pip_is_passed_over(index, only, monkeypatch):
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    only("print('x: No module named pip', file=sys.stderr); sys.exit(1)")
    with pytest.raises(SourceError, match="neither pip nor uv"):
        fetch(wanted)
    monkeypatch.setattr(package_index, "clients", lambda *_: [("uv", ["/no/such/uv"])])
    with pytest.raises(SourceError, match=r"uv: .*No such file"):
        fetch(wanted)


@needs_pip
def test_an_index_that_never_answers_is_given_up(index, monkeypatch):
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        began = time.monotonic()
        with pytest.raises(SourceError, match=r"^does not answer within 1\.5 seconds \(is this computer online\?\)$"):
            fetch(wanted, Limits(answer=1.5, silence=30.0, retries=0))
    assert time.monotonic() - began < 4


def test_a_download_that_stands_still_is_given_up_and_one_that_moves_is_not(index, only):
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    grow = (
        "with open(tmp + '/part', 'wb', 0) as file:\n    for _ in range(8): file.write(bytes(100)); time.sleep(0.15)\n"
    )
    only(grow, f"os.mkdir(out); __import__('shutil').copy({str(next(index.glob('*.whl')))!r}, out)")
    seen = []
    assert fetch(wanted, Limits(answer=0.5, silence=0.6, retries=None), seen) == DATA, (
        "longer than both, but never still"
    )
    assert seen == sorted(seen)
    assert all(total == wanted.wheel_size for _, total in seen)
    assert len(seen) > 3
    only("open(tmp + '/part', 'wb').write(bytes(100)); time.sleep(60)")
    with pytest.raises(SourceError, match=r"^sent nothing for 0\.3 seconds$"):
        fetch(wanted, Limits(answer=30, silence=0.3, retries=None))


def test_uv_has_answered_when_it_says_so(index, only):
    """Its downloads go to its own cache, where their progress is invisible."""
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    unpack = f"__import__('zipfile').ZipFile({str(next(index.glob('*.whl')))!r}).extractall(out)"
    only("print('Resolved 1 package in 9ms', flush=True); time.sleep(1)", unpack)
    assert fetch(wanted, Limits(answer=0.5, silence=30.0, retries=None)) == DATA


def test_an_exception_ends_the_client_too(index, only):
    wanted = packages.wheel(index, "some-package", "some_package/data.bin", DATA)
    pid_file = index / "pid"
    only(f"open({str(pid_file)!r}, 'w').write(str(os.getpid())); open(tmp + '/part', 'wb').write(b'1'); time.sleep(60)")

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        package_index.fetch(wanted, QUICK, stop)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_no_address_is_named():
    for path in (ROOT / "nst/weights/package_index.py", ROOT / "nst/weights/package_files.py"):
        assert not re.search(r"https?://|pypi\.org|pythonhosted", path.read_text())
