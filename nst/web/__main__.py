"""`python -m nst.web`, `nst-web`: serves the studio."""

from __future__ import annotations

import functools
import ipaddress
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from absl import flags

from nst.cli import commandline, weights
from nst.cli.terminal import print_line
from nst.utils import locations

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI

    from nst.web.service import Studio

FLAGS = flags.FLAGS
ABOUT = """
The studio: a web page on which pictures and videos are painted. They and the history are kept in --data_dir.

  python -m nst.web
  python -m nst.web --host=0.0.0.0
"""
_SHORTEST_TOKEN = 16


def define() -> None:
    """Defines the flags."""
    server, limits = (functools.partial(commandline.define, theme=theme) for theme in ("Server", "Storage and limits"))
    text = "address to serve; one that other machines can reach (0.0.0.0: all networks) needs a token"
    server("host", "127.0.0.1", text)
    server("port", 8000, "port to serve", "int")
    text = f"access token of {_SHORTEST_TOKEN} letters and digits or more"
    server("token", "", f"{text}; empty: generated if one is needed, and kept in the data folder")
    server("name", None, "further host name of the studio, such as that of a proxy", "several")
    text = "address or network of a reverse proxy, whose X-Forwarded-For and -Proto are trusted; this machine is one"
    server("proxy", None, text, "several")
    text = "another site whose pages may use the API, such as http://localhost:3000"
    server("allow_origin", None, text, "several")
    limits("data_dir", "", "folder for pictures and history; empty: the user's own")
    weights.define()
    limits("slots", 1, "pictures to paint at the same time", "int")
    limits("queue", 200, "pictures that may wait", "int")
    limits("keep_days", 30.0, "days until an old picture is deleted", "float")
    limits("keep_gb", 10.0, "gigabytes that old pictures may take", "float")


def main() -> int:
    """Checks the flags and serves until a signal arrives; returns the exit status."""
    for name, least in (("port", 0), ("slots", 1), ("queue", 1), ("keep_days", 0), ("keep_gb", 0)):
        value, most = getattr(FLAGS, name), 65_535 if name == "port" else sys.float_info.max
        if not least <= value <= most:  # nor NaN
            bounds = f"from {least} to {most}" if name == "port" else f"{least} or more"
            commandline.fail(f"{name} is {value}: it must be {bounds} (see --help)")
    if FLAGS.token and (len(FLAGS.token) < _SHORTEST_TOKEN or not FLAGS.token.isalnum() or not FLAGS.token.isascii()):
        commandline.fail(f"token: use {_SHORTEST_TOKEN} letters and digits or more (see --help)")
    _each("proxy", lambda text: ipaddress.ip_network(text, strict=False))
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


def _each(name: str, read: Callable[[str], Any]) -> list[Any]:
    """The values of a flag that may be repeated; one that cannot be read is a usage error."""
    try:
        return [read(text) for text in FLAGS[name].value or ()]
    except ValueError as error:
        commandline.fail(f"{name}: {error} (see --help)")


def serve() -> int:
    """Opens the studio and serves it; returns the exit status."""
    from nst.output import folder
    from nst.web import app, private
    from nst.web.security import is_loopback, origin
    from nst.web.server import listen
    from nst.web.service import Keep, Studio
    from nst.web.submission import Limits

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    origins = _each("allow_origin", origin)
    data = locations.expanded(FLAGS.data_dir) if FLAGS.data_dir else locations.data() / "studio"
    folder.make(data)
    try:
        with folder.lock(data), listen(FLAGS.host, FLAGS.port) as listening:
            if status := weights.missing("auto", print_line):
                return status
            private.close_to_others()
            private.tighten(data)
            guarded = FLAGS.token or not is_loopback(FLAGS.host)
            secret = private.token(data) if guarded else ""
            token = FLAGS.token or secret
            keep = Keep(FLAGS.keep_days, round(FLAGS.keep_gb * 1e9))
            studio = Studio(data, limits=Limits(queue=FLAGS.queue), slots=FLAGS.slots, keep=keep)
            port = listening.getsockname()[1]
            application = app.create(
                studio, host=FLAGS.host, port=port, token=token, secret=secret, known=FLAGS["name"].value or (),
                origins=origins,
            )  # fmt: skip
            _announce(port, token)
            _run(studio, application, listening)
    except folder.BusyError:
        raise OSError(f"another studio is open in {data}: close it, or choose another --data_dir") from None
    return 0


def _announce(port: int, token: str) -> None:
    """Prints the addresses of the studio, and a QR code for phones if they can reach it."""
    from nst.web import addresses
    from nst.web.security import is_loopback

    first, *others = addresses.urls(FLAGS.host, port, token)
    print_line(f"The studio is open at {first} (Ctrl-C closes it)")
    for url in others:
        print_line(f"  and at {url}")
    if not is_loopback(FLAGS.host) and (code := addresses.qr_code(first)):
        print_line(code)


def _run(studio: Studio, application: FastAPI, listening: socket.socket) -> None:
    """Serves until a signal arrives. Raises `OSError` if the studio cannot start."""
    import uvicorn

    from nst.web.server import Config, raise_file_limit

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            """Ends event streams at once; unlike uvicorn's, does not raise the signal again, which set the status."""
            studio.closing.set()
            self.force_exit = self.should_exit
            self.should_exit = True

    raise_file_limit()
    proxies: Sequence[str] = FLAGS["proxy"].value or ()
    server = Server(Config(application, proxies=proxies, log_level="warning"))
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn handles them only while it serves
        signal.signal(number, server.handle_exit)
    server.run(sockets=[listening])
    if not server.started:
        raise OSError("the studio could not start")


def run() -> None:
    """The `nst-web` command."""
    define()
    commandline.run(main, ABOUT)


if __name__ == "__main__":
    sys.argv[0] = "nst-web"  # for messages
    run()
