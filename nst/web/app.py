"""Assembles the application: the routes, the middleware before them, and the page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from nst import __version__
from nst.web.access import Key
from nst.web.delivery import Assets, Head, compressed
from nst.web.errors import handle_errors, problems
from nst.web.estimate import Estimator
from nst.web.routes import catalog, events, files, gallery, jobs, legacy, steering, submit
from nst.web.security import Guard, is_loopback, names
from nst.web.service import Studio

STATIC = Path(__file__).parent / "static"  # the page, built from `page/`
_ABOUT = "Paints a content picture or video in the style of others: create a job, watch it, and fetch its result."


def create(
    studio: Studio, *, host: str = "127.0.0.1", port: int = 8000, token: str = "", secret: str = "",
    known: Sequence[str] = (), origins: Sequence[str] = (),
) -> FastAPI:  # fmt: skip
    """Creates the application, which starts the studio with the server and stops it.

    The server is bound to `host` and `port`, and has the further host names `known`. An empty token lets everyone in;
    cookies of an earlier server remain valid with its secret. Pages of the `origins` may use the API too.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(studio.start)
        yield
        await run_in_threadpool(studio.stop)

    app = FastAPI(
        title="NST Studio", version=__version__, description=_ABOUT, lifespan=lifespan,
        openapi_url="/api/openapi.json", docs_url=None, redoc_url=None,  # those pages load scripts from other sites
        responses=problems(401, 403, 421, 422, 429, 507), redirect_slashes=False,
    )  # fmt: skip
    app.state.studio = studio
    app.state.estimator = Estimator(studio)
    app.state.key = Key(token, f"nst-token-{port}", secret)  # browsers share cookies between ports
    app.state.decoding = asyncio.Semaphore(2)  # submissions that are decoded at once: each may take a gigabyte
    app.state.watchers = 0
    app.state.zips, app.state.pages = 0, {}  # of the gallery
    app.add_middleware(compressed)
    app.add_middleware(Head)
    app.add_middleware(
        Guard, known=names(host, known), local=is_loopback(host), key=app.state.key,
        body_bytes=studio.limits.body_bytes, origins=frozenset(origins),
    )  # fmt: skip
    handle_errors(app)
    for module in (catalog, events, gallery, submit, jobs, files, steering):  # /jobs/zip before /jobs/{id}
        app.include_router(module.router, prefix="/api")
    app.include_router(legacy.router)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        """The reference of the API, a page of its own."""
        return FileResponse(STATIC / "docs.html")

    # Not a mount, which would also take requests for the addresses above by unsupported methods.
    app.router.default = Assets(directory=STATIC, html=True)
    return app
