"""Connects to Ray: starts a cluster on this machine or joins one, and leaves nothing of it behind."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nst.utils import environment, locations, tempdirs

_ROOT = Path(__file__).resolve().parents[3]
_LONGEST_BASE = 40 - len("nst-ray-12345678")  # of the folder for Ray's sockets, whose whole path may have 107
_TOKEN = secrets.token_hex(32)  # one for the whole process, since Ray reads it only once
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # Ray's messages about dead workers, which the executor reports
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TQDM_PATCH_PRINT": "0",
}
_imported_here: list[Any] = []


class ClusterError(ValueError):
    """The cluster cannot be started, joined or used; the message says why, and what to do about it."""


@contextlib.contextmanager
def connected(address: str | None, cpus: int | None = None) -> Iterator[Any]:
    """Connects Ray to a cluster for the duration of the block, and yields the module `ray`.

    Args:
        address: HOST:PORT of a cluster that this machine is part of; None starts one on this machine, which ends with
            the block or with this process.
        cpus: CPUs that a cluster started here offers; those of the machine when None.

    Raises:
        ClusterError: Ray is not installed, or the cluster cannot be started or joined.
    """
    if address is not None:
        _check_address(address)
    if sys.modules.get("ray") is not None and not _imported_here and os.environ.get("RAY_AUTH_MODE") != "token":
        raise ClusterError(  # Ray reads its settings only when it is imported
            "this program has already imported Ray, without its token authentication: set RAY_AUTH_MODE=token in the "
            "environment, or leave the import to nst.batch"
        )
    with contextlib.ExitStack() as opened:
        opened.enter_context(environment.changed(settings(joins=address is not None)))
        try:
            import ray
        except ImportError:
            raise ClusterError(f"a cluster needs the package ray: {locations.how_to_add('cluster')}") from None
        _imported_here.append(ray)
        if address is None:
            base = Path(tempfile.gettempdir())
            if len(str(base)) > _LONGEST_BASE and Path("/tmp").is_dir():
                base = Path("/tmp")
            sockets = opened.enter_context(tempdirs.folder("nst-ray-", base))
            options: dict[str, Any] = {"num_cpus": cpus, "include_dashboard": False, "_temp_dir": str(sockets)}
            problem = "no Ray cluster can be started on this machine"
        else:
            # The program is sent along: every machine runs this version, even if another is installed there.
            options = {"address": address, "runtime_env": {"py_modules": [str(_ROOT / "nst")], "excludes": ["web"]}}
            problem = f"the Ray cluster at {address} cannot be joined"
        opened.callback(ray.shutdown)
        on_sigterm = signal.getsignal(signal.SIGTERM)  # `ray.init` replaces it
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.CRITICAL)
        except (Exception, SystemExit) as error:
            words = textwrap.shorten(str(error), 300, placeholder="…") or type(error).__name__
            raise ClusterError(f"{problem}: {words}") from error
        finally:
            with contextlib.suppress(ValueError, TypeError):  # not the main thread, which alone may set handlers
                signal.signal(signal.SIGTERM, on_sigterm)
        yield ray


def _check_address(address: str) -> None:
    """Raises `ClusterError` unless something listens there; Ray itself would wait for a minute."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})", address)
    if not match or not 0 < int(match[3]) < 65536:
        raise ClusterError(
            f"address is {address!r}: write HOST:PORT, as printed by 'ray start --head' (not ray://…: run the command "
            "on a machine of the cluster)"
        )
    try:
        socket.create_connection((match[1] or match[2], int(match[3])), timeout=5).close()
    except OSError as error:
        raise ClusterError(
            f"there is no Ray cluster at {address} ({error.strerror or error}): check the host and port, and that "
            "'ray start --head' has been run there"
        ) from error


def settings(*, joins: bool) -> dict[str, str]:
    """Environment variables for Ray and its workers. Raises `ClusterError` if joining a cluster lacks its token."""
    home = locations.expanded("~/.ray/auth_token")
    known = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH") or home.is_file()
    if joins:
        # A cluster without tokens can be joined, too, if the user says so.
        mode = os.environ.get("RAY_AUTH_MODE", "token")
        if mode == "token" and not known:
            raise ClusterError(
                f"joining a Ray cluster needs its token: copy it from the machine of 'ray start --head' to {home}, or "
                "set RAY_AUTH_TOKEN_PATH to a copy ('ray get-auth-token --generate' makes one)"
            )
        return {**_SETTINGS, "RAY_AUTH_MODE": mode}
    return {
        **_SETTINGS,
        "RAY_AUTH_MODE": "token",
        **({} if known else {"RAY_AUTH_TOKEN": _TOKEN}),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # listens at 127.0.0.1 only, on every system
        # The workers import the program from where this process has it.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")])),
    }
