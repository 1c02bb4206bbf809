"""`python -m nst.web` as a user runs it, in its own processes."""

import contextlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.support import studio_worker
from tests.support.studio_server import TOKEN, until
from tests.support.studio_worker import Does

FAKE = (
    "import sys; from nst.web.service import Studio\n"
    f"Studio.__init__.__kwdefaults__['command'] = {studio_worker.command()!r}\n"
    "{first}\n"
    "sys.argv[0] = 'nst-web'; from nst.web import __main__ as program; program.run()\n"
)


def program(*words, first="", real=False):
    """The command line: with the fake worker, after a line of Python, or the real program."""
    start = ["-m", "nst.web"] if real else ["-c", FAKE.replace("{first}", first)]
    return [sys.executable, *start, *words]


def run(*words, **options):
    return subprocess.run(
        program(*words, **options), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


class Open:
    """A studio in its own process, its address, and a client."""

    def __init__(self, folder, *words, **options):
        self.process = subprocess.Popen(
            program("--port=0", "--nodownload", f"--data_dir={folder}", *words, **options),
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.output = self.process.stdout.readline()
        found = re.search(r"http://(.*):(\d+)/(?:\?token=(\w+))?", self.output)
        assert found, (self.output, self.process.communicate())
        self.host, self.port, self.token = found[1], int(found[2]), found[3]
        self.web = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=20)

    def submit(self, does, epochs):
        settings = studio_worker.settings(does, epochs)
        form = {"content_name": "chelsea", "style_name": "ink", "preset": "coursera", "network": "preview"}
        answer = self.web.post("/api/jobs", data=form | {"settings": str(settings).replace("'", '"')})
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def when(self, id, found):
        return until(lambda: found(job := self.web.get(f"/api/jobs/{id}").json()) and job, f"it, of {id}")

    def end(self, signum):
        """Sends a signal; returns the exit status and the error output."""
        self.process.send_signal(signum)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@pytest.fixture
def open_studio(tmp_path):
    """Opens studios, and closes those that the test leaves open."""
    with contextlib.ExitStack() as stack:

        def open_one(*words, folder=tmp_path / "data", **options):
            opened = Open(folder, *words, **options)
            stack.callback(close, opened)
            return opened

        yield open_one


def close(opened):
    opened.web.close()
    if opened.process.poll() is None:
        opened.process.kill()
    opened.process.communicate()


def test_help_shows_every_flag_and_loads_nothing_heavy():
    done = run("--help", real=True)
    assert (done.returncode, done.stderr) == (0, "")
    names = re.findall(r"^  --(\w+)=", done.stdout, re.MULTILINE)
    assert names == [
        "host", "port", "token", "name", "proxy", "allow_origin", "data_dir", "slots", "queue", "keep_days", "keep_gb",
        "download",
    ]  # fmt: skip
    code = (
        "import sys; from nst.web import __main__ as program; sys.argv = ['nst-web', '--help']\n"
        "try: program.run()\n"
        "except SystemExit: print(sorted({'numpy', 'fastapi', 'tensorflow'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )  # fmt: skip
    assert done.stdout.endswith("\n[]\n")


WRONG = {
    "--port=65536": "port is 65536: it must be from 0 to 65535",
    "--port=-1": "port is -1: it must be from 0 to 65535",
    "--port=http": "'http' is not a whole number",
    "--slots=0": "slots is 0: it must be 1 or more",
    "--queue=0": "queue is 0: it must be 1 or more",
    "--keep_days=-1": "keep_days is -1.0: it must be 0 or more",
    "--keep_gb=nan": "keep_gb is nan: it must be 0 or more",
    "--keep_gb=inf": "keep_gb is inf: it must be 0 or more",
    "--token=short": "token: use 16 letters and digits or more",
    "--token=with; a semicolon in it": "token: use 16 letters and digits or more",
    "--token=üüüüüüüüüüüüüüüüüüü": "token: use 16 letters and digits or more",
    "--proxy=example.org": "proxy: 'example.org' does not appear to be an IPv4 or IPv6 network",
    "--allow_origin=*": "allow_origin: '*' is not an origin such as https://example.org",
    "--allow_origin=http://a/b": "allow_origin: 'http://a/b' is not an origin such as https://example.org",
    "--colour=red": "there is no flag 'colour'",
    "stray": "unexpected word 'stray'",
}


@pytest.mark.parametrize("word", WRONG)
def test_a_wrong_argument_is_one_line(word):
    done = run(word, real=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nst-web: ")
    assert WRONG[word] in done.stderr
    assert done.stderr.count("\n") == 1


def one_line(done, *parts):
    assert done.returncode == 1
    assert done.stderr.startswith("nst-web: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.mark.parametrize("name", ["fastapi", "uvicorn", "python_multipart"])
def test_a_missing_package_is_named_with_what_to_do(tmp_path, name):
    done = run(f"--data_dir={tmp_path}", first=f"sys.modules[{name!r}] = None")
    one_line(done, f"the studio needs {name}: ", "-r requirements-web.txt")


def test_a_port_in_use_is_reported(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        one_line(
            run(f"--port={port}", f"--data_dir={tmp_path}"),
            f"cannot serve 127.0.0.1:{port}: Address already in use; choose another --port or --host",
        )  # fmt: skip
    assert not (tmp_path / "studio.sqlite").exists()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_of_another_machine_is_reported(tmp_path, host):
    one_line(run(f"--host={host}", f"--data_dir={tmp_path}"), f"cannot serve {host}:8000: ", "choose another")


def test_a_folder_in_use_by_another_studio_is_reported(open_studio, tmp_path):
    opened = open_studio()
    done = run(f"--data_dir={tmp_path / 'data'}", "--port=0")
    one_line(done, f"another studio is open in {tmp_path / 'data'}: close it, or choose another --data_dir")
    assert opened.web.get("/api/health").status_code == 200


def test_a_folder_that_cannot_be_written_is_reported(tmp_path):
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "below"):
        one_line(run(f"--data_dir={place}"), f"cannot write into the output folder {place}: a file is in the way")


def test_a_file_of_another_version_is_reported(tmp_path):
    base = sqlite3.connect(tmp_path / "studio.sqlite")
    base.execute("PRAGMA user_version=7")
    base.close()
    one_line(run(f"--data_dir={tmp_path}", "--port=0"), "was written by another version of this program")


def test_a_studio_that_cannot_start_ends_with_a_status(tmp_path):
    failing = "def start(self): raise OSError('the disk is made of cheese')\nStudio.start = start"
    done = run(f"--data_dir={tmp_path}", "--port=0", first=failing)
    assert done.returncode in (1, 3)  # uvicorn's own, in its later versions
    assert "the disk is made of cheese" in done.stderr


def test_ctrl_c_closes_it(open_studio):
    opened = open_studio()
    assert opened.output.endswith("/ (Ctrl-C closes it)\n")
    until(lambda: opened.web.get("/api/health").json()["workers"] == [{"state": "ready"}])
    assert opened.end(signal.SIGINT) == (0, "")


@pytest.mark.parametrize("does", [Does.SLOWLY, Does.HANG])
def test_a_signal_closes_it_while_it_paints_and_is_watched(open_studio, does):
    opened = open_studio()
    job = opened.submit(does, epochs=1000)
    opened.when(job, lambda job: (job["epoch"] or 0) >= 2)
    with opened.web.stream("GET", f"/api/jobs/{job}/events") as answer:
        lines = answer.iter_lines()
        next(lines)
        assert opened.end(signal.SIGTERM) == (0, "")
        assert "event: end" not in list(lines)
    again = open_studio()
    assert again.when(job, lambda job: job["state"] == "running")["id"] == job


def test_a_killed_studio_leaves_no_worker_and_loses_no_job(open_studio, tmp_path):
    opened = open_studio()
    job = opened.submit(Does.SLOWLY, epochs=30)
    opened.when(job, lambda job: (job["epoch"] or 0) >= 2)
    (worker,) = children(opened.process.pid)
    opened.process.kill()
    opened.process.wait()
    until(lambda: not running(worker), "the end of the worker")
    again = open_studio()
    found = again.when(job, lambda job: job["state"] == "finished")
    assert found["epoch"] == 29


def test_a_job_that_kills_the_studio_three_times_fails(open_studio):
    job = None
    for _ in range(3):
        opened = open_studio()
        job = job or opened.submit(Does.SLOWLY, epochs=1000)
        opened.when(job, lambda job: job["state"] == "running")
        opened.process.kill()
        opened.process.wait()
    found = open_studio().when(job, lambda job: job["state"] == "failed")
    assert found["reason"] == "the studio ended 3 times while painting this picture"


def children(pid):
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def running(pid):
    """Whether a process is there, and not only its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_studio_that_others_can_reach_generates_a_token(open_studio):
    opened = open_studio("--host=0.0.0.0")
    assert re.fullmatch("[0-9a-f]{32}", opened.token)
    assert opened.web.get("/api/health").status_code == 401
    shown = {"authorization": f"Bearer {opened.token}"}
    assert opened.web.get("/api/health", headers=shown).status_code == 200
    assert opened.end(signal.SIGTERM)[0] == 0


def test_its_address_remains_valid_when_it_is_started_again(open_studio, tmp_path):
    opened = open_studio("--host=0.0.0.0")
    cookie = opened.web.get(f"/?token={opened.token}").headers["set-cookie"].partition(";")[0]
    assert opened.end(signal.SIGTERM)[0] == 0
    again = open_studio("--host=0.0.0.0")
    assert again.token == opened.token
    value = cookie.partition("=")[2]
    headers = {"cookie": f"nst-token-{again.port}={value}"}
    assert again.web.get("/api/health", headers=headers).status_code == 200
    assert (tmp_path / "data" / "token").read_text().strip() == opened.token


def test_its_files_are_those_of_its_user_alone(open_studio, tmp_path):
    opened = open_studio("--host=0.0.0.0")
    opened.web.headers["authorization"] = f"Bearer {opened.token}"
    job = opened.submit(Does.PAINT, epochs=3)
    opened.when(job, lambda job: job["state"] == "finished")
    folder = tmp_path / "data"
    found = [folder, *folder.rglob("*")]
    assert len(found) > 10
    for path in found:
        assert path.stat().st_mode & 0o777 & ~(0o700 if path.is_dir() else 0o600) == 0, path


def test_origins_and_proxies_are_taken(open_studio):
    opened = open_studio("--allow_origin=http://localhost:3000", "--allow_origin=https://example.org", "--proxy=::1")
    for sent_by in ("http://localhost:3000", "https://example.org"):
        answer = opened.web.get("/api/health", headers={"origin": sent_by})
        assert answer.headers["access-control-allow-origin"] == sent_by
    answer = opened.web.get("/api/health", headers={"origin": "http://localhost:3001"})
    assert "access-control-allow-origin" not in answer.headers


def test_token_names_slots_and_queue_are_taken(open_studio):
    opened = open_studio(
        f"--token={TOKEN}", "--name=studio.example", "--name=other.example", "--slots=2", "--queue=7"
    )  # fmt: skip
    assert opened.token == TOKEN
    shown = {"authorization": f"Bearer {TOKEN}"}
    for host in ("studio.example", "other.example"):
        assert opened.web.get("/api/health", headers=shown | {"host": host}).status_code == 200
    assert opened.web.get("/api/health", headers=shown | {"host": "third.example"}).status_code == 421
    assert len(opened.web.get("/api/health", headers=shown).json()["workers"]) == 2
    assert opened.web.get("/api/settings", headers=shown).json()["limits"]["queue"] == 7


def test_no_picture_is_kept_without_room_for_any(open_studio):
    opened = open_studio("--keep_gb=0")
    job = opened.submit(Does.PAINT, epochs=3)
    until(lambda: opened.web.get(f"/api/jobs/{job}").status_code == 404, "the end of the job")
