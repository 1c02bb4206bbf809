"""Assembles the application: the routes, the middleware before them, and the page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from nst import __version__
from nst.web.errors import handle_errors, problems
from nst.web.routes import catalog, events, gallery, jobs, legacy
from nst.web.security import Guard, Key, is_loopback, names
from nst.web.service import Studio

STATIC = Path(__file__).parent / "static"  # the page, built from `page/`
_ABOUT = "Paints a content picture or video in the style of others: create a job, watch it, and fetch its result."


def create(
    studio: Studio, *, host: str = "127.0.0.1", port: int = 8000, token: str = "", known: Sequence[str] = ()
) -> FastAPI:
    """Creates the application, which starts the studio with the server and stops it.

    The server is bound to `host` and `port`, and has the further host names `known`. An empty token lets everyone in.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(studio.start)
        yield
        await run_in_threadpool(studio.stop)

    app = FastAPI(
        title="NST Studio", version=__version__, description=_ABOUT, lifespan=lifespan,
        openapi_url="/api/openapi.json", docs_url=None, redoc_url=None,  # those pages load scripts from other sites
        responses=problems(401, 403, 421, 422, 507), redirect_slashes=False,
    )  # fmt: skip
    app.state.studio = studio
    app.state.key = Key(token, f"nst-token-{port}")  # browsers share cookies between ports
    app.state.decoding = asyncio.Semaphore(2)  # submissions that are decoded at once: each may take a gigabyte
    app.state.watchers = 0
    app.state.zips, app.state.pages = 0, {}  # of the gallery
    app.add_middleware(
        Guard, known=names(host, known), local=is_loopback(host), key=app.state.key, body_bytes=studio.limits.body_bytes
    )
    handle_errors(app)
    for router in (catalog.router, events.router, gallery.router, jobs.router):
        app.include_router(router, prefix="/api")
    app.include_router(legacy.router)
    # Not a mount, which would also take requests for the addresses above by unsupported methods.
    app.router.default = StaticFiles(directory=STATIC, html=True)
    return app
