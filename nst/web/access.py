"""Who may use the studio: its token, the cookie that stands for it, and a limit on wrong guesses."""

from __future__ import annotations

import hmac
import ipaddress
import math
import secrets
import time
from collections import OrderedDict
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

from nst.web.errors import Refused

FREE_GUESSES = 5  # wrong tokens of one address that are answered without a delay
LONGEST_WAIT = 60.0  # seconds from a wrong token to the next that is compared, at most; it doubles with each
FORGOTTEN = 900.0  # seconds after the last wrong token of an address, until they are no longer counted
_ADDRESSES = 10_000  # whose wrong tokens are remembered

_YEAR = 31_536_000  # seconds
_SECURE = "__Host-"  # browsers accept a cookie with this prefix only from this very server, over https


class _Guesses(NamedTuple):
    """The wrong tokens of one address."""

    wrong: int
    last: str  # a page that polls with an outdated token guesses only once
    when: float  # of the last, on the monotonic clock


class Key:
    """The access token of a studio, empty if none is required, and the cookie that a browser gets in exchange for it.

    The cookie's value follows from the token and a secret of the studio, so that no list of likely tokens is a list of
    likely cookies: only tokens are worth guessing. Their guesses are limited for each address; cookies remain valid
    while an address waits, so that a stranger at the same address locks nobody out who is in already.
    """

    def __init__(self, token: str, cookie: str, secret: str = "") -> None:
        """Takes the token, the name of the cookie, and the secret; an empty one is generated."""
        self._token = token
        self._cookie = cookie
        self._granted = hmac.new((secret or secrets.token_hex(16)).encode(), token.encode(), "sha256").hexdigest()
        self._guesses: OrderedDict[str, _Guesses] = OrderedDict()

    def check(self, token: str, address: str) -> None:
        """Raises `Refused` unless this is the token, or none is required; `address` is that of the client."""
        if not self._token:
            return
        client = network_of(address)
        guesses = self._guesses.get(client, _Guesses(0, "", -math.inf))
        passed = time.monotonic() - guesses.when
        if passed > FORGOTTEN:
            guesses = _Guesses(0, "", -math.inf)
        wait = _wait(guesses.wrong) - passed
        if wait > 0 and not (guesses.last and _same(token, guesses.last)):
            raise Refused(
                429, f"too many wrong tokens: try again in {math.ceil(wait)} s", "token",
                headers={"retry-after": str(math.ceil(wait))},
            )  # fmt: skip
        if _same(token, self._token):
            return
        if not _same(token, guesses.last):
            self._guesses[client] = _Guesses(guesses.wrong + 1, token[:200], time.monotonic())
            self._guesses.move_to_end(client)
            if len(self._guesses) > _ADDRESSES:
                self._guesses.popitem(last=False)
        raise Refused(401, "this is not the token that the studio printed when it started", "token")

    def check_request(self, headers: Headers, address: str, *, cookies: bool = True) -> None:
        """Raises `Refused` unless a request has the token or, if they are accepted, the cookie, or needs neither."""
        if not self._token:
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            # Not http.cookies, which stops at the first malformed cookie, of any program on this machine.
            sent = cookie_parser(headers.get("cookie", "")) if cookies else {}
            token = sent.get(f"{_SECURE}{self._cookie}") or sent.get(self._cookie, "")
            if _same(token, self._granted):
                return
        if token := token.strip():
            try:
                return self.check(token, address)
            except Refused as error:
                if error.status_code != 401:
                    raise
        raise Refused(
            401, "the studio requires its token, which it printed when it started",
            headers={"www-authenticate": "Bearer"},
        )  # fmt: skip

    def remember(self, response: Response, scheme: str) -> None:
        """Adds the cookie that grants access, for the scheme of the request."""
        if self._token:
            secure = scheme == "https"
            name = f"{_SECURE}{self._cookie}" if secure else self._cookie
            response.set_cookie(name, self._granted, max_age=_YEAR, httponly=True, samesite="strict", secure=secure)


def network_of(address: str) -> str:
    """Identifies a client: by its IPv4 address, or by the /64 network of its IPv6 address, all of which is its own."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)


def _wait(guesses: int) -> float:
    """Returns the seconds that an address must wait after that many wrong tokens."""
    return min(2.0 ** (guesses - FREE_GUESSES), LONGEST_WAIT) if guesses >= FREE_GUESSES else 0.0


def _same(first: str, second: str) -> bool:
    """Compares two strings in a time that does not reveal where they differ."""
    return hmac.compare_digest(first.encode("utf-8", "surrogatepass"), second.encode("utf-8", "surrogatepass"))
