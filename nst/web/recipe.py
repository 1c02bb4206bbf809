"""What paints a job again: its settings, the command line that has them, and an archive of both with all pictures."""

from __future__ import annotations

import shlex
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np

from nst import __version__
from nst.config import TransferConfig, settings
from nst.images import file_types, reader, writer
from nst.output.manifest import STEERING_FILE
from nst.utils.fields import written
from nst.utils.text import json_text
from nst.web import catalog, store
from nst.web.submission import Submission
from nst.web.worker_process import JobFolder

_SUFFIXES = {"JPEG": ".jpg", "JPEG XL": ".jxl", "JPEG 2000": ".jp2"}
_PIECE = 1 << 20  # bytes
_IN_MEMORY = 32_000_000  # bytes of an archive; a larger one is in a temporary file


def safe_name(title: str) -> str:
    """A title as a part of a file name that every system takes, without a suffix."""
    safe = "".join(letter if letter.isalnum() else "-" for letter in Path(title).stem)
    return safe.strip("-")[:40] or "picture"


def file_stem(job: store.Job) -> str:
    """The file name, without a suffix, under which the files of a job are downloaded."""
    return f"{safe_name(job.request['content'])}-{job.number}"


def inputs(job: store.Job, folder: JobFolder) -> dict[str, Path]:
    """The inputs of a job: the content, then the styles, by their names in the archive."""
    request = Submission.from_json(job.request)
    named = {_named("content", request.content, folder.content): folder.content}
    for index, title in enumerate(request.styles):
        named[_named(f"style-{index + 1}", title, folder.style(index))] = folder.style(index)
    return named


def _masks(job: store.Job, folder: JobFolder) -> list[tuple[str, str, Path | bytes]]:
    """The masks of a job: flag, name in the archive, and file; white ones stand for those that are missing."""
    request = Submission.from_json(job.request)
    found: list[tuple[str, str, Path | bytes]] = []
    sides: tuple[tuple[Literal["content", "style"], tuple[bool, ...]], ...] = (
        ("content", request.content_masks), ("style", request.style_masks)
    )  # fmt: skip
    for over, there in sides:
        for index, given in enumerate(there):
            file: Path | bytes = folder.mask(over, index)
            if not given:
                # The command wants one for each style, with the proportions of what it is over.
                like = folder.mask(over, there.index(True)) if over == "content" else folder.style(index)
                height, width = reader.size(like)
                file = writer.encode(np.full((height, width, 3), 255, np.uint8), "png")
            found.append((f"{over}_mask", f"{over}-mask-{index + 1}.png", file))
    return found


def _steering(job: store.Job, folder: JobFolder) -> Path | None:
    """The record of the changes while a job was painted."""
    record = folder.run / STEERING_FILE
    return record if job.progress.get("steering") and record.is_file() else None


def _named(role: str, title: str, path: Path) -> str:
    try:
        with open(path, "rb") as file:
            kind = file_types.kind(file.read(4096))
    except OSError:
        kind = None
    own = "".join(letter for letter in Path(title).suffix if letter.isalnum())[:5]
    suffix = _SUFFIXES.get(kind, f".{kind.lower()}") if kind else f".{own}" if own else ""
    return f"{role}-{safe_name(title)}{suffix}"


def command(job: store.Job, folder: JobFolder) -> str:
    """The command line that paints the job again, beside the files of its archive."""
    request = Submission.from_json(job.request)
    content, *styles = inputs(job, folder)
    flag = "content_video" if request.frame_count else "content"
    words = ["python", "nst_main.py", f"--{flag}={content}", *(f"--style={style}" for style in styles)]
    words += [f"--{flag}={name}" for flag, name, _ in _masks(job, folder)]
    if request.video_end is not None:
        words.append(f"--video_end={request.video_end:g}")
    if _steering(job, folder):
        words.append(f"--steer={STEERING_FILE}")
    words += [f"--preset={request.preset}", f"--model={request.network}"]
    usual = TransferConfig.from_preset(request.preset, model=request.network)
    for setting in settings():
        value = getattr(request.config, setting.name)
        if value != getattr(usual, setting.name):
            words.append(f"--{setting.name}={written(value)}")
    return shlex.join(words)


def document(job: store.Job, folder: JobFolder) -> dict[str, Any]:
    """The settings of a job, as `schemas.Recipe`."""
    request = Submission.from_json(job.request)
    return {
        "program": f"nst {__version__}",
        "number": job.number,
        "kind": request.kind,
        "content": request.content,
        "styles": request.styles,
        "preset": request.preset,
        "network": request.network,
        "painted_with": job.progress.get("network"),
        "settings": catalog.form_values(request.config),
        "command": command(job, folder),
    }


def archive(job: store.Job, folder: JobFolder, result: Path, name: str) -> Iterator[bytes]:
    """A ZIP file, in pieces: the result as `name`, the inputs with masks and steering, settings as JSON, the command.

    It is complete before the first piece, so that an error is still an error response. Raises `OSError`.
    """
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `_pieces`
    try:
        with zipfile.ZipFile(cast(IO[bytes], file), "w", zipfile.ZIP_STORED) as zipped:  # pictures are compressed
            zipped.write(result, name)
            for title, path in inputs(job, folder).items():
                zipped.write(path, title)
            for _, title, mask in _masks(job, folder):
                zipped.writestr(title, mask if isinstance(mask, bytes) else mask.read_bytes())
            if record := _steering(job, folder):
                zipped.write(record, STEERING_FILE)
            zipped.writestr("settings.json", json_text(document(job, folder), indent=2) + "\n")
            zipped.writestr("command.txt", command(job, folder) + "\n")
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return _pieces(cast(IO[bytes], file))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
