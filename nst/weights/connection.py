"""What can be wrong between here and a server: nobody there, an answer that is no file, a connection that breaks."""

from __future__ import annotations

import contextlib
import email.utils
import socket
import threading
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from requests import Response

_PASSING = {408, 425, 429, 500, 502, 503, 504}
_LONGEST_WAIT = 60.0  # seconds that a server may ask for


class Patience(NamedTuple):
    """Seconds: to be connected, to hear something, and between attempts."""

    connect: float = 4.0
    read: float = 20.0
    pauses: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)


class SourceError(Exception):
    """An address that does not give the file. The text goes on from the server's name: "answers 404 Not Found".

    `unreachable` says that the server cannot be reached at all, by whatever address.
    """

    def __init__(self, sentence: str, *, unreachable: bool = False) -> None:
        super().__init__(sentence)
        self.unreachable = unreachable


class Passing(Exception):
    """A failure that may pass; `wait` is what the server asks for, in seconds."""

    def __init__(self, sentence: str, wait: float = 0.0) -> None:
        super().__init__(sentence)
        self.wait = wait


class Unreachable(Exception):
    """Nobody opens the door; `host_is_gone`: at no other port either."""

    def __init__(self, sentence: str, host_is_gone: bool) -> None:
        super().__init__(sentence)
        self.host_is_gone = host_is_gone


def knock(url: str, seconds: float) -> None:
    """Opens and closes a connection to the server, or to the proxy that leads there.

    Neither looking up a name nor trying its many addresses in turn obeys a limit of its own, and without a network
    both may take minutes: here they get `seconds` together.
    """
    from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url, no_proxy=None))
    try:
        place = urlsplit(prepend_scheme_if_needed(proxy, "http") if proxy else url)
        port = place.port or {"http": 80, "https": 443}.get(place.scheme, 1080)
    except ValueError:
        raise SourceError("cannot be reached: the address of the proxy is wrong") from None
    who = f"cannot be reached through the proxy {place.hostname}: it " if proxy else ""
    outcome: list[OSError | None] = []

    def connect() -> None:
        try:
            socket.create_connection((place.hostname or "", port), seconds).close()
            outcome.append(None)
        except (OSError, UnicodeError) as error:
            outcome.append(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    error = outcome[0] if outcome else TimeoutError()
    if error is None:
        return
    if isinstance(error, socket.gaierror):
        raise Unreachable(f"{who}is not found (is this computer online?)", not proxy) from error
    if isinstance(error, ConnectionRefusedError):
        raise Unreachable(f"{who}refuses the connection", False) from error
    if isinstance(error, TimeoutError):
        raise Unreachable(f"{who}does not answer within {seconds:g} seconds (is this computer online?)", not proxy)
    raise Unreachable(f"{who}is out of reach: {error.strerror or error}", not proxy) from error


def check_status(response: Response) -> None:
    """Lets 200 and 206 pass.

    Raises:
        SourceError: an answer that will stay the same.
        Passing: one that may be another next time.
    """
    status = response.status_code
    if status in (200, 206):
        return
    answer = f"answers {status} {response.reason or ''}".rstrip()
    if status not in _PASSING:
        raise SourceError("answers that the proxy wants a password (407)" if status == 407 else answer)
    wait = _seconds(response.headers.get("Retry-After", ""))
    if wait > _LONGEST_WAIT:
        raise SourceError(f"{answer} and asks to come back in {wait / 60:.0f} minutes")
    raise Passing(answer, wait)


def _seconds(retry_after: str) -> float:
    """The header `Retry-After`, in seconds or as a date; 0 for none or for nonsense."""
    if retry_after.isdigit():
        return float(retry_after)
    with contextlib.suppress(ValueError, TypeError):
        return max(email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time(), 0.0)
    return 0.0


def explained(error: Exception, patience: Patience) -> Exception:
    """What `requests` raised, as a failure that will stay or one that may pass."""
    import requests

    text = str(error)
    if isinstance(error, requests.exceptions.SSLError) and "certificate" in text.lower():
        return SourceError("has a certificate that this computer does not trust")
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return SourceError("sends us from one address to the next without end")
    if isinstance(error, requests.exceptions.ProxyError):
        return SourceError("cannot be reached: the proxy does not let us through")
    if "NameResolutionError" in text or "NewConnectionError" in text:  # the server itself was there a moment ago
        return SourceError("sends us on to a server that is out of reach")
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in text:
        return Passing(f"has been silent for {patience.read:g} seconds")
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return Passing("breaks the connection off")
    return SourceError(f"cannot be asked: {text}")
