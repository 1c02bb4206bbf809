"""Downloading pictures from the web, for the commands; the library and the studio read files only."""

from __future__ import annotations

import functools
import hashlib
import re
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from nst import __version__
from nst.images import reader
from nst.images.decode import PictureError
from nst.utils import atomic, locations
from nst.utils.connection import SourceError, check_connection, check_response, source_error

if TYPE_CHECKING:
    from requests import Response

_MOST_BYTES = 100_000_000
_SECONDS = 120.0  # for the whole download
_ANSWER, _SILENCE = 10.0, 20.0  # seconds to wait for a connection, and for further bytes
_SAVE = "save the picture with a browser and give its path"


def is_url(name: str) -> bool:
    """Whether a name is a web address."""
    return re.match("https?://", name, re.IGNORECASE) is not None


def without_password(url: str) -> str:
    """A URL for messages."""
    return re.sub(r"(?<=://)[^/?#]*@", "", url)


@functools.cache
def fetch(url: str) -> Path:
    """Downloads a picture into the user's cache, once in each process, and returns its file.

    It stays there, so that a run can be resumed and repeated offline. Proxies come from the environment.

    Raises:
        PictureError: the server does not provide a picture that can be read, it has more than 100 MB, or takes longer
            than two minutes.
    """
    parts, shown = _checked(url), without_password(url)
    try:
        check_connection(url, _ANSWER, wait=None)
    except SourceError as error:
        raise PictureError(f"{shown}: {parts.hostname} {error}") from error
    try:
        data = _in_time(url)
    except SourceError as error:
        raise PictureError(f"{shown} {error}") from error
    reader.read(data, name=shown)
    folder = locations.cache() / "pictures" / hashlib.sha256(url.encode()).hexdigest()[:12]
    name = re.sub(r"[^\w.-]+", "_", Path(unquote(parts.path)).name)[-80:].lstrip(".") or "picture"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(folder / name, data)
    except OSError as error:
        raise PictureError(f"{shown} cannot be stored: {error}; {_SAVE}") from error
    return folder / name


def _checked(url: str) -> SplitResult:
    """The parts of a URL with a server and a valid port."""
    try:
        url.encode()  # bytes of a command line that are not text
        parts = urlsplit(url)
        if parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise PictureError(f"{without_password(url)} is not a valid web address; copy it again from the browser")


def _in_time(url: str) -> bytes:
    """The bytes at a URL. In a thread, because a server that sends byte by byte defeats the timeouts of a socket."""
    outcome: Future[bytes] = Future()
    deadline = time.monotonic() + _SECONDS

    def download() -> None:
        try:
            outcome.set_result(_download(url, deadline))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=download, daemon=True).start()
    try:
        return outcome.result(_SECONDS)
    except TimeoutError:
        raise SourceError(f"did not arrive within {_SECONDS:g} seconds; {_SAVE}") from None


def _download(url: str, deadline: float) -> bytes:
    import requests
    from urllib3.util import Retry

    # Some servers, such as Wikimedia's, refuse clients that do not say what they are.
    headers = {"Accept-Encoding": "identity", "User-Agent": f"nst/{__version__} (neural style transfer)"}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=(_ANSWER, _SILENCE)) as response:
            if response.ok and response.headers.get("Content-Type", "").lower().startswith("text/html"):
                raise SourceError(
                    "is a web page, not a picture: open it in a browser and copy the address of the picture itself"
                )
            check_response(response, Retry(0))
            return _body(response, deadline)
    except requests.RequestException as error:
        raise source_error(error, _SILENCE) from error


def _body(response: Response, deadline: float) -> bytes:
    """The body of a response, of limited size."""
    too_large = SourceError(f"has more than {_MOST_BYTES // 1_000_000} MB; {_SAVE}")
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > _MOST_BYTES:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_content(1 << 16):
        pieces.append(piece)
        size += len(piece)
        if size > _MOST_BYTES:
            raise too_large
        if time.monotonic() > deadline:  # nobody waits any more
            break
    return b"".join(pieces)
