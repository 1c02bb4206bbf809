"""What paints a job again: its settings, the command line that has them, and an archive of both with all pictures."""

from __future__ import annotations

import shlex
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from nst import __version__
from nst.config import TransferConfig, settings
from nst.images import file_types
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
    """A ZIP file, in pieces: the result as `name`, the inputs, the settings as JSON, and the command line.

    It is complete before the first piece, so that an error is still an error response. Raises `OSError`.
    """
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `_pieces`
    try:
        with zipfile.ZipFile(cast(IO[bytes], file), "w", zipfile.ZIP_STORED) as zipped:  # pictures are compressed
            zipped.write(result, name)
            for title, path in inputs(job, folder).items():
                zipped.write(path, title)
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
