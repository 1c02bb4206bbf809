"""How quick the gallery is with many pictures: lists and thumbnails under many clients, and scrolling in Chromium.

The pictures are small ones that are written for the purpose; the server is real, and paints nothing. With --scroll the
gallery is scrolled to its end in a headless Chromium, whose own trace tells when its frames were shown. On a machine
with other work frames come late for want of a processor: the page's own work for a frame is told, too.

Usage: python -m benchmarks.speed.gallery --scroll
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from absl import app, flags

from benchmarks.speed import studio
from tests.support import many_jobs

_PICTURES = flags.DEFINE_integer("pictures", 1000, "pictures in the gallery")
_CLIENTS = flags.DEFINE_integer("clients", 100, "clients that ask at the same time, each again and again")
_SECONDS = flags.DEFINE_float("seconds", 8, "how long they ask")
_PATHS = flags.DEFINE_multi_string(
    "path", ["/api/gallery?limit=24", "/api/gallery?q=cof&limit=24", "/api/jobs?limit=24"], "what they ask for"
)
_ASK = flags.DEFINE_multi_string("ask", [], "only ask: an address, in a process of its own")
_SCROLL = flags.DEFINE_bool("scroll", False, "scrolls the gallery in Chromium, too: needs Playwright")
_SPEED = flags.DEFINE_integer("speed", 3000, "pixels a second that it is scrolled by")

_FRAME = 1000 / 60  # milliseconds
_TO_THE_END = """speed => new Promise((done) => {
    const began = performance.now();
    const step = (now) => {
        window.scrollTo(0, ((now - began) * speed) / 1000);
        const end = document.documentElement.scrollHeight - window.innerHeight - 5;
        if (window.scrollY < end || now - began < 1000) requestAnimationFrame(step);
        else done(window.scrollY);
    };
    requestAnimationFrame(step);
})"""


def ask(address: str) -> None:
    """Asks for an address with all clients; prints the seconds that each answer took.

    With bare sockets, which take less of the processor than an HTTP client: the server is what is measured.
    """
    url = urlsplit(address)
    request = f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode()

    async def client(taken: list[float], end: float) -> None:
        reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=1 << 24)
        while time.monotonic() < end:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode())
            found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            await reader.readexactly(int(found[1]) if found else 0)
            taken.append(time.perf_counter() - began)
        writer.close()

    async def clients() -> list[float]:
        taken: list[float] = []
        end = time.monotonic() + _SECONDS.value
        await asyncio.gather(*(client(taken, end) for _ in range(_CLIENTS.value)))
        return taken

    print(json.dumps(asyncio.run(clients())))


def asked(address: str, pid: int, path: str) -> tuple[str, str]:
    """Measures one path; gives the row of the table."""
    words = ["-m", "benchmarks.speed.gallery", f"--ask={address}{path}", f"--clients={_CLIENTS.value}",
             f"--seconds={_SECONDS.value}"]  # fmt: skip
    before = processor_seconds(pid)
    answer = subprocess.run([sys.executable, *words], cwd=studio.ROOT, stdout=subprocess.PIPE, text=True, check=True)
    taken: list[float] = json.loads(answer.stdout)
    late = statistics.quantiles(taken, n=100)[98]
    rate = len(taken) / _SECONDS.value
    cost = (processor_seconds(pid) - before) / len(taken)
    return path, (
        f"{1000 * statistics.median(taken):.0f} ms, 99 % within {1000 * late:.0f} ms, {rate:.0f} a second, "
        f"{1000 * cost:.1f} ms of the processor each"
    )


def processor_seconds(pid: int) -> float:
    """The processor's time that a process has taken."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def scrolled(address: str) -> list[tuple[str, str]]:
    """Scrolls the gallery to its end in Chromium, twice; gives the rows of the table.

    At first the server makes the thumbnails, with the processors that the browser needs, too; then they are kept.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}/#/gallery")
        page.get_by_role("gridcell").first.wait_for()
        for _ in range(2):
            page.evaluate("window.scrollTo(0, 0)")
            page.wait_for_timeout(2000)
            found.append(frames(traced(browser, page)))
        browser.close()
    load = f"{os.getloadavg()[0]:.1f}, {os.cpu_count()}"
    rows = [(name, f"{first}; {found[1][name]}") for name, first in found[0].items()]
    return [("", "at first; again"), *rows, ("load of the machine, and its processors", load)]


def traced(browser: Any, page: Any) -> list[dict[str, Any]]:
    """Scrolls a page to its end; gives the events of the browser's trace."""
    events: list[dict[str, Any]] = []
    ended: list[object] = []
    tracing = browser.new_browser_cdp_session()
    tracing.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    tracing.on("Tracing.tracingComplete", lambda told: ended.append(told))
    config = {"includedCategories": ["devtools.timeline", "disabled-by-default-devtools.timeline"]}
    tracing.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    page.evaluate(_TO_THE_END, _SPEED.value)
    tracing.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)
    tracing.detach()
    return events


def frames(events: Sequence[dict[str, Any]]) -> dict[str, str]:
    """What a trace tells of the frames and of the page's own work for them."""
    shown = sorted(event["ts"] / 1000 for event in events if event["name"] == "AnimationFrame::Presentation")
    between = [after - before for before, after in itertools.pairwise(shown)]
    drawing = {(event["pid"], event["tid"]) for event in events if event["name"] == "FireAnimationFrame"}
    tasks = [
        event["tdur"] / 1000
        for event in events
        if event["name"] == "RunTask" and "tdur" in event and (event["pid"], event["tid"]) in drawing
    ]
    return {
        "frames shown": str(len(shown)),
        "between two frames: median, worst": f"{statistics.median(between):.1f}, {max(between):.0f} ms",
        "frames that came late": str(sum(time > 1.5 * _FRAME for time in between)),
        "the page's own work for a frame, mean": f"{sum(tasks) / len(shown):.1f} ms of the processor",
        "its longest piece": f"{max(tasks):.1f} ms of the processor",
    }


def main(_: Sequence[str]) -> None:
    """Measures, or asks."""
    if _ASK.value:
        ask(_ASK.value[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        many_jobs.fill(Path(folder) / "data", _PICTURES.value)
        with studio.server("benchmarks.speed.studio", f"--serve={folder}/data") as (address, pid):
            rows = [asked(address, pid, path) for path in _PATHS.value]
            studio.show(f"{_CLIENTS.value} clients, {_PICTURES.value} pictures: median", rows)
            if _SCROLL.value:
                studio.show(f"scrolling {_PICTURES.value} pictures", scrolled(address))


if __name__ == "__main__":
    app.run(main)
