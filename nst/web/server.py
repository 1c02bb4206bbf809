"""The HTTP server: uvicorn, with limits on connections that uvicorn does not have.

- The headers of a request must arrive within `HEADERS` seconds of the connection, or of their first byte; uvicorn waits
  for ever. (It closes idle connections itself, and `security` limits the bodies of requests.)
- A response of which the client accepts nothing for `UNREAD` seconds is cut off.
- When there are `CONNECTIONS` of all clients, or `PER_ADDRESS` of one, the one that has waited longest for a request
  is closed for each new one. Whoever only holds connections open therefore keeps nobody out; and a client for which
  that many requests are being answered gets status 429 for more. Proxies have no limit of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from nst.web import security
from nst.web.access import network_of
from nst.web.errors import Refused

HEADERS = 15.0  # seconds for the headers of a request, at most
IDLE = 15  # seconds between two requests on a connection, at most
UNREAD = 120.0  # seconds in which a client accepts nothing of its response, at most: players pause videos
CONNECTIONS = 1000  # at the same time, at most
PER_ADDRESS = 100  # of one IPv4 address or /64 network of IPv6; a page that watches a job needs two

_LOCAL = ("127.0.0.0/8", "::1")  # proxies on this machine


class _Phase(enum.Enum):
    """What the client of a connection must send next, in time."""

    HEADERS = "the headers of a request"
    NEXT = "the next request"
    BODY = "the rest of a body that nobody reads, as its request was refused"


class Config(uvicorn.Config):
    """The settings of uvicorn; `X-Forwarded-For` and `-Proto` are trusted from this machine and from the proxies."""

    def __init__(self, app: ASGIApp, *, proxies: Sequence[str] = (), **options: Any) -> None:
        """Takes the application, addresses or networks of proxies on other machines, and further settings."""
        found = [ipaddress.ip_network(each, strict=False) for each in (*_LOCAL, *proxies)]
        mapped = [
            ipaddress.ip_network(f"::ffff:{each[0]}/{96 + each.prefixlen}") for each in found if each.version == 4
        ]
        self.proxies = (*found, *mapped)  # mapped, where the socket is of IPv6
        trusted = [str(each) for each in self.proxies]
        super().__init__(
            app, http=Connection, ws="none", access_log=False, server_header=False, timeout_graceful_shutdown=2,
            timeout_keep_alive=IDLE, limit_concurrency=CONNECTIONS + 1, forwarded_allow_ips=trusted, **options,
        )  # fmt: skip


class Connection(H11Protocol):
    """A connection of a client."""

    _phase: _Phase | None = None
    _deadline: asyncio.TimerHandle | None = None  # of the phase
    _unread: asyncio.TimerHandle | None = None  # while the client accepts nothing
    _since = 0.0  # when the phase began
    _peer: str | None = None  # the client's address or network; None for a proxy

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Makes room for the connection, and waits for its first request."""
        super().connection_made(transport)
        self._peer = self._client_of(self.client[0] if self.client else "")
        self._wait(_Phase.HEADERS)
        connections = [each for each in self.connections if isinstance(each, Connection)]
        peers = [each for each in connections if each._peer == self._peer]
        if self._peer is not None and len(peers) > PER_ADDRESS and not self._make_room(peers):
            self.app = _too_many
        elif len(connections) > CONNECTIONS:
            self._make_room(connections)  # if there is none to be made, uvicorn answers with status 503

    def data_received(self, data: bytes) -> None:
        """Reads what the client sent."""
        super().data_received(data)
        if not self._is_waiting():
            self._wait(None)
        elif self._phase is not _Phase.BODY or self.conn.their_state is not h11.SEND_BODY:
            self._wait(_Phase.HEADERS)

    def on_response_complete(self) -> None:
        """Waits for the next request."""
        super().on_response_complete()  # begins it, if it is there already
        if self._is_waiting():
            self._wait(_Phase.BODY if self.conn.their_state is h11.SEND_BODY else _Phase.NEXT)

    def pause_writing(self) -> None:
        """Waits until the client accepts more."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD, self.transport.abort)

    def resume_writing(self) -> None:
        """Stops the timeout, as the client accepts data again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the timeouts."""
        super().connection_lost(exc)
        self._wait(None)
        if self._unread is not None:
            self._unread.cancel()

    def _is_waiting(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _wait(self, phase: _Phase | None) -> None:
        """Starts a phase with its deadline, or ends one; if the phase is unchanged, so is its deadline."""
        if phase is self._phase:
            return
        self._phase = phase
        if self._deadline is not None:
            self._deadline.cancel()
        if phase is not None:
            self._since = self.loop.time()
            # uvicorn closes idle connections after IDLE seconds, once the client has all of the last response.
            most = {_Phase.HEADERS: HEADERS, _Phase.NEXT: IDLE + UNREAD, _Phase.BODY: security.UPLOAD_TIME}
            self._deadline = self.loop.call_later(most[phase], self.transport.abort)

    def _make_room(self, connections: Iterable[Connection]) -> bool:
        """Closes the one of the connections that has waited longest; returns whether there was one."""
        waiting = [each for each in connections if each is not self and each._is_waiting()]
        if waiting:
            longest = min(waiting, key=lambda each: each._since)
            self.connections.discard(longest)
            longest.transport.abort()
        return bool(waiting)

    def _client_of(self, address: str) -> str | None:
        """The network of a client, or None for a proxy, this machine, or a client without an address."""
        with contextlib.suppress(ValueError):
            found = ipaddress.ip_address(address.partition("%")[0])
            if isinstance(self.config, Config) and not any(found in each for each in self.config.proxies):
                return network_of(address)
        return None


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a request of an address that has too many connections."""
    refused = Refused(429, "too many requests from your address at the same time: close some of the studio's pages")
    await refused.response()(scope, receive, send)


def listen(host: str, port: int) -> socket.socket:
    """Opens a listening socket. Raises `OSError` with a message for the user."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(512)
    except OSError as error:
        raise OSError(
            f"cannot serve {host}:{port}: {error.strerror or error}; choose another --port or --host"
        ) from None
    return listening


def raise_file_limit() -> None:
    """Lets this process have as many files open as its connections need, where the system allows that."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * CONNECTIONS
        if soft != resource.RLIM_INFINITY and soft < wanted:
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
