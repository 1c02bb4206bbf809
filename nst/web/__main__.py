"""`python -m nst.web`, `nst-web`: opens the studio."""

from __future__ import annotations

import secrets
import socket
import sys
from pathlib import Path
from typing import Any

from absl import flags

from nst.cli import commandline, weights
from nst.cli.terminal import print_line
from nst.utils import locations

FLAGS = flags.FLAGS
ABOUT = """
The studio: a page in the browser where pictures are painted. Pictures and history stay in --data_dir.

  python -m nst.web
  python -m nst.web --host=0.0.0.0

Flags and their defaults:
"""

_GIGABYTE = 1_000_000_000
_SHORTEST_TOKEN = 16


def define() -> None:
    """Defines the flags."""
    commandline.define(
        "host", "127.0.0.1", "address to serve; beyond this machine (0.0.0.0: on all its networks) a token is asked for"
    )
    commandline.define("port", 8000, "port to serve", "int")
    commandline.define(
        "token", "", f"what a browser has to show, {_SHORTEST_TOKEN} letters or more; empty: made up for other hosts"
    )
    commandline.define("name", None, "further name under which the studio is addressed, such as a proxy's", "several")
    commandline.define("data_dir", "", "folder for the pictures and the history; empty: the user's own")
    weights.define()
    commandline.define("slots", 1, "pictures that are painted at the same time", "int")
    commandline.define("queue", 200, "pictures that may wait", "int")
    commandline.define("keep_days", 30.0, "days until an old picture is deleted", "float")
    commandline.define("keep_gb", 10.0, "gigabytes that old pictures may take", "float")


def main() -> int:
    """Reads the flags and serves until it is told to stop; returns the exit status."""
    for name, value in (("slots", FLAGS.slots), ("queue", FLAGS.queue)):
        if value < 1:
            commandline.fail(f"{name} is {value}: it must be 1 or more (see --help)")
    if not 0 <= FLAGS.port <= 65_535:
        commandline.fail(f"port is {FLAGS.port}: it must be from 0 to 65535 (see --help)")
    for name, value in (("keep_days", FLAGS.keep_days), ("keep_gb", FLAGS.keep_gb)):
        if not 0 <= value < float("inf"):
            commandline.fail(f"{name} is {value}: it must be 0 or more (see --help)")
    if FLAGS.token and (len(FLAGS.token) < _SHORTEST_TOKEN or not FLAGS.token.isalnum() or not FLAGS.token.isascii()):
        commandline.fail(f"token: give {_SHORTEST_TOKEN} letters and digits or more (see --help)")
    try:
        import fastapi  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        commandline.fail(f"the studio needs {error.name}: {locations.how_to_add('web')}", 1)
    try:
        return serve()
    except (ValueError, OSError) as error:
        commandline.fail(str(error), 1)


def serve() -> int:
    """Opens the studio and serves it; returns the exit status."""
    import logging

    from nst.output import folder
    from nst.web.security import is_loopback
    from nst.web.service import Keep, Studio
    from nst.web.submission import Limits

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    place = Path(FLAGS.data_dir).expanduser() if FLAGS.data_dir else locations.data() / "studio"
    token = FLAGS.token or ("" if is_loopback(FLAGS.host) else secrets.token_hex(16))
    folder.make(place)
    try:
        locked = folder.lock(place)
        locked.__enter__()
    except folder.BusyError:
        raise folder.BusyError(f"another studio is open in {place}: close it, or choose another --data_dir") from None
    try:
        with _socket(FLAGS.host, FLAGS.port) as listening:
            port = listening.getsockname()[1]
            if status := weights.missing("auto", print_line):
                return status
            studio = Studio(
                place, limits=Limits(queue=FLAGS.queue), slots=FLAGS.slots,
                keep=Keep(FLAGS.keep_days, round(FLAGS.keep_gb * _GIGABYTE)),
            )  # fmt: skip
            _announce(port, token)
            _run(studio, listening, port, token)
    finally:
        locked.__exit__(None, None, None)
    return 0


def _socket(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `OSError` with a sentence."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(512)
    except OSError as error:
        raise OSError(
            f"cannot serve {host}:{port}: {error.strerror or error}; choose another --port or --host"
        ) from None
    return listening


def _announce(port: int, token: str) -> None:
    """Says where the studio is."""
    host = FLAGS.host
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    print_line(f"The studio is open at http://{shown}:{port}/{f'?token={token}' if token else ''} (Ctrl-C closes it)")


def _run(studio: Any, listening: socket.socket, port: int, token: str) -> None:
    """Serves until a signal comes. Raises `OSError` where the studio cannot start."""
    import signal

    import uvicorn

    from nst.web import app

    class Server(uvicorn.Server):
        """Tells the studio as soon as it is to close, so that the event streams end by themselves."""

        def handle_exit(self, sig: int, frame: Any) -> None:
            """Takes up a signal; unlike uvicorn's own it is not raised again in the end, which would be the status."""
            studio.closing.set()
            self.force_exit = self.should_exit
            self.should_exit = True

    made = app.create(studio, host=FLAGS.host, port=port, token=token, known=FLAGS["name"].value or ())
    config = uvicorn.Config(
        made, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=2,
        timeout_keep_alive=15, limit_concurrency=1000,
    )  # fmt: skip
    server = Server(config)
    # Also while uvicorn does not listen to signals yet, and no more.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    server.run(sockets=[listening])
    if not server.started:
        raise OSError("the studio could not start")


def run() -> None:
    """The `nst-web` command."""
    define()
    commandline.run(main, ABOUT)


if __name__ == "__main__":
    sys.argv[0] = "nst-web"  # which messages name, and not this file
    run()
