"""How quick the gallery is with many pictures: lists and thumbnails under many clients, and scrolling in Chromium.

The pictures are small ones that are written for the purpose; the server is real, and paints nothing. With --scroll the
gallery is scrolled to its end and back in a headless Chromium. The frames are those of the browser's own trace: a frame
is dropped if the compositor could not present what the page had changed, in time.

Usage: python -m benchmarks.speed.gallery --scroll
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
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


if __name__ == "__main__":
    app.run(main)
