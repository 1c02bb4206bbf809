"""Studios that the tests of a file share."""

import pytest

from nst.web.routes import events
from nst.web.submission import Limits
from tests.support import studio_worker
from tests.support.studio_server import Served

LIMITS = Limits(file_bytes=300_000, body_bytes=1_000_000, pixels=250_000, epochs=1000, image_size=1024)
BODY = 3_000_000
"""Bytes that `strict` takes."""


@pytest.fixture(autouse=True)
def frequent_polling(monkeypatch):
    monkeypatch.setattr(events, "POLL_INTERVAL", 0.02)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A studio for tests that only read, or that submit jobs of their own."""
    served = Served(tmp_path_factory.mktemp("shared"), limits=LIMITS)
    yield served
    served.close()


@pytest.fixture(scope="module")
def painted(shared):
    """A finished job of `shared`."""
    return shared.paint(epochs=4, style_name=["strokes", "ink"])


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """A studio in which nothing is ever painted."""
    served = Served(tmp_path_factory.mktemp("waiting"), limits=LIMITS, command=studio_worker.command("never-ready"))
    yield served
    served.close()


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A studio that takes small bodies only, and paints nothing."""
    limits = Limits(body_bytes=BODY, file_bytes=BODY)
    served = Served(tmp_path_factory.mktemp("strict"), command=studio_worker.command("never-ready"), limits=limits)
    yield served
    served.close()
