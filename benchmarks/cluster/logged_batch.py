"""`nst-batch` that also writes what its engine tells to a file, a line of JSON each, for `benchmarks.cluster.faults`.

python -m benchmarks.cluster.logged_batch LOG FLAGS OF NST-BATCH
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from nst.batch import __main__

_KEPT = ("first", "epoch", "pid", "message")


def main() -> None:
    """Takes the first word away, and runs the command."""
    log = open(sys.argv.pop(1), "a", buffering=1)  # noqa: SIM115 - until the process ends, however it does
    told = __main__.Screen.tell

    def tell(self: __main__.Screen, item: __main__.Item, kind: str, values: Mapping[str, Any]) -> None:
        kept = {name: values[name] for name in _KEPT if name in values}
        if "outcome" in values:
            kept["status"] = values["outcome"].status
        log.write(json.dumps({"at": time.time(), "name": item.folder, "kind": kind, **kept}) + "\n")
        told(self, item, kind, values)

    setattr(__main__.Screen, "tell", tell)  # noqa: B010 - mypy forbids the assignment
    __main__.start()


if __name__ == "__main__":
    main()
