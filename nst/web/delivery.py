"""How responses are sent: without their bodies for HEAD, and compressed."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Head:
    """Middleware that answers HEAD as the application answers GET, which FastAPI does not by itself."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; of the response to HEAD only the headers are sent, and the rest is not made."""
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
