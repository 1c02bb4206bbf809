"""Downloads one URL as one file: resumes after a cut, retries, checks size and hash, and renames into place.

The bytes of an unfinished file are in `NAME.part`. Where they came from is not recorded: the hash of the whole file
shows whether they belong to it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from nst.utils import atomic
from nst.utils.connection import WEB_PAGE, Limits, SourceError, check_connection, check_response, source_error
from nst.utils.hashing import digest

if TYPE_CHECKING:
    from requests import Response, Session
    from urllib3.util import Retry

Progress = Callable[[int, int | None], None]
"""Called with the number of bytes received and the total, which is None when unknown."""

_CHUNK = 1 << 16
_WORTH = 1_000_000  # bytes that an attempt must add for the count of attempts to start again
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)  # statuses


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
    """Downloads an http or https URL, resuming what an earlier call has left; `target` appears when it is complete.

    Proxies come from the environment, as `requests` reads them. However this function ends, the bytes received so far
    are kept for the next call to resume from, unless they belong to the wrong file.

    Raises:
        SourceError: this URL does not provide the file; another may.
        OSError: the file cannot be written.
    """
    import requests
    from urllib3.exceptions import MaxRetryError
    from urllib3.util import Retry

    # Counted here and not by an HTTPAdapter, whose retries end where a body begins.
    policy = retry = Retry(limits.retries, backoff_factor=limits.backoff, status_forcelist=_TRANSIENT)
    received = 0
    with requests.Session() as session:
        download = _Download(session, url, target, expected, limits, policy, progress)
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
                    retry = (policy if gained >= _WORTH else retry).increment("GET", url, error=failure)
                except MaxRetryError:
                    attempts = len(retry.history) + 1
                    times = f", {attempts} times in a row" if attempts > 1 else ""
                    raise SourceError(f"{failure}{times}") from failure
                time.sleep(max(retry.get_backoff_time(), failure.wait))
    os.replace(_part(target), target)


@dataclass
class _Download:
    """The download of one URL into the file beside `target`."""

    session: Session
    url: str
    target: Path
    expected: Expected
    limits: Limits
    policy: Retry
    progress: Progress
    mark: str = ""  # the validator of the version that was begun, as `If-Range` takes it

    def attempt(self, *, started: bool) -> None:
        """Requests what is missing and checks the hash of the whole. Raises `SourceError`.

        `started` says that this URL has already sent bytes, so that a lost network is worth waiting for.
        """
        have = part_size(self.target)
        if self.expected.size is not None and have > self.expected.size:
            self._discard()
            have = 0
        if have and have == self.expected.size:
            self.progress(have, have)
        else:
            self._request(have, started)
        found = digest(_part(self.target), self.expected.algorithm)
        if found != self.expected.digest:
            self._discard()
            name = self.expected.algorithm.upper().replace("SHA", "SHA-")
            sentence = f"sent a different file ({name} {found}, expected {self.expected.digest})"
            # A resumed file may mix two versions, a fresh one cannot.
            raise SourceError(sentence, wait=0.0 if have else None)

    def _request(self, have: int, started: bool) -> None:
        from requests import RequestException

        headers = {"Accept-Encoding": "identity", "User-Agent": "nst-weights"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if self.mark:
                headers["If-Range"] = self.mark
        check_connection(self.url, self.limits.answer, wait=0.0 if started else None)
        timeout = self.limits.answer, self.limits.silence
        try:
            with self.session.get(self.url, headers=headers, stream=True, timeout=timeout) as response:
                self._receive(response, have)
        except RequestException as error:
            raise source_error(error, self.limits.silence) from error

    def _receive(self, response: Response, have: int) -> None:
        """Checks a response before anything is written, then writes its body and checks that all of it arrived."""
        part_of = response.headers.get("Content-Range", "").strip()
        if response.status_code == 416 and have:
            if self.expected.size is None and part_of.endswith(f"*/{have}"):
                return
            self._start_again()
        check_response(response, self.policy)
        resumed = response.status_code == 206
        start, total = have if resumed else 0, None
        chunks = response.iter_content(_CHUNK)
        first = next(chunks, b"")
        if not start and first.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
            raise SourceError(WEB_PAGE)
        etag = response.headers.get("ETag", "")  # a weak one does not promise the same bytes
        mark = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")
        if resumed:
            stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", part_of)
            if stated is None or int(stated[1]) != have or (mark and self.mark and mark != self.mark):
                self._start_again()
            total = None if stated[2] == "*" else int(stated[2])
        length = response.headers.get("Content-Length", "")
        if total is None and length.isdigit():
            total = start + int(length)
        if self.expected.size is not None and total not in (None, self.expected.size):
            raise SourceError(f"offers a file of {total:,} bytes, expected {self.expected.size:,}")
        total = self.expected.size or total
        if start == 0:
            self._discard()
            self.mark = mark
        done = self._append(itertools.chain([first], chunks), start, total)
        if total is not None and done > total:
            self._discard()
            raise SourceError(f"sends more than the {total:,} bytes of the file")
        if total is not None and done < total:
            raise SourceError(f"stopped after {done:,} of {total:,} bytes", wait=0.0)

    def _append(self, chunks: Iterator[bytes], done: int, total: int | None) -> int:
        """Writes the chunks behind the `done` bytes of the part; returns its size, at most a chunk above `total`."""
        from requests import RequestException

        self.progress(done, total)
        try:
            with open(_part(self.target), "ab", buffering=0) as file:
                for chunk in chunks:
                    view = memoryview(chunk)
                    while view:  # unbuffered, since a signal may end the program between any two chunks
                        view = view[file.write(view) or 0 :]
                    done += len(chunk)
                    if total is not None and done > total:
                        break
                    self.progress(done, total)
                os.fsync(file.fileno())
        except RequestException:  # also an OSError
            raise
        except OSError as error:
            raise atomic.same_kind(error, f"cannot write {_part(self.target)}: {error.strerror or error}") from error
        return done

    def _start_again(self) -> NoReturn:
        self._discard()
        raise SourceError("does not resume the download where it stopped", wait=0.0)

    def _discard(self) -> None:
        self.mark = ""
        with contextlib.suppress(OSError):
            _part(self.target).unlink()


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")
