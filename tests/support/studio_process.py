"""The studio as a person starts it: a process of its own, with real workers on a tiny network."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

from tests.conftest import ROOT
from tests.support import fake_vgg

READY = 60  # seconds


class Server:
    """`python -m nst.web` over a data folder, on a free port that it keeps when it is started again."""

    def __init__(self, folder, *words):
        self.folder = folder
        self.words = words
        self.port = 0
        self.process = None
        self.address = ""
        self.said = []

    def start(self):
        weights = self.folder.parent / "imagenet-vgg-verydeep-19.mat"
        if not weights.exists():
            fake_vgg.write(weights, blocks=fake_vgg.VGG19, channels=(4, 6, 8, 8, 8))
        # A picture that is painted only to be cancelled takes one core, and leaves the other to the browser.
        threads = {f"TF_NUM_{kind}_THREADS": "1" for kind in ("INTRAOP", "INTEROP")}
        environment = {**os.environ, **threads, "NST_WEIGHTS": str(weights), "PYTHONPATH": str(ROOT)}
        words = [f"--data_dir={self.folder}", f"--port={self.port}", *self.words]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nst.web", *words], cwd=self.folder.parent, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        found = re.search(r"http://([^\s/:]+):(\d+)(/\S*)", line)
        assert found, line + self.process.communicate()[0]
        self.port = int(found[2])
        self.address = f"http://127.0.0.1:{self.port}{found[3]}"
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()
        return self

    def _listen(self, stream):
        with stream:
            self.said += stream

    def kill(self):
        """As the system does when memory runs out."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """As Ctrl-C does; gives the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)
