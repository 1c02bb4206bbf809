"""Connections to a server: timeouts, and what can go wrong before a file arrives."""

from __future__ import annotations

import contextlib
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from requests import RequestException, Response
    from urllib3.util import Retry

WEB_PAGE = "answers with a web page, not the file: this network may require you to sign in first"
_LONGEST_WAIT = 60.0  # seconds that `Retry-After` may ask for


class Limits(NamedTuple):
    """Seconds to wait for an answer and for further bytes, and how often to retry: at once, then after 2, 4, 8 … s.

    `retries` None leaves their number to the configuration of a package client. `backoff` scales the pauses.
    """

    answer: float
    silence: float
    retries: int | None
    backoff: float = 1.0


class SourceError(Exception):
    """A source that does not provide the file. The text continues its name: "answers 404 Not Found".

    `unreachable` means that no URL on the same host can work; `wait` is after how many seconds a retry may succeed,
    None when it cannot.
    """

    def __init__(self, sentence: str, *, unreachable: bool = False, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.unreachable, self.wait = unreachable, wait


def check_connection(url: str, seconds: float, wait: float | None) -> None:
    """Opens and closes a connection to the server, or to the proxy in front of it; raises `SourceError` with `wait`.

    Resolving a name and trying its addresses in turn have no timeout of their own, and without a network both may take
    minutes: here they have `seconds` together.
    """
    from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url, no_proxy=None))
    try:
        address = urlsplit(prepend_scheme_if_needed(proxy, "http") if proxy else url)
        port = address.port or {"http": 80, "https": 443}.get(address.scheme, 1080)
    except ValueError:
        raise SourceError("cannot be reached: the address of the proxy is invalid") from None
    outcome: Future[None] = Future()

    def connect() -> None:
        try:
            socket.create_connection((address.hostname or "", port), seconds).close()
            outcome.set_result(None)
        except (OSError, UnicodeError) as error:
            outcome.set_exception(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        outcome.result(seconds)
    except (OSError, UnicodeError) as error:
        problem = f"is unreachable: {getattr(error, 'strerror', None) or error}"
        if isinstance(error, socket.gaierror | UnicodeError):
            problem = "is not found (is this computer online?)"
        elif isinstance(error, ConnectionRefusedError):
            problem = "refuses the connection"
        elif isinstance(error, TimeoutError):
            problem = f"does not answer within {seconds:g} seconds (is this computer online?)"
        through = f"cannot be reached through the proxy {address.hostname}: it " if proxy else ""
        gone = not proxy and not isinstance(error, ConnectionRefusedError)
        raise SourceError(f"{through}{problem}", unreachable=gone, wait=wait) from error


def check_response(response: Response, policy: Retry) -> None:
    """Raises `SourceError` unless the status is 200 or 206, and for what is a web page or compressed by its headers."""
    from urllib3.exceptions import InvalidHeader

    status, headers = response.status_code, response.headers
    if status not in (200, 206):
        answer = f"answers {status} {response.reason or ''}".rstrip()
        if not policy.is_retry("GET", status):
            raise SourceError("cannot be reached: the proxy requires a password (407)" if status == 407 else answer)
        wait = 0.0
        with contextlib.suppress(InvalidHeader):
            wait = policy.get_retry_after(response.raw) or 0.0
        if wait > _LONGEST_WAIT:
            raise SourceError(f"{answer} and asks to wait for {wait / 60:.0f} minutes")
        raise SourceError(answer, wait=wait)
    if headers.get("Content-Type", "").lower().startswith("text/html"):
        raise SourceError(WEB_PAGE)
    if headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise SourceError("compresses the file although asked not to")


def source_error(error: RequestException, silence: float) -> SourceError:
    """What an exception of `requests` means; `silence` is the timeout in seconds for further bytes."""
    from requests import exceptions

    text = str(error)
    if isinstance(error, exceptions.SSLError) and "certificate" in text.lower():
        return SourceError("has a certificate that this computer does not trust")
    if isinstance(error, exceptions.TooManyRedirects):
        return SourceError("redirects without end")
    if isinstance(error, exceptions.ProxyError):
        return SourceError("cannot be reached: the proxy refuses the connection")
    if "NameResolutionError" in text or "NewConnectionError" in text:  # the server itself was there a moment ago
        return SourceError("redirects to a server that cannot be reached")
    if isinstance(error, exceptions.Timeout) or "timed out" in text:
        return SourceError(f"sent nothing for {silence:g} seconds", wait=0.0)
    if isinstance(error, exceptions.ConnectionError | exceptions.ChunkedEncodingError):
        return SourceError("dropped the connection", wait=0.0)
    return SourceError(f"cannot be used: {text}")
