"""How responses are sent: without their bodies for HEAD, and compressed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import anyio
from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Head:
    """Middleware that answers HEAD with the headers of GET, which FastAPI does not do by itself."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; a response to HEAD ends after its headers, and its body is never generated."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        with anyio.CancelScope() as making:

            async def send_head(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await send(message)
                    await send({"type": "http.response.body", "body": b""})
                    making.cancel()

            await self.app({**scope, "method": "GET"}, receive, send_head)


def compressed(app: ASGIApp) -> ASGIApp:
    """Middleware that compresses text: not pictures, videos and archives, which already are, nor event streams.

    No response contains both a secret and what another site could have put into it, from whose compressed length the
    secret might be guessed (BREACH): the token is in none, and another site's requests carry no cookie.
    """
    return GZipMiddleware(app, 1000, 6, exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "image/*"))


class Assets(StaticFiles):
    """The files of the page, with Brotli (compressed by the page's build) for clients that accept it."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Responds with a file, or with the compressed one beside it."""
        path, encoded = os.fspath(full_path), f"{os.fspath(full_path)}.br"
        accepted = re.findall(r"[^\s,]+", Headers(scope=scope).get("accept-encoding", ""))
        brotli = "br" in accepted and os.path.isfile(encoded)
        if brotli:
            path, stat_result = encoded, os.stat(encoded)
        response = super().file_response(path, stat_result, scope, status_code)
        if brotli:
            response.headers["content-encoding"] = "br"
        response.headers.add_vary_header("Accept-Encoding")
        return response
