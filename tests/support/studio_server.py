"""A studio with the fake worker, served by uvicorn in a thread of this process, and its client."""

import contextlib
import http.client
import io
import json
import socket
import threading
import time

import httpx
import uvicorn
from PIL import Image

from nst.web import app
from nst.web.server import Config
from nst.web.service import Studio
from tests.support import studio_worker
from tests.support.studio_worker import Does, png

PATIENCE = 20.0
"""Seconds that a test waits before it fails."""

TOKEN = "0123456789abcdefghij"


def until(found, what="it", seconds=PATIENCE):
    """Calls `found` until its result is true; returns that."""
    end, pause = time.monotonic() + seconds, 0.005
    while True:
        if answer := found():
            return answer
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(pause)
        pause = min(1.3 * pause, 0.05)  # to ask takes as much time as what is waited for


class Served:
    """An open studio: `studio`, and `web`, a client of it. Options go to `Studio` and `app.create`."""

    def __init__(
        self, folder, *, command=None, token="", host="127.0.0.1", known=(), origins=(), proxies=(), **options
    ):
        self.studio = Studio(folder, command=command or studio_worker.command(), **options)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.app = app.create(self.studio, host=host, port=self.port, token=token, known=known, origins=origins)
        self.server = uvicorn.Server(Config(self.app, proxies=proxies, log_level="error"))
        self.web = httpx.Client(base_url=self.address, timeout=PATIENCE, trust_env=False)
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self._thread.start()
        until(lambda: self.server.started or not self._thread.is_alive(), "the server")

    def close(self):
        """Closes it as the program does."""
        self.web.close()
        self.studio.closing.set()
        self.server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server does not end"
        self.socket.close()

    def submit(self, does=Does.PAINT, epochs=4, **more):
        """Submits a picture with samples; returns the job."""
        answer = self.post_job(studio_worker.settings(does, epochs), **more)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def post_job(self, settings=None, files=None, **fields):
        """Posts a submission, with samples by default; a field that is None is left out."""
        form = {"content_name": "chelsea", "style_name": "strokes", "preset": "coursera", "network": "preview"}
        form |= {"settings": settings if isinstance(settings, str) else json.dumps(settings or {}), **fields}
        parts = [
            (name, (None, one))
            for name, value in form.items()
            if value is not None
            for one in (value if isinstance(value, list) else [value])
        ]
        return self.web.post("/api/jobs", files=[*parts, *(files or [])])

    def job(self, id):
        answer = self.web.get(f"/api/jobs/{id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def when(self, id, *states):
        """The job as soon as it is in one of these states."""
        return until(lambda: (job := self.job(id))["state"] in states and job, f"{states} of {self.job(id)}")

    def when_ended(self, id):
        return self.when(id, "finished", "cancelled", "failed")

    def when_painted(self, id, epoch):
        """The job as soon as that epoch of it is painted."""
        return until(lambda: (job := self.job(id))["epoch"] is not None and job["epoch"] >= epoch and job)

    def paint(self, does=Does.PAINT, epochs=4, **more):
        """Submits a picture; returns the job when it has ended."""
        return self.when_ended(self.submit(does, epochs, **more)["id"])

    def cancel(self, id):
        return self.web.post(f"/api/jobs/{id}/cancel")

    @contextlib.contextmanager
    def watching(self, id, **headers):
        """An iterator of the events of a job."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.web.stream("GET", f"/api/jobs/{id}/events", headers=named) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield events(answer.iter_lines())

    def watched(self, id, **headers):
        """All the events of a job, until the stream ends."""
        with self.watching(id, **headers) as found:
            return list(found)

    def raw(self):
        """A socket that is connected to the server."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)


def events(lines):
    """The server-sent events of a stream: kind, number or None, data."""
    found = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            found[name] = value
        elif found:
            yield found["event"], int(found["id"]) if "id" in found else None, json.loads(found["data"])
            found = {}


def picture(name="content", title="me.png", data=None):
    """A part of a form that is an upload."""
    return name, (title, png(64) if data is None else data, "image/png")


def opened(answer):
    """The picture of an answer: its format and its size."""
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as found:
        assert answer.headers["content-type"] == Image.MIME[found.format]
        return found.format, found.size


def answered(connection):
    """The status and the body of the next answer on a raw connection, or None where it is closed without one."""
    try:
        with http.client.HTTPResponse(connection) as answer:
            answer.begin()
            return answer.status, answer.read()
    except ConnectionError:
        return None
