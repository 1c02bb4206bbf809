"""The URLs of the studio, as text and as a QR code."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import socket
import sys

_ALL = ("0.0.0.0", "::")
# Routed like any other address, but never in use: TEST-NET-1 and the prefix for documentation.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def urls(host: str, port: int, token: str) -> list[str]:
    """The addresses of the page, the best one first, with the token if one is required."""
    query = f"?token={token}" if token else ""
    hosts = (_of_this_machine(host) or [socket.gethostname()]) if host in _ALL else [host]
    return [f"http://{f'[{each}]' if ':' in each else each}:{port}/{query}" for each in hosts]


def _of_this_machine(host: str) -> list[str]:
    """Returns the IP addresses of this machine on its networks; not names, which phones often cannot resolve."""
    families = (socket.AF_INET,) if host == "0.0.0.0" else (socket.AF_INET, socket.AF_INET6)
    found: dict[str, None] = {}
    for family in families:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_ELSEWHERE[family], 9))  # chooses the network card of the route; nothing is sent
            found[probe.getsockname()[0]] = None
    for family in families:
        with contextlib.suppress(OSError):
            named = socket.getaddrinfo(socket.gethostname(), None, family, socket.SOCK_STREAM)
            found |= dict.fromkeys(str(each[4][0]) for each in named)
    return [each for each in found if _is_reachable(each)]


def _is_reachable(address: str) -> bool:
    with contextlib.suppress(ValueError):
        found = ipaddress.ip_address(address)
        return not (found.is_loopback or found.is_link_local or found.is_unspecified)
    return False


def qr_code(url: str) -> str:
    """A QR code of the address in block characters; empty if the output is not a terminal or cannot show it."""
    if not sys.stdout.isatty():
        return ""
    try:
        import segno

        code = io.StringIO()
        segno.make(url, error="l", micro=False).terminal(code, compact=True)
        code.getvalue().encode(sys.stdout.encoding or "ascii")
    except (ImportError, UnicodeEncodeError):
        return ""
    return code.getvalue()
