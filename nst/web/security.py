"""What stands before the routes: who may come in, and how much they may bring.

- The Host header must be a name of this server, so that a page elsewhere cannot reach it under a name of its own that
  points here (DNS rebinding).
- What changes something must not come from another origin: a form on any page could send it otherwise.
- A studio that others can reach asks for its token: as `Authorization: Bearer …`, or in the cookie that the page gets
  for `/?token=…`.
- Bodies are counted as they come, whatever their length says, and those that stop coming are dropped.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import socket
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_GUARDED = ("/api", "/generate_stylised_image")
_OPEN = ("/api/token",)
_PATIENCE = 30.0  # seconds between two pieces of a body
_UPLOAD_TIME = 600.0  # seconds for all of a body: one that drips would keep its place for ever
_UPLOADS = 8  # bodies that are read at the same time


class Refusal(HTTPException):
    """An answer that ends a request: a status and a sentence."""


def names(host: str, further: Sequence[str] = ()) -> frozenset[str]:
    """The names under which a server that is bound to `host` may be addressed, besides plain IP addresses."""
    found = {"localhost", host, *further}
    if not is_loopback(host):
        found |= {socket.gethostname(), socket.getfqdn()}
    return frozenset(name.lower().strip("[]") for name in found)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Key:
    """What opens a studio that others can reach; without a token it is open.

    Args:
        token: what is asked for; empty for nothing.
        port: the server's, which the name of the cookie has: cookies do not tell ports apart.
    """

    def __init__(self, token: str, port: int) -> None:
        self._token = token.encode()
        self._name = f"nst-token-{port}"

    @property
    def asked(self) -> bool:
        """Whether there is a token."""
        return bool(self._token)

    def fits(self, token: str) -> bool:
        """Whether that is the token."""
        return self.asked and hmac.compare_digest(token.encode(), self._token)

    def cookie(self) -> str:
        """The value of the Set-Cookie header that lets the page in."""
        return f"{self._name}={self._token.decode()}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000"

    def opens(self, headers: Headers) -> bool:
        """Whether a request shows the token, or need not."""
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return not self.asked or self.fits(value.strip())
        # Not by http.cookies, which gives up at the first cookie that it dislikes, of whatever program on this machine.
        return not self.asked or self.fits(cookie_parser(headers.get("cookie", "")).get(self._name, ""))


class Guard:
    """The middleware.

    Args:
        app: what stands behind it.
        known: from `names`.
        local: whether the server is bound to a loopback address: then other IP addresses are no names of it.
        key: what a request has to show.
        body_bytes: what one request may bring.
    """

    def __init__(self, app: ASGIApp, *, known: frozenset[str], local: bool, key: Key, body_bytes: int) -> None:
        self._app = app
        self._known = known
        self._local = local
        self._key = key
        self._body_bytes = body_bytes
        self._reading = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or lets it in."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                extra = dict(_HEADERS)
                extra["cache-control"] = (
                    "no-store" if scope["path"].startswith(_GUARDED)
                    else "max-age=31536000, immutable" if scope["path"].startswith("/assets/")
                    else "no-cache"
                )  # fmt: skip
                message["headers"] += [
                    (name.encode(), value.encode()) for name, value in extra.items() if name.encode() not in given
                ]
            await send(message)

        try:
            self._check(scope, headers)
        except Refusal as refusal:
            await _answer(dressed, refusal.status_code, refusal.detail, refusal.headers)
            return
        if scope["method"] == "GET" and scope["path"] == "/" and scope["query_string"].startswith(b"token="):
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            extra = {"set-cookie": self._key.cookie()} if self._key.fits(given) else {}
            await _answer(dressed, 303, "", {"location": "/", **extra})
            return
        await self._with_body(scope, receive, dressed, headers)

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Raises `Refusal` for a request that may not come in."""
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_ours(host):
            raise Refusal(421, "this is not the address of the studio: open it under the address that it printed")
        if scope["method"] not in _SAFE:
            origin = headers.get("origin")
            foreign = headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
            if foreign or (origin is not None and not _is_of(origin, host)):
                raise Refusal(403, "this request comes from another page: the studio answers only its own")
        guarded = scope["path"].startswith(_GUARDED) and scope["path"] not in _OPEN
        if guarded and not self._key.opens(headers):
            raise Refusal(
                401, "the studio asks for its token, which was printed when it was started",
                {"www-authenticate": "Bearer"},
            )  # fmt: skip

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self._known
        return address.is_loopback or not self._local or name in self._known

    async def _with_body(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """Runs the app, with a body that is counted."""
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        if not has_body or scope["method"] in _SAFE:  # nobody reads the body of those
            await self._app(scope, receive, send)
            return
        most = self._body_bytes
        too_large = f"the upload is larger than {most // 1_000_000} MB; shrink the pictures first"
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            # The connection stays open, and what still comes is thrown away: closed, it would be reset, and the client
            # would never read why.
            await _answer(send, 413, too_large)
            return
        if self._reading >= _UPLOADS:
            await _answer(send, 503, "others are uploading now; try again in a moment", {"retry-after": "2"})
            return
        count, ends = 0, time.monotonic() + _UPLOAD_TIME
        reading = True
        self._reading += 1

        async def counted() -> Message:
            nonlocal count, reading
            if not reading:
                return await receive()
            try:
                patience = min(_PATIENCE, ends - time.monotonic())
                message = await asyncio.wait_for(receive(), max(patience, 0))
            except TimeoutError:
                raise Refusal(408, "the upload stopped coming", {"connection": "close"}) from None
            count += len(message.get("body", b""))
            if count > most:
                raise Refusal(413, too_large)
            # Two may wait for the end at the same time, who reads the body and who looks for a hang-up.
            if reading and (message["type"] != "http.request" or not message.get("more_body", False)):
                reading = False
                self._reading -= 1
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            if reading:
                self._reading -= 1


def _is_of(origin: str, host: str) -> bool:
    """Whether an Origin header names the same server as a Host header."""
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


async def _answer(send: Send, status: int, message: str, headers: Any = None) -> None:
    body = b"" if status == 303 else json.dumps({"message": message, "field": None}).encode()
    given = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    pairs = [(name.encode(), value.encode()) for name, value in given.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
