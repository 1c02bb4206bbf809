"""What paints a job again: its settings, the command line that has them, and the files that the command names."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nst import __version__
from nst.config import TransferConfig, settings
from nst.images import file_types, reader, writer
from nst.output.manifest import STEERING_FILE
from nst.utils.fields import written
from nst.utils.text import json_text
from nst.web import catalog, store
from nst.web.archives import Entry, safe_name
from nst.web.submission import Submission
from nst.web.worker_process import JobFolder, Over

_SUFFIXES = {"JPEG": ".jpg", "JPEG XL": ".jxl", "JPEG 2000": ".jp2"}


class _File(NamedTuple):
    """A file that the command names: its flag, its name in the archive, and its contents or where they are."""

    flag: str
    name: str
    source: bytes | Path


def document(job: store.Job, folder: JobFolder) -> dict[str, Any]:
    """The settings of a job and its command line, as `schemas.Recipe`."""
    return _document(job, _files(job, folder))


def archive(job: store.Job, folder: JobFolder, result: Path, name: str) -> list[Entry]:
    """The result as `name`, the inputs with masks and steering, the settings as JSON, and the command.

    Raises `OSError` if one of the files cannot be read.
    """
    files = _files(job, folder)
    for path in (result, *(file.source for file in files if isinstance(file.source, Path))):
        path.stat()
    document = _document(job, files)
    settings, command = json_text(document, indent=2), document["command"]
    return [
        Entry(name, result, job),
        *(Entry(file.name, file.source, job) for file in files),
        Entry("settings.json", f"{settings}\n".encode(), job),
        Entry("command.txt", f"{command}\n".encode(), job),
    ]


def _document(job: store.Job, files: Sequence[_File]) -> dict[str, Any]:
    request = Submission.from_json(job.request)
    return {
        **{name: getattr(job, name) for name in ("number", "kind", "content", "styles", "preset", "network")},
        "program": f"nst {__version__}",
        "painted_with": job.progress.get("network"),
        "settings": catalog.form_values(request.config),
        "command": _command(request, files),
    }


def _command(request: Submission, files: Sequence[_File]) -> str:
    """The command line that paints a job again, beside the files of its archive."""
    words = ["python", "nst_main.py", *(f"--{file.flag}={file.name}" for file in files)]
    if request.video_end is not None:
        words.append(f"--video_end={request.video_end:g}")
    words += [f"--preset={request.preset}", f"--model={request.network}"]
    usual = TransferConfig.from_preset(request.preset, model=request.network)
    for setting in settings():
        value = getattr(request.config, setting.name)
        if value != getattr(usual, setting.name):
            words.append(f"--{setting.name}={written(value)}")
    return shlex.join(words)


def _files(job: store.Job, folder: JobFolder) -> list[_File]:
    """The inputs of a job: the content, the styles, the masks, and the changes while it was painted."""
    request = Submission.from_json(job.request)
    flag = "content_video" if job.kind == "video" else "content"
    found = [_input(flag, "content", job.content, folder.content)]
    for index, title in enumerate(job.styles):
        found.append(_input("style", f"style-{index + 1}", title, folder.style(index)))
    found += _masks("content", request.content_masks, folder) + _masks("style", request.style_masks, folder)
    record = folder.run / STEERING_FILE
    if job.progress.get("steering") and record.is_file():
        found.append(_File("steer", STEERING_FILE, record))
    return found


def _input(flag: str, role: str, title: str, path: Path) -> _File:
    """A picture or video, with the suffix of its format."""
    try:
        with open(path, "rb") as file:
            kind = file_types.kind(file.read(4096))
    except OSError:
        kind = None
    own = "".join(letter for letter in Path(title).suffix if letter.isalnum())[:5]
    suffix = _SUFFIXES.get(kind, f".{kind.lower()}") if kind else f".{own}" if own else ""
    return _File(flag, f"{role}-{safe_name(title)}{suffix}", path)


def _masks(over: Over, there: Sequence[bool], folder: JobFolder) -> list[_File]:
    """The masks of a job; white ones stand for those that are missing, as the command requires one for each style."""
    found = []
    for index, given in enumerate(there):
        source: bytes | Path = folder.mask(over, index)
        if not given:  # it has the proportions of what it is over
            like = folder.mask(over, there.index(True)) if over == "content" else folder.style(index)
            source = writer.encode(np.full((*reader.size(like), 3), 255, np.uint8), "png")
        found.append(_File(f"{over}_mask", f"{over}-mask-{index + 1}.png", source))
    return found
