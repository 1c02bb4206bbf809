"""`python -m nst.web`, `nst-web`: serves the studio."""

from __future__ import annotations

import logging
import secrets
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

from absl import flags

from nst.cli import commandline, weights
from nst.cli.terminal import print_line
from nst.utils import locations

if TYPE_CHECKING:
    from nst.web.service import Studio

FLAGS = flags.FLAGS
ABOUT = """
The studio: a web page on which pictures and videos are painted. They and the history are kept in --data_dir.

  python -m nst.web
  python -m nst.web --host=0.0.0.0
"""
_SERVER, _LIMITS = "Server", "Storage and limits"

_SHORTEST_TOKEN = 16


def define() -> None:
    """Defines the flags."""
    commandline.define(
        "host",
        "127.0.0.1",
        "address to serve; one that other machines can reach (0.0.0.0: all networks) needs a token",
        theme=_SERVER,
    )
    commandline.define("port", 8000, "port to serve", "int", theme=_SERVER)
    commandline.define(
        "token",
        "",
        f"access token of {_SHORTEST_TOKEN} letters and digits or more; empty: generated if one is needed",
        theme=_SERVER,
    )
    commandline.define(
        "name", None, "further host name of the studio, such as that of a proxy", "several", theme=_SERVER
    )
    commandline.define("data_dir", "", "folder for pictures and history; empty: the user's own", theme=_LIMITS)
    weights.define()
    commandline.define("slots", 1, "pictures to paint at the same time", "int", theme=_LIMITS)
    commandline.define("queue", 200, "pictures that may wait", "int", theme=_LIMITS)
    commandline.define("keep_days", 30.0, "days until an old picture is deleted", "float", theme=_LIMITS)
    commandline.define("keep_gb", 10.0, "gigabytes that old pictures may take", "float", theme=_LIMITS)


def main() -> int:
    """Checks the flags and serves until a signal arrives; returns the exit status."""
    for name, least in (("port", 0), ("slots", 1), ("queue", 1), ("keep_days", 0), ("keep_gb", 0)):
        value, most = getattr(FLAGS, name), 65_535 if name == "port" else sys.float_info.max
        if not least <= value <= most:  # nor NaN
            bounds = f"from {least} to {most}" if name == "port" else f"{least} or more"
            commandline.fail(f"{name} is {value}: it must be {bounds} (see --help)")
    if FLAGS.token and (len(FLAGS.token) < _SHORTEST_TOKEN or not FLAGS.token.isalnum() or not FLAGS.token.isascii()):
        commandline.fail(f"token: use {_SHORTEST_TOKEN} letters and digits or more (see --help)")
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
    from nst.output import folder
    from nst.web.security import is_loopback
    from nst.web.service import Keep, Studio
    from nst.web.submission import Limits

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    data = locations.expanded(FLAGS.data_dir) if FLAGS.data_dir else locations.data() / "studio"
    token = FLAGS.token or ("" if is_loopback(FLAGS.host) else secrets.token_hex(16))
    folder.make(data)
    try:
        with folder.lock(data), listen(FLAGS.host, FLAGS.port) as listening:
            if status := weights.missing("auto", print_line):
                return status
            keep = Keep(FLAGS.keep_days, round(FLAGS.keep_gb * 1e9))
            studio = Studio(data, limits=Limits(queue=FLAGS.queue), slots=FLAGS.slots, keep=keep)
            port = listening.getsockname()[1]
            host = socket.gethostname() if FLAGS.host in ("0.0.0.0", "::") else FLAGS.host
            host = f"[{host}]" if ":" in host else host
            query = f"?token={token}" if token else ""
            print_line(f"The studio is open at http://{host}:{port}/{query} (Ctrl-C closes it)")
            _run(studio, listening, port, token)
    except folder.BusyError:
        raise OSError(f"another studio is open in {data}: close it, or choose another --data_dir") from None
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Opens a listening socket. Raises `OSError` with a message for the user."""
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


def _run(studio: Studio, listening: socket.socket, port: int, token: str) -> None:
    """Serves until a signal arrives. Raises `OSError` if the studio cannot start."""
    import uvicorn

    from nst.web import app

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            """Ends event streams at once; unlike uvicorn's, does not raise the signal again, which set the status."""
            studio.closing.set()
            self.force_exit = self.should_exit
            self.should_exit = True

    application = app.create(studio, host=FLAGS.host, port=port, token=token, known=FLAGS["name"].value or ())
    config = uvicorn.Config(
        application, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=2,
        timeout_keep_alive=15, limit_concurrency=1000,
    )  # fmt: skip
    server = Server(config)
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
