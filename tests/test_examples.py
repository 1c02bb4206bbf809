"""The notebooks run from top to bottom in a real kernel, the script in a process, on the preview network."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from nst.images import reader
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))
CHECKOUT = ("examples", "nst", "nst_utils.py", "pyproject.toml", "images/*.jpg", "pretrained-model/preview-*.mat")


def notebook(name):
    book = nbformat.read(EXAMPLES / name, as_version=4)
    nbformat.validate(book)
    return book


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A fresh checkout, and an environment in which nothing of this machine's person is read or written."""
    folder = tmp_path / "checkout"
    for pattern in CHECKOUT:
        for source in ROOT.glob(pattern):
            target = folder / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in ("JUPYTER_PATH", "MPLBACKEND", "NST_WEIGHTS", "PYTHONPATH", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return folder


def execute(name, folder, **parameters):
    """Runs a notebook in a folder with other parameters; gives its cells by id, its text, and its pictures."""
    book = notebook(name)
    (cell,) = (cell for cell in book.cells if "parameters" in cell.metadata.get("tags", ()))
    for parameter, value in parameters.items():
        cell.source, found = re.subn(
            rf"^{parameter} = [^#\n]+?(?=  #|$)", f"{parameter} = {value!r}", cell.source, flags=re.MULTILINE
        )
        assert found == 1, parameter
    client = NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    text = "".join(output.text for output in outputs if output.output_type == "stream")
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    return text, pictures


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_the_readme_names_every_example():
    named = re.findall(r"^\| \[`([\w.]+)`\]\(([\w.]+)\) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert all(name == target for name, target in named)
    assert sorted(name for name, _ in named) == sorted(
        path.name for path in EXAMPLES.iterdir() if path.suffix in (".ipynb", ".py")
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_committed_with_its_pictures_and_without_traces_of_a_machine(name):
    book = notebook(name)
    kinds = [kind for cell in book.cells for output in cell.get("outputs", ()) for kind in output.get("data", {})]
    assert kinds.count("image/jpeg") >= 5
    assert "image/png" not in kinds, "which would take megabytes"
    for cell in book.cells:
        assert set(cell.metadata) <= {"tags"}
        assert not any(output.get("name") == "stderr" for output in cell.get("outputs", ()))
    assert set(book.metadata) == {"kernelspec", "language_info"}
    assert set(book.metadata.language_info) == {"name"}
    text = (EXAMPLES / name).read_text()
    assert "VGG-19 (kernels of 8 bits)" in text or "8bit.mat" in text, "painted with the real network"
    assert len(text) < 1_000_000
    assert re.findall(r"/(?:home|root|Users|tmp|work|opt|mnt)/|[A-Z]:\\\\|\.\./shared", text) == []


@pytest.mark.slow
def test_the_assignment_runs_and_meets_its_published_numbers(checkout):
    """The notebook itself asserts the published numbers; this looks whether it printed and showed what it should."""
    before = files_in(checkout)
    text, pictures = execute(
        "coursera_assignment.ipynb", checkout / "examples", MODEL="preview", EPOCHS=6, PRINT_EVERY=4
    )
    for number in ("6.76559", "9.19028", "6.42230", "35.34667875478276"):
        assert text.count(number[:-1]) >= 1, number
    steps = re.findall(r"^step +(\d+) +total +(\S+) +content +(\S+) +style +(\S+)$", text, re.MULTILINE)
    assert [int(step[0]) for step in steps] == [0, 4, 5]
    for _, total, content, style in steps:
        assert float(total) == pytest.approx(10 * float(content) + 40 * float(style), rel=1e-4)
    assert float(steps[-1][1]) < float(steps[0][1])
    assert len(pictures) == 7
    assert files_in(checkout) - before == {"output", "output/assignment.png"}
    assert reader.read(checkout / "output/assignment.png").shape == (300, 400, 3)


@pytest.mark.slow
def test_the_library_runs(checkout):
    before = files_in(checkout)
    text, pictures = execute("library.ipynb", checkout, MODEL="preview", EPOCHS=6, SIZE=96)
    assert "finished (64, 96, 3) uint8" in text
    assert re.search(r"^(stopped|finished) after [1-6] of 6 epochs$", text, re.MULTILINE)
    assert {"picture", "jpg", "progress", "costs", "plot"} <= set(
        re.findall(r"^(\w+) +[\w.]+ +\d+ KB$", text, re.MULTILINE)
    )
    assert len(pictures) == 6
    assert files_in(checkout) == before


@pytest.mark.slow
def test_the_demo_paints_a_pair(checkout, tmp_path):
    demo = checkout / "examples/demo.py"
    demo.write_text(demo.read_text().replace('"fast", ', '"fast", epochs=2, image_size=64, '))
    done = subprocess.run(
        [sys.executable, str(demo)], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    *_, why, first, second, last = done.stdout.splitlines()
    assert why.startswith("VGG-19 could not be fetched: the package index")
    assert [line.partition(": ")[0] for line in (first, second)] == ["epoch 0", "epoch 1"]
    assert last == "painted output/demo/generated_image.png"
    assert reader.read(tmp_path / "output/demo/generated_image.png").shape == (43, 64, 3)
    assert min(reader.read(tmp_path / "output/demo/contact_sheet.png").shape[:2]) > 100
