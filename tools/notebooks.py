"""Runs the notebooks of examples/ with VGG-19, and saves them with what they print and show.

Pictures are saved as JPEG, which keeps a notebook below a megabyte.

Usage: python tools/notebooks.py [library.ipynb]
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import nbformat
from absl import app
from nbclient import NotebookClient
from PIL import Image

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_QUALITY = 80


def compress(output: Any) -> None:
    """Replaces the PNG of an output by a JPEG."""
    data = output.get("data", {})
    if png := data.pop("image/png", None):
        file = io.BytesIO()
        Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB").save(file, "jpeg", quality=_QUALITY, optimize=True)
        data["image/jpeg"] = base64.b64encode(file.getvalue()).decode()
        output.metadata.clear()  # the size of the PNG


def run(path: Path) -> None:
    """Runs a notebook and writes it with its outputs, without traces of this machine."""
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(book, timeout=1800, kernel_name="python3", resources=where).execute()
    for cell in book.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
        cell.outputs = [output for output in cell.get("outputs", ()) if output.get("name") != "stderr"]
        for output in cell.outputs:
            compress(output)
        if cell.cell_type != "code":
            del cell["outputs"]
    book.metadata.language_info = {"name": "python"}
    nbformat.write(book, path)  # type: ignore[no-untyped-call]


def main(arguments: list[str]) -> None:
    """Runs what is asked for."""
    for name in arguments[1:] or sorted(path.name for path in EXAMPLES.glob("*.ipynb")):
        run(EXAMPLES / name)
        print(name, f"{(EXAMPLES / name).stat().st_size // 1000} KB")


if __name__ == "__main__":
    app.run(main)
