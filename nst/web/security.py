"""Middleware that decides which requests are accepted, and limits what they upload.

- The Host header must be an address of this server, so that a page elsewhere cannot reach it through a domain of its
  own that resolves to this machine (DNS rebinding).
- A request that changes something must not come from another origin, since any page could contain a form that sends it.
  The pages of origins that the user allowed may use the API and read its responses, but not with the page's cookie.
- A studio that other machines can reach requires a token: as `Authorization: Bearer …`, or in the cookie that the page
  receives for `/?token=…`.
- Bodies are measured while they arrive, regardless of their Content-Length, and dropped if they stall.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nst.web.access import Key
from nst.web.errors import Refused

_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    # First what the page uses, then what it does not.
    "permissions-policy": "camera=(self), clipboard-read=(self), clipboard-write=(self), fullscreen=(self), "
    "accelerometer=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), "
    "payment=(), publickey-credentials-get=(), serial=(), usb=()",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_GUARDED = ("/api", "/generate_stylised_image")
_SHARED = (*_GUARDED, "/ping")  # what pages of allowed origins may use
_CORS: dict[str, Any] = {
    "allow_methods": ("GET", "HEAD", "POST", "DELETE"),
    "allow_headers": ("Authorization", "Last-Event-ID"),
    "expose_headers": ("Location", "Retry-After", "Content-Disposition"),
    "allow_private_network": True,  # to a page on the internet this machine is one
}
_PORTS = {"http": ":80", "https": ":443"}
_YEAR = 31_536_000  # seconds

STALLED = 30.0  # seconds between two parts of a body, at most
UPLOAD_TIME = 600.0  # seconds for a whole body, at most: one that trickles in would otherwise occupy its slot for ever
UPLOADS = 8  # bodies that are read at the same time, at most


def names(host: str, further: Sequence[str] = ()) -> frozenset[str]:
    """The host names, besides IP addresses, of a server that is bound to `host`."""
    found = {"localhost", host, *further}
    if not is_loopback(host):
        found |= {socket.gethostname(), socket.getfqdn()}
    return frozenset(name.lower().strip("[]") for name in found)


def origin(url: str) -> str:
    """The origin of a URL as browsers send it. Raises `ValueError` for any other URL."""
    parts = urlsplit(url.lower())
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is not an origin such as https://example.org or http://localhost:3000")
    if parts.username is not None:
        raise ValueError(f"{url!r} has a user name, and origins have none")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{name}{'' if port == _PORTS[parts.scheme] else port}"


def address(request: Request) -> str:
    """Returns the address of the client: as a trusted proxy reports it, or that of the connection."""
    return request.client.host if request.client else ""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass
class Guard:
    """The middleware in front of all routes."""

    app: ASGIApp
    known: frozenset[str]  # host names of the server, from `names`
    local: bool  # whether the server is bound to a loopback address, so that other IP addresses are not its own
    key: Key
    body_bytes: int  # of one request, at most
    origins: frozenset[str] = frozenset()  # other sites whose pages may use the API
    uploads: int = 0  # bodies that are being read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or passes it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        if scope["type"] != "http":
            return

        request = Request(scope)
        shared = bool(self.origins) and scope["path"].startswith(_SHARED)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**_HEADERS, "cache-control": _cache_control(scope["path"])}.items():
                    headers.setdefault(name, value)
                if shared:
                    headers.add_vary_header("Origin")
            await send(message)

        application = self.app
        try:
            self._check(request)
            if request.method == "GET" and scope["path"] == "/" and "token" in request.query_params:
                application = self._admit(request)
            elif self._has_body(request):
                application = self._measured
        except Refused as error:
            application = error.response()
        if shared and self._is_allowed(request):
            application = CORSMiddleware(application, allow_origins=tuple(self.origins), **_CORS)
        await application(scope, receive, send_with_headers)

    def _admit(self, request: Request) -> Response:
        """Exchanges the token in the page's address for a cookie; for a wrong one, the page asks for the right one."""
        response = RedirectResponse("/", 303)
        with contextlib.suppress(Refused):
            self.key.check(request.query_params.getlist("token")[0], address(request))
            self.key.remember(response, request.scope["scheme"])
        return response

    def _check(self, request: Request) -> None:
        """Raises `Refused` for a request that is not accepted."""
        headers, path = request.headers, request.scope["path"]  # as the router sees it
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_ours(host):
            raise Refused(421, "this is not an address of the studio: use the one that it printed when it started")
        allowed = self._is_allowed(request)
        if request.method not in _SAFE and not (allowed and path.startswith(_SHARED)):
            self._check_origin(request)
        if path.startswith(_GUARDED) and path != "/api/token":
            self.key.check_request(headers, address(request), cookies=not allowed)

    def _check_origin(self, request: Request) -> None:
        """Raises `Refused` if a request was sent by a page of another site."""
        headers, scheme = request.headers, request.scope["scheme"]
        sent_by, _, host = headers.get("origin", "").lower().partition("://")
        own = headers["host"].lower().removesuffix(_PORTS.get(scheme, ""))
        foreign = headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        if "origin" in headers and not foreign and sent_by == "https" != scheme and host == own.removesuffix(":443"):
            raise Refused(
                403, "the page was opened with https, but this request arrived with http: the proxy before the studio "
                "must send X-Forwarded-Proto, and --proxy must name its address if it is not on this machine",
            )  # fmt: skip
        if foreign or ("origin" in headers and (sent_by, host) != (scheme, own)):
            raise Refused(403, "this request was sent by another site; the studio accepts only its own page's")

    def _is_allowed(self, request: Request) -> bool:
        """Whether a request was sent by a page of an origin that the user allowed."""
        return request.headers.get("origin") in self.origins

    def _is_ours(self, host: str) -> bool:
        name = ""
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
            return ipaddress.ip_address(name).is_loopback or not self.local or name in self.known
        except ValueError:  # not an IP address, or not even a host
            return bool(name) and name in self.known

    def _has_body(self, request: Request) -> bool:
        """Whether a request has a body that is read. Raises `Refused` for one that cannot be accepted.

        The connection stays open, and the body is discarded as it arrives: a connection that is closed early is reset,
        and the client would never read the response.
        """
        length = request.headers.get("content-length", "0")
        if request.method in _SAFE or (length == "0" and "transfer-encoding" not in request.headers):
            return False
        if length.isdecimal() and int(length) > self.body_bytes:
            raise self._too_large()
        if self.uploads >= UPLOADS:
            raise Refused(503, "too many uploads at the moment: try again shortly", headers={"retry-after": "2"})
        return True

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application with a body that is measured while it is read."""
        size, ends, reading = 0, time.monotonic() + UPLOAD_TIME, True
        self.uploads += 1

        async def measure() -> Message:
            nonlocal size, reading
            if not reading:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0, min(STALLED, ends - time.monotonic())))
            except TimeoutError:
                raise Refused(408, "the upload stalled: send it again", headers={"connection": "close"}) from None
            size += len(message.get("body", b""))
            if size > self.body_bytes:
                raise self._too_large()
            # Two tasks may wait for the end at once: the reader of the body, and the one that notices a disconnect.
            if reading and not message.get("more_body", False):
                reading = False
                self.uploads -= 1
            return message

        try:
            await self.app(scope, measure, send)
        finally:
            if reading:
                self.uploads -= 1

    def _too_large(self) -> Refused:
        most = self.body_bytes // 1_000_000
        return Refused(413, f"the upload is larger than {most} MB: make the pictures smaller first")


def _cache_control(path: str) -> str:
    if path.startswith(_GUARDED):
        return "no-store"
    return f"max-age={_YEAR}, immutable" if path.startswith("/assets/") else "no-cache"
