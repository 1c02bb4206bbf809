"""Ray itself: a cluster started in this machine, or one that is there, joined; left so that nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nst.utils import locations, tempdirs

_ROOT = Path(__file__).resolve().parents[3]
_PREFIX = "nst-ray-"
_LONGEST = 40  # letters of the folder for Ray's sockets, whose names may have 107 in all
_TOKEN_FILE = ".ray/auth_token"
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # what Ray would print of dead workers, which we tell of ourselves
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TQDM_PATCH_PRINT": "0",
}
_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "CRITICAL"}


class ClusterError(ValueError):
    """The cluster cannot be started, joined or used: what, and what to do."""


@contextlib.contextmanager
def connected(address: str | None, cpus: int | None = None) -> Iterator[Any]:
    """Ray, connected to a cluster while the block runs.

    Args:
        address: HOST:PORT of a cluster that this machine is part of; None starts one in this machine, which ends with
            the block or with this process.
        cpus: CPUs that a started cluster takes itself to have; those of the machine when None.

    Yields:
        module: `ray`.

    Raises:
        ClusterError: Ray is not installed, or the cluster cannot be started or joined.
    """
    if address is not None:
        _check(address)
    _check_first()
    with contextlib.ExitStack() as opened:
        opened.enter_context(_environment(_settings(joins=address is not None)))
        ray = _imported()
        if address is None:
            base = Path(tempfile.gettempdir())
            base = base if len(str(base)) <= _LONGEST - len(_PREFIX) - 8 or not Path("/tmp").is_dir() else Path("/tmp")
            place = opened.enter_context(tempdirs.folder(_PREFIX, base))
            options: dict[str, Any] = {"num_cpus": cpus, "include_dashboard": False, "_temp_dir": str(place)}
            told = "no Ray cluster can be started in this machine"
        else:
            # The program goes along: the same version on every machine, whatever is installed there.
            options = {"address": address, "runtime_env": {"py_modules": [str(_ROOT / "nst")], "excludes": ["web"]}}
            told = f"the Ray cluster at {address} cannot be joined"
        try:
            with _own_handlers():
                ray.init(**options, **_QUIET)
        except (Exception, SystemExit) as error:
            with contextlib.suppress(Exception):
                ray.shutdown()
            raise ClusterError(f"{told}: {_reason(error)}") from error
        try:
            yield ray
        finally:
            ray.shutdown()


_loaded: list[Any] = []


def _check_first() -> None:
    """Ray reads its settings once, when it is loaded."""
    if sys.modules.get("ray") is not None and not _loaded and os.environ.get("RAY_AUTH_MODE") != "token":
        raise ClusterError(
            "this program has loaded Ray before, without its token authentication: set RAY_AUTH_MODE=token in the "
            "environment, or let the engine load it"
        )


def _imported() -> Any:
    try:
        import ray

        _loaded.append(ray)
    except ImportError:
        raise ClusterError(f"a cluster needs the package ray: {locations.how_to_add('cluster')}") from None
    return ray


def _check(address: str) -> None:
    """Tries whether somebody listens there: Ray itself would wait for long."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})", address)
    if not match or not 0 < int(match[3]) < 65536:
        raise ClusterError(
            f"address is {address!r}: write HOST:PORT, as 'ray start --head' prints it (not ray://…: run the command "
            "on a machine of the cluster)"
        )
    try:
        socket.create_connection((match[1] or match[2], int(match[3])), timeout=5).close()
    except OSError as error:
        raise ClusterError(
            f"there is no Ray cluster at {address} ({error.strerror or error}): check host and port, and whether "
            "'ray start --head' runs there"
        ) from error


def _settings(*, joins: bool) -> dict[str, str]:
    """What Ray is to find in its environment, and its workers too."""
    found = dict(_SETTINGS)
    home = Path("~").expanduser() / _TOKEN_FILE
    known = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH") or home.is_file()
    if joins:
        # A cluster without tokens can be joined too, when a person says so.
        found["RAY_AUTH_MODE"] = os.environ.get("RAY_AUTH_MODE", "token")
        if found["RAY_AUTH_MODE"] == "token" and not known:
            raise ClusterError(
                f"joining a Ray cluster needs its token: copy it from the machine of 'ray start --head' to {home}, or "
                "set RAY_AUTH_TOKEN_PATH to its file ('ray get-auth-token --generate' makes one)"
            )
        return found
    found["RAY_AUTH_MODE"] = "token"
    found["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # on every system: it listens at 127.0.0.1 only
    if not known:
        found["RAY_AUTH_TOKEN"] = _own_token()
    # The workers find the program where this process has it.
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    return found


_tokens: list[str] = []


def _own_token() -> str:
    """One token for this process: Ray reads it once."""
    if not _tokens:
        _tokens.append(secrets.token_hex(32))
    return _tokens[0]


@contextlib.contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _own_handlers() -> Iterator[None]:
    """Keeps Ray from answering SIGTERM in place of the program, which it does from `ray.init` on."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError, TypeError):  # not the main thread, which alone has signals
            signal.signal(signal.SIGTERM, before)


def _reason(error: BaseException) -> str:
    """Ray's own words, the first sentences of them on one line."""
    words = " ".join(str(error).split())
    return words[:300] + ("…" if len(words) > 300 else "") if words else type(error).__name__
