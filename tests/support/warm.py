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
PROGRAMS = {
    "nst_main.py": ("nst_main", "run"),
    "nst.batch": ("nst.batch.__main__", "start"),
    "painter": ("tests.support.painter", "main"),
}


class Commands:
    """Runs the commands of the program; close it when the tests have ended."""

    def __init__(self):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm"],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, program, *words, cwd, timeout=120, **environment):
        """As `subprocess.run` of a command with captured text; `program` is one of `PROGRAMS`."""
        with self.start(program, *words, cwd=cwd, **environment) as process:
            return process.finish(timeout)

    @contextlib.contextmanager
    def start(self, program, *words, cwd, **environment):
        """Gives a `Process` that runs; it is killed at the end if it has not been waited for."""
        with tempfile.TemporaryDirectory() as folder:
            inherited = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
            streams = [Path(folder, name) for name in ("out", "err")]
            for stream in streams:
                stream.touch()
            order = {
                "program": program, "words": list(map(str, words)), "cwd": str(cwd),
                "environment": inherited | environment, "streams": list(map(str, streams)),
            }  # fmt: skip
            process = Process(self._ask, self._ask(order), [program, *words], *streams)
            try:
                yield process
            finally:
                if not process.ended:
                    process.signal(signal.SIGKILL)
                    process.finish()

    def _ask(self, order):
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())

    def close(self):
        """Ends the warm process."""
        self._server.stdin.close()
        self._server.wait(timeout=10)
        self._server.stdout.close()


class Process:
    """A command that runs; its streams are files."""

    def __init__(self, ask, pid, command, out, err):
        self.pid, self.out, self.ended = pid, out, False
        self._ask, self._command, self._err = ask, command, err

    def signal(self, number):
        """Sends a signal; until `finish` the process keeps its number even where it has ended."""
        os.kill(self.pid, number)

    def finish(self, timeout=120):
        """Waits for the end; gives the finished process with its text."""
        status, self.ended = self._ask({"wait": self.pid, "timeout": timeout}), True
        out, err = self.out.read_text(), self._err.read_text()
        if status is None:
            raise subprocess.TimeoutExpired(self._command, timeout, out, err)
        return subprocess.CompletedProcess(self._command, status, out, err)


@functools.cache
def commands():
    """The one of this process."""
    opened = Commands()
    atexit.register(opened.close)
    return opened


def serve(orders, answers):
    """Forks a process and answers with its number, or waits for one and answers with its exit status, if it has one."""
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
        answer = _wait(order["wait"], order["timeout"]) if "wait" in order else _fork(order)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _fork(order):
    """The number of a new process, which becomes the command in a group of its own."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        _be(order)
    with contextlib.suppress(OSError):  # whoever of the two comes first
        os.setpgid(child, child)
    return child


def _wait(child, timeout):
    """The exit status of a process, as `subprocess` gives it; None where it took too long."""
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
    signal.alarm(timeout)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)  # what it has left behind
    return os.waitstatus_to_exitcode(status) if signal.alarm(0) else None


def _be(order):
    """Becomes the command, and never returns."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        streams = [os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for name in order["streams"]]
        for number, stream in enumerate((nothing, *streams)):
            os.dup2(stream, number)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["environment"])
        tempfile.tempdir = None  # TMPDIR may be another
        module, function = PROGRAMS[order["program"]]
        path = str(ROOT / order["program"]) if order["program"].endswith(".py") else module
        sys.argv = [path, *order["words"]]
        sys.orig_argv = [sys.executable, *sys.argv]
        getattr(importlib.import_module(module), function)()
        sys.exit()
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
