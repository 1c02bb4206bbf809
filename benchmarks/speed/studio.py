"""What the studio's server bears, and how quick it is.

First with a worker that only pretends to paint, so that the server is what is measured: fifty clients watch one job,
half of them cut off again and again, while two hundred others are painted in a second slot. Every watcher has to get
every epoch exactly once and in order, no job may be lost, and the server must not grow.

With --real then the worker and the network as they are: how soon a picture shows, and how soon one is stopped.

Usage: python -m benchmarks.speed.studio --real
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from absl import app, flags

ROOT = Path(__file__).resolve().parents[2]
_SERVE = flags.DEFINE_string("serve", "", "only serve: the folder of a studio with the worker that pretends to paint")
_POLL = flags.DEFINE_string("poll", "", "only ask the studio at this address for its jobs until the input ends")
_REAL = flags.DEFINE_bool("real", False, "measures the real worker, too")
_WATCHERS = flags.DEFINE_integer("watchers", 50, "clients that watch")
_JOBS = flags.DEFINE_integer("jobs", 200, "jobs that are painted meanwhile")
_EPOCHS = flags.DEFINE_integer("epochs", 800, "epochs of the job that is watched, 0.05 seconds each")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "how often the real worker is measured; the table shows medians")

_LONGEST = 170.0  # seconds for each half
_PRETENDER = ROOT / "tests/support/studio_worker.py"
_SLOWLY = 5  # its seed for pauses between epochs
_CUT_AFTER = 60  # events
_SAMPLES = {"content_name": "chelsea", "style_name": "strokes"}


class Event(NamedTuple):
    """One event of a job; `id` is empty for those that are not replayed."""

    kind: str
    id: str
    data: dict[str, Any]


def serve(folder: Path) -> None:
    """Serves a studio whose worker pretends to paint; says its port."""
    import uvicorn

    from nst.web import app as web
    from nst.web.server import Config, listen
    from nst.web.service import Studio
    from nst.web.submission import Limits

    limits = Limits(queue=_JOBS.value + 10)
    studio = Studio(folder, limits=limits, slots=2, command=[sys.executable, "-S", str(_PRETENDER)])
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        print(f"http://127.0.0.1:{port}/", flush=True)
        uvicorn.Server(Config(web.create(studio, port=port), log_level="warning")).run(sockets=[listening])


def poll(address: str) -> None:
    """Asks for the newest jobs again and again; says how many seconds each answer took.

    In a process of its own: where fifty watchers are, an answer waits for its turn.
    """
    taken = []
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as web:
        while not select.select([sys.stdin], [], [], 0.05)[0]:
            asked = time.perf_counter()
            web.get("/api/jobs", params={"limit": 50}).raise_for_status()
            taken.append(time.perf_counter() - asked)
    print(json.dumps(taken))


@contextlib.contextmanager
def server(*words: str) -> Iterator[tuple[str, int]]:
    """Runs a server in a process of its own while the block runs; gives its address and its process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", *words], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"http://[^/]*", process.stdout.readline())
        if found is None:
            raise SystemExit("the server did not start")
        yield found[0], process.pid
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def megabytes(pid: int) -> float:
    """What a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def events(web: httpx.AsyncClient, job: str, after: str = "") -> AsyncGenerator[Event, None]:
    """The events of a job, from the start or after the one of that number."""
    headers = {"last-event-id": after} if after else {}
    async with web.stream("GET", f"/api/jobs/{job}/events", headers=headers) as answer:
        answer.raise_for_status()
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
                fields = {}


async def watch(address: str, job: str, *, cut: bool) -> tuple[list[int], int]:
    """Watches a job to its end, cut off now and then or not; gives the epochs that came and how often it was cut."""
    seen: list[int] = []
    after, cuts = "", 0
    while True:
        async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as web:
            count = 0
            async with contextlib.aclosing(events(web, job, after)) as stream:
                async for event in stream:
                    count += 1
                    after = event.id or after
                    if event.kind == "epoch":
                        seen.append(event.data["epoch"])
                    elif event.kind == "end":
                        return seen, cuts
                    if cut and count == _CUT_AFTER:
                        cuts += 1
                        break


async def order(web: httpx.AsyncClient, preset: str, **settings: Any) -> str:
    """Orders a picture; gives the id of the job."""
    form = {**_SAMPLES, "preset": preset, "settings": json.dumps(settings)}
    answer = await web.post("/api/jobs", data=form)
    answer.raise_for_status()
    return str(answer.json()["id"])


async def health(web: httpx.AsyncClient) -> dict[str, Any]:
    """How the studio is."""
    return dict((await web.get("/api/health")).json())


async def load(address: str, pid: int) -> list[tuple[str, str]]:
    """Loads a studio; gives the rows of the table. Raises `AssertionError` where something was lost."""
    async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as web:
        while any(worker["state"] != "ready" for worker in (await health(web))["workers"]):
            await asyncio.sleep(0.05)
        start = megabytes(pid)
        watched = await order(web, "coursera", seed=_SLOWLY, epochs=_EPOCHS.value, print_every=20)
        watching = [
            asyncio.create_task(watch(address, watched, cut=bool(number % 2))) for number in range(_WATCHERS.value)
        ]
        began = time.monotonic()
        ordered = asyncio.create_task(_order_all(web, _JOBS.value))
        polling = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.speed.studio", f"--poll={address}"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        middle, held = start, [start]
        done = False
        while not done:
            waiting = await health(web)
            held.append(megabytes(pid))
            if not ordered.done() or waiting["queued"] > _JOBS.value // 2:
                middle = held[-1]
            done = ordered.done() and all(task.done() for task in watching)
            done = done and waiting["queued"] == waiting["running"] == 0
            await asyncio.sleep(0.1)
        latencies: list[float] = json.loads(polling.communicate("")[0])
        jobs = ordered.result()
        states = [(await web.get(f"/api/jobs/{job}")).json()["state"] for job in [watched, *jobs]]
        took = time.monotonic() - began
        seen = [task.result() for task in watching]
    whole = list(range(_EPOCHS.value))
    complete = sum(epochs == whole for epochs, _ in seen)
    finished = states.count("finished")
    assert complete == len(seen), f"{len(seen) - complete} watchers missed epochs, or got some twice"
    assert finished == len(states), f"{len(states) - finished} jobs are not finished"
    return [
        ("watchers with every epoch once and in order", f"{complete} of {len(seen)}"),
        ("times that watchers were cut off", str(sum(cuts for _, cuts in seen))),
        ("jobs finished", f"{finished} of {len(states)}"),
        ("seconds in all", f"{took:.1f}"),
        ("server's memory before, in the middle, after", f"{start:.0f}, {middle:.0f}, {held[-1]:.0f} MB"),
        ("its largest", f"{max(held):.0f} MB"),
        (f"GET /api/jobs, 50 of them: median of {len(latencies)}", f"{1000 * statistics.median(latencies):.0f} ms"),
        ("99 of 100 within", f"{1000 * statistics.quantiles(latencies, n=100)[98]:.0f} ms"),
    ]


async def _order_all(web: httpx.AsyncClient, count: int) -> list[str]:
    """Orders so many jobs, one after the other."""
    return [await order(web, "coursera", epochs=40, print_every=10) for _ in range(count)]


async def real(address: str, began: float) -> list[tuple[str, str]]:
    """Measures the real worker; gives the rows of the table."""
    async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as web:
        while (await health(web))["workers"][0]["state"] != "ready":
            await asyncio.sleep(0.02)
        ready = time.monotonic() - began
        shown, stopped = [], []
        for _ in range(_ROUNDS.value):
            asked = time.monotonic()
            job = await order(web, "fast", epochs=1000, print_every=100)
            async with contextlib.aclosing(events(web, job)) as stream:
                async for event in stream:
                    if event.kind == "picture":
                        break
            shown.append(time.monotonic() - asked)
            await asyncio.sleep(1)  # into the steps
            asked = time.monotonic()
            await web.post(f"/api/jobs/{job}/cancel")
            while (await web.get(f"/api/jobs/{job}")).json()["state"] != "cancelled":
                await asyncio.sleep(0.01)
            stopped.append(time.monotonic() - asked)
        name = (await web.get(f"/api/jobs/{job}")).json()["painted_with"]
    return [
        ("network", name),
        ("from the start of the server to a worker that is ready", f"{ready:.1f} s"),
        ("from the order to the first picture", _median(shown)),
        ("from cancelling to cancelled", _median(stopped)),
    ]


def _median(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def bounded(work: Callable[[], Any]) -> Any:
    """Runs a coroutine, but not for ever."""

    async def run() -> Any:
        return await asyncio.wait_for(work(), _LONGEST)

    return asyncio.run(run())


def show(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Prints a table in Markdown."""
    print(f"| {title} | |\n| --- | --- |")
    print("\n".join(f"| {name} | {value} |" for name, value in rows), end="\n\n", flush=True)


def main(_: Sequence[str]) -> None:
    """Measures, or serves."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if _SERVE.value:
        serve(Path(_SERVE.value))
        return
    if _POLL.value:
        poll(_POLL.value)
        return
    with tempfile.TemporaryDirectory() as folder:
        words = (f"--serve={folder}", f"--jobs={_JOBS.value}")
        with server("benchmarks.speed.studio", *words) as (address, pid):
            show(f"{_WATCHERS.value} watch, {_JOBS.value} are painted", bounded(lambda: load(address, pid)))
    if _REAL.value:
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            with server("nst.web", "--port=0", f"--data_dir={folder}") as (address, pid):
                show("the real worker, preset fast", bounded(lambda: real(address, began)))


if __name__ == "__main__":
    app.run(main)
