"""The commands in processes of their own, without each importing TensorFlow: a warm process forks one for every call.

What a test sees is what a fresh process gives: arguments, folder, environment, streams, exit status. What it does not
see is the import of TensorFlow; the tests of that start Python themselves.
"""

import atexit
import contextlib
import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import app

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {"nst_main.py": ("nst_main", "run"), "nst.batch": ("nst.batch.__main__", "start")}


class Commands:
    """Runs the commands of the program; close it when the tests have ended."""

    def __init__(self):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm"],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, program, *words, cwd, timeout=120):
        """As `subprocess.run` of a command with captured text; `program` is one of `PROGRAMS`."""
        with tempfile.TemporaryDirectory() as folder:
            environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
            order = {
                "program": program, "words": list(map(str, words)), "cwd": str(cwd), "environment": environment,
                "out": f"{folder}/out", "err": f"{folder}/err", "timeout": timeout,
            }  # fmt: skip
            self._server.stdin.write(json.dumps(order) + "\n")
            self._server.stdin.flush()
            status = json.loads(self._server.stdout.readline())
            out, err = (Path(folder, name).read_text() for name in ("out", "err"))
        if status is None:
            raise subprocess.TimeoutExpired([program, *words], timeout, out, err)
        return subprocess.CompletedProcess([program, *words], status, out, err)

    def close(self):
        """Ends the warm process."""
        self._server.stdin.close()
        self._server.wait(timeout=10)
        self._server.stdout.close()


@functools.cache
def commands():
    """The one of this process."""
    opened = Commands()
    atexit.register(opened.close)
    return opened


def serve(orders, answers):
    """Forks a process for each order, and answers with its exit status; None where it took too long."""
    from nst.utils import tf_import
    from nst.utils.tf_import import quiet_stderr

    with quiet_stderr(), tf_import.tensorflow():
        from nst import run  # noqa: F401 - what every painting needs
        from nst.engine import sessions
        from nst.output import plot  # noqa: F401

        sessions.on_gpu()  # which looks for CUDA, and says so
    app._init_callbacks.clear()  # TensorFlow's, which look for a GPU; a command imports it after they have run
    for line in orders:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            _be(order)
        answers.write(json.dumps(_wait(child, order["timeout"])) + "\n")
        answers.flush()


def _wait(child, timeout):
    """The exit status of a process, as `subprocess` gives it."""
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
    signal.alarm(timeout)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)  # what it has left behind
    return os.waitstatus_to_exitcode(status) if signal.alarm(0) else None


def _be(order):
    """Becomes the command, and never returns."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        streams = [os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND) for name in ("out", "err")]
        for number, stream in enumerate((nothing, *streams)):
            os.dup2(stream, number)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["environment"])
        module, function = PROGRAMS[order["program"]]
        path = str(ROOT / order["program"]) if order["program"].endswith(".py") else module
        sys.argv = [path, *order["words"]]
        sys.orig_argv = [sys.executable, *sys.argv]
        getattr(importlib.import_module(module), function)()
    except SystemExit as error:
        sys.stdout.flush()
        os._exit(error.code if isinstance(error.code, int) else int(error.code is not None))
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
