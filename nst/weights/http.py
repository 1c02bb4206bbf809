"""One address → one file on the disk, whole and right: goes on after a cut, tries again, checks, renames into place.

While a file is on its way its bytes are in `NAME.part`, and `NAME.origin.part` says which version of it they are.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nst.utils import atomic
from nst.weights.connection import Passing, Patience, SourceError, Unreachable, check_status, explained, knock

if TYPE_CHECKING:
    from requests import Response, Session
from nst.utils.hashing import digest

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there, and with how many there will be when that is known."""

_CHUNK = 1 << 16
_WORTH = 1_000_000  # bytes that an attempt has to bring for the count of attempts to begin again


class Expected(NamedTuple):
    """What is known about the published file. `algorithm` is `hashlib`'s name; `size` is None when nobody says it."""

    size: int | None
    algorithm: str
    digest: str


def part_of(target: Path) -> Path:
    """Where the bytes of a file are until it is whole and right."""
    return target.with_name(f"{target.name}.part")


def fetch(
    url: str, target: Path, expected: Expected, *, patience: Patience | None = None, progress: Progress | None = None
) -> None:
    """Fetches `url` as the file `target`, going on from what an earlier run has left.

    Proxies come from the environment, as `requests` reads them. Whatever ends this function, the bytes that came
    are kept and the next call goes on from them, unless they are of the wrong file.

    Args:
        url: of http or https.
        target: where the file appears, whole and checked; its folder must be there.
        expected: size and hash of the published file.
        patience: how long to wait and how often to try; a new `Patience()` by default.
        progress: called at the start and after each piece.

    Raises:
        SourceError: this address does not give the file; another may.
        OSError: the file cannot be written; the text is a sentence.
    """
    import requests

    patience, progress = patience or Patience(), progress or _silent
    with requests.Session() as session:
        resumed = _bring(session, url, target, expected, patience, progress)
        found = digest(part_of(target), expected.algorithm)
        if found != expected.digest and resumed:  # perhaps two versions in one; from the start there is only one
            _discard(target)
            _bring(session, url, target, expected, patience, progress)
            found = digest(part_of(target), expected.algorithm)
    if found != expected.digest:
        _discard(target)
        name = expected.algorithm.upper().replace("SHA", "SHA-")
        raise SourceError(f"gives another file ({name} {found}, not {expected.digest})")
    with _writing(target):
        os.replace(part_of(target), target)
    _discard(target)


def _silent(done: int, total: int | None) -> None:
    """Shows nothing."""


def _bring(
    session: Session, url: str, target: Path, expected: Expected, patience: Patience, progress: Progress
) -> bool:
    """Makes the part whole, in as many attempts as it takes; returns whether it was ever resumed."""
    resumed, attempts, arrived = False, 0, 0
    while True:
        before = _size(part_of(target))
        resumed = resumed or before > 0
        try:
            _attempt(session, url, target, expected, patience, progress, begun=arrived > 0)
            return resumed
        except Passing as trouble:
            gained = max(_size(part_of(target)) - before, 0)
            arrived += gained
            attempts = 0 if gained >= _WORTH else attempts
            if attempts == len(patience.pauses):
                times = f", {attempts + 1} times running" if attempts else ""
                raise SourceError(f"{trouble}{times}") from trouble
            time.sleep(max(patience.pauses[attempts], trouble.wait))
            attempts += 1


def _attempt(
    session: Session,
    url: str,
    target: Path,
    expected: Expected,
    patience: Patience,
    progress: Progress,
    *,
    begun: bool,
) -> None:
    """One request: appends to the part, or writes it anew. Returns when it is whole.

    `begun` says that this address has already given bytes, so that its network is there and may come back.
    """
    import requests

    origin = _read_origin(target, expected)
    if origin is None or (expected.size is not None and _size(part_of(target)) > expected.size):
        _discard(target)
        origin = {}
    have = _size(part_of(target))
    if have and have == (expected.size or origin.get("size")):
        progress(have, have)
        return
    headers = {"Accept-Encoding": "identity", "User-Agent": "nst-weights"}
    if have:
        headers["Range"] = f"bytes={have}-"
        # Another address of the same published file has other marks; there the hash alone is the guard.
        if origin.get("mark") and origin.get("url") == url:
            headers["If-Range"] = origin["mark"]
    try:
        knock(url, patience.connect)
        with session.get(url, headers=headers, stream=True, timeout=(patience.connect, patience.read)) as response:
            _receive(response, url, target, expected, origin, progress)
    except requests.exceptions.RequestException as error:
        raise explained(error, patience) from error
    except Unreachable as error:
        if begun:
            raise Passing(str(error)) from error
        raise SourceError(str(error), unreachable=error.host_is_gone) from error


def _receive(
    response: Response, url: str, target: Path, expected: Expected, origin: dict[str, Any], progress: Progress
) -> None:
    """Checks an answer before anything is written, then writes it down and checks that all of it came."""
    part = part_of(target)
    have = _size(part)
    if response.status_code == 416 and have:
        asked = re.search(r"\*/(\d+)$", response.headers.get("Content-Range", ""))
        if expected.size is None and asked and int(asked[1]) == have:
            return
        _discard(target)
        raise Passing("does not go on from where an earlier try had ended")
    check_status(response)
    pieces = response.iter_content(_CHUNK)
    first = next(pieces, b"")
    kind = response.headers.get("Content-Type", "").lower()
    start = have if response.status_code == 206 else 0
    if kind.startswith("text/html") or (not start and first.lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))):
        raise SourceError("answers with a web page, not the file: perhaps this network wants you to sign in first")
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise SourceError("packs the file on its way, though asked not to")
    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdigit() else None
    if response.status_code == 206:
        total = _continued(response, url, target, have, origin) or total
    if expected.size is not None and total not in (None, expected.size):
        raise SourceError(f"has a file of {total:,} bytes, not of {expected.size:,}")
    total = expected.size if expected.size is not None else total
    if start == 0:
        _discard(target)
        atomic.write_text(_origin_of(target), json.dumps(_origin(response, url, expected, total)))
    done = start
    progress(done, total)
    with _writing(target), open(part, "ab", buffering=0) as file:
        for piece in _all(first, pieces):
            view = memoryview(piece)
            while view:  # unbuffered, since a signal may end the program between any two pieces
                view = view[file.write(view) or 0 :]
            done += len(piece)
            if total is not None and done > total:
                break
            progress(done, total)
        os.fsync(file.fileno())
    if total is not None and done > total:
        _discard(target)
        raise SourceError(f"sends more than the {total:,} bytes of the file")
    if total is not None and done < total:
        raise Passing(f"broke off after {done:,} of {total:,} bytes")


def _all(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def _continued(response: Response, url: str, target: Path, have: int, origin: dict[str, Any]) -> int | None:
    """The size of the whole file, of which this answer is the part from `have` on.

    Raises:
        Passing: it is another part, or of another version; the next attempt begins at the start.
    """
    asked = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    mark = _mark(response)
    other = bool(mark and origin.get("mark") and origin.get("url") == url and mark != origin["mark"])
    if asked is None or int(asked[1]) != have or other:
        _discard(target)
        raise Passing("does not go on from where the last try had ended")
    return None if asked[2] == "*" else int(asked[2])


def _origin_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.origin.part")


def _origin(response: Response, url: str, expected: Expected, total: int | None) -> dict[str, Any]:
    """Which version of which file the part is of."""
    return {"url": url, "mark": _mark(response), "size": total, "digest": expected.digest}


def _mark(response: Response) -> str:
    """What tells one version of a file from another, as `If-Range` takes it: a strong ETag, or else the date."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _read_origin(target: Path, expected: Expected) -> dict[str, Any] | None:
    """What an earlier attempt wrote down; empty when there is nothing, None when the part is of another file."""
    try:
        origin = json.loads(_origin_of(target).read_bytes())
    except (OSError, ValueError):
        return {}  # the part may be the right one all the same: the hash will tell
    if not isinstance(origin, dict):
        return {}
    return origin if origin.get("digest") == expected.digest else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _discard(target: Path) -> None:
    for path in (part_of(target), _origin_of(target)):
        with contextlib.suppress(OSError):
            path.unlink()


@contextlib.contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Turns the disk's refusals into a sentence; what `requests` raises, an `OSError` too, passes unchanged."""
    import requests

    try:
        yield
    except requests.exceptions.RequestException:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise atomic.same_kind(error, f"cannot write {part_of(target)}: {reason}") from error
