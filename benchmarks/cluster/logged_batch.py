"""`nst-batch` that also logs the events of its executor, one JSON object per line, for `benchmarks.cluster.faults`.

python -m benchmarks.cluster.logged_batch LOG FLAGS OF NST-BATCH
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from nst.batch import __main__, progress
from nst.batch.worklist import Work

_LOGGED = ("first", "epoch", "pid", "message")


def main() -> None:
    """Takes the name of the log off the command line, and runs the command."""
    log = open(sys.argv.pop(1), "a", buffering=1)  # noqa: SIM115 - until the process ends, in whatever way
    show = progress.Screen.on_event

    def on_event(self: progress.Screen, work: Work, kind: str, values: Mapping[str, Any]) -> None:
        logged = {name: values[name] for name in _LOGGED if name in values}
        if "outcome" in values:
            logged["status"] = values["outcome"].status
        log.write(json.dumps({"at": time.time(), "name": work.name, "kind": kind, **logged}) + "\n")
        show(self, work, kind, values)

    setattr(progress.Screen, "on_event", on_event)  # noqa: B010 - mypy forbids the assignment
    __main__.start()


if __name__ == "__main__":
    main()
