"""Downloads one URL as one file: resumes after a cut, retries, checks size and hash, and renames into place.

The bytes of an unfinished file are in `NAME.part`; `NAME.origin.part` records which version of it they belong to.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from nst.utils import atomic
from nst.utils.hashing import digest
from nst.weights.connection import Limits, SourceError, check_connection, check_response, source_error, web_page

if TYPE_CHECKING:
    from requests import Response, Session

Progress = Callable[[int, int | None], None]
"""Called with the number of bytes received and the total, which is None when unknown."""

_CHUNK = 1 << 16
_WORTH = 1_000_000  # bytes that an attempt must add for the count of attempts to start again


class Expected(NamedTuple):
    """Size in bytes and hash of the published file. `algorithm` is `hashlib`'s name; `size` is None when unknown."""

    size: int | None
    algorithm: str
    digest: str


def part_size(target: Path) -> int:
    """Bytes of an unfinished download of `target`, from which the next one resumes."""
    try:
        return _part(target).stat().st_size
    except OSError:
        return 0


def fetch(url: str, target: Path, expected: Expected, limits: Limits, progress: Progress) -> None:
    """Downloads `url` to `target`, resuming what an earlier call has left.

    Proxies come from the environment, as `requests` reads them. However this function ends, the bytes received so far
    are kept for the next call to resume from, unless they belong to the wrong file.

    Args:
        url: an http or https URL.
        target: where the complete, checked file appears; its folder must exist.
        expected: size and hash of the published file.
        limits: timeouts and retries.
        progress: called at the start and after each chunk.

    Raises:
        SourceError: this URL does not provide the file; another may.
        OSError: the file cannot be written; the text is a full sentence.
    """
    import requests
    from urllib3.exceptions import MaxRetryError

    retry, received = limits.policy(), 0
    with requests.Session() as session:
        download = _Download(session, url, target, expected, limits, progress)
        while True:
            before = part_size(target)
            try:
                download.attempt(started=received > 0)
                break
            except SourceError as failure:
                if failure.wait is None:
                    raise
                gained = max(part_size(target) - before, 0)
                received += gained
                try:
                    retry = (limits.policy() if gained >= _WORTH else retry).increment("GET", url, error=failure)
                except MaxRetryError:
                    attempts = len(retry.history) + 1
                    times = f", {attempts} times in a row" if attempts > 1 else ""
                    raise SourceError(f"{failure}{times}") from failure
                time.sleep(max(retry.get_backoff_time(), failure.wait))
    with _writing(target):
        os.replace(_part(target), target)
    _discard(target)


@dataclass
class _Download:
    """The download of one URL; its state is in the two files beside `target`."""

    session: Session
    url: str
    target: Path
    expected: Expected
    limits: Limits
    progress: Progress

    def attempt(self, *, started: bool) -> None:
        """Requests what is missing and checks the hash of the whole. Raises `SourceError`.

        `started` says that this URL has already sent bytes, so that a lost network is worth waiting for.
        """
        origin = self._read_origin()
        have = part_size(self.target)
        if origin is None or (self.expected.size is not None and have > self.expected.size):
            _discard(self.target)
            origin, have = {}, 0
        if have and have == (self.expected.size or origin.get("size")):
            self.progress(have, have)
        else:
            self._request(have, origin, started)
        found = digest(_part(self.target), self.expected.algorithm)
        if found != self.expected.digest:
            _discard(self.target)
            name = self.expected.algorithm.upper().replace("SHA", "SHA-")
            sentence = f"sent a different file ({name} {found}, expected {self.expected.digest})"
            # A resumed file may mix two versions, a fresh one cannot.
            raise SourceError(sentence, wait=0.0 if have else None)

    def _request(self, have: int, origin: dict[str, Any], started: bool) -> None:
        from requests.exceptions import RequestException

        headers = {"Accept-Encoding": "identity", "User-Agent": "nst-weights"}
        if have:
            headers["Range"] = f"bytes={have}-"
            # Another URL of the same published file has other validators; there the hash is the only guard.
            if origin.get("mark") and origin.get("url") == self.url:
                headers["If-Range"] = origin["mark"]
        try:
            check_connection(self.url, self.limits.answer)
        except SourceError as error:
            error.wait = 0.0 if started else None
            raise
        timeout = self.limits.answer, self.limits.silence
        try:
            with self.session.get(self.url, headers=headers, stream=True, timeout=timeout) as response:
                self._receive(response, have, origin)
        except RequestException as error:
            raise source_error(error, self.limits.silence) from error

    def _receive(self, response: Response, have: int, origin: dict[str, Any]) -> None:
        """Checks a response before anything is written, then writes its body and checks that all of it arrived."""
        if response.status_code == 416 and have:
            stated = re.search(r"\*/(\d+)$", response.headers.get("Content-Range", ""))
            if self.expected.size is None and stated and int(stated[1]) == have:
                return
            self._start_again()
        check_response(response, self.limits.policy())
        start = have if response.status_code == 206 else 0
        chunks = response.iter_content(_CHUNK)
        first = next(chunks, b"")
        if not start and first.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
            raise web_page()
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        if response.status_code == 206:
            total = self._stated_size(response, have, origin) or total
        if self.expected.size is not None and total not in (None, self.expected.size):
            raise SourceError(f"offers a file of {total:,} bytes, expected {self.expected.size:,}")
        total = self.expected.size or total
        if start == 0:
            _discard(self.target)
            origin = {"url": self.url, "mark": _mark(response), "size": total, "digest": self.expected.digest}
            atomic.write_text(_origin(self.target), json.dumps(origin))
        done = self._append(itertools.chain([first], chunks), start, total)
        if total is not None and done > total:
            _discard(self.target)
            raise SourceError(f"sends more than the {total:,} bytes of the file")
        if total is not None and done < total:
            raise SourceError(f"stopped after {done:,} of {total:,} bytes", wait=0.0)

    def _append(self, chunks: Iterator[bytes], done: int, total: int | None) -> int:
        """Writes the chunks behind the `done` bytes of the part; returns its size, at most a chunk above `total`."""
        self.progress(done, total)
        with _writing(self.target), open(_part(self.target), "ab", buffering=0) as file:
            for chunk in chunks:
                view = memoryview(chunk)
                while view:  # unbuffered, since a signal may end the program between any two chunks
                    view = view[file.write(view) or 0 :]
                done += len(chunk)
                if total is not None and done > total:
                    break
                self.progress(done, total)
            os.fsync(file.fileno())
        return done

    def _stated_size(self, response: Response, have: int, origin: dict[str, Any]) -> int | None:
        """The size of the whole file by `Content-Range`, after checking that this is the rest of the same version."""
        stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
        mark = _mark(response)
        other = bool(mark and origin.get("mark") and origin.get("url") == self.url and mark != origin["mark"])
        if stated is None or int(stated[1]) != have or other:
            self._start_again()
        return None if stated[2] == "*" else int(stated[2])

    def _start_again(self) -> NoReturn:
        _discard(self.target)
        raise SourceError("does not resume the download where it stopped", wait=0.0)

    def _read_origin(self) -> dict[str, Any] | None:
        """What an earlier attempt recorded; empty when there is nothing, None when the part is of another file."""
        try:
            origin = json.loads(_origin(self.target).read_bytes())
        except (OSError, ValueError):
            return {}  # the part may still be the right one: the hash decides
        if not isinstance(origin, dict):
            return {}
        return origin if origin.get("digest") == self.expected.digest else None


def _mark(response: Response) -> str:
    """The validator of a version of the file, as `If-Range` takes it: a strong ETag, or else the date."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _origin(target: Path) -> Path:
    return target.with_name(f"{target.name}.origin.part")


def _discard(target: Path) -> None:
    for path in (_part(target), _origin(target)):
        with contextlib.suppress(OSError):
            path.unlink()


@contextlib.contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Turns errors of the disk into sentences; those of `requests`, also an `OSError`, pass unchanged."""
    from requests.exceptions import RequestException

    try:
        yield
    except RequestException:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise atomic.same_kind(error, f"cannot write {_part(target)}: {reason}") from error
