"""`--output`: the file for the finished picture or video alone, and the folder for everything else of its run."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from absl import flags

from nst.config import TransferConfig, affecting
from nst.utils import atomic, locations
from nst.utils.text import either

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nst.run import Result

FLAGS = flags.FLAGS
_STILL_USED = ("print_every", "picture_16bit")  # settings of a run's files that have an effect on `--output` alone


class Output(NamedTuple):
    """Where a run writes: its folder, and the file for the picture or video alone, if one is asked for.

    Without an `--output_dir`, the folder is a hidden one beside the file, so that the run can be resumed; it is removed
    once the file is finished.
    """

    folder: Path
    file: Path | None
    alone: bool  # whether only the file was asked for


def read() -> Output:
    """Reads the flags. An `--output_dir` with the name of a picture or video is taken as `--output`."""
    if not FLAGS.output_dir:
        raise ValueError("output_dir is empty: name a folder")
    folder, file = locations.expanded(FLAGS.output_dir), locations.expanded(FLAGS.output) if FLAGS.output else None
    alone = file is not None and not FLAGS["output_dir"].present
    if folder.suffix and not alone:
        from nst.output.folder import is_file_name

        if is_file_name(folder):
            if file is not None:
                raise ValueError(f"output_dir is {folder}, the name of a file: name a folder")
            file, alone = folder, True
    if file is not None and alone:
        folder = file.with_name(f".{file.name}.nst")
    return Output(folder, file, alone)


def check(output: Output, config: TransferConfig) -> None:
    """Raises `ValueError` for a file that cannot be written, and for flags that have no effect beside it."""
    file, suffix = output.file, "" if output.file is None else output.file.suffix.lower()
    if file is None:
        return
    # These import NumPy, which --help and flag errors do not need.
    from nst.images.writer import KINDS
    from nst.video.assembly import SUFFIXES

    moving = bool(FLAGS.content_video)
    known = SUFFIXES if moving else tuple(KINDS)
    if suffix not in known:
        raise ValueError(f"output is {file}: end the name of a {_what(moving)} in {either(known)}")
    if file.is_dir():
        raise ValueError(f"output is {file}, a folder: name a file in it, or use output_dir")
    if not output.alone:
        return
    if FLAGS.shard:
        raise ValueError("a shard needs an output_dir, which keeps its frames for the other shards")
    for name in affecting("files"):
        if name not in _STILL_USED and FLAGS[name].present and FLAGS[name].value != FLAGS[name].default:
            raise ValueError(f"{name} has no effect: output leaves the {_what(moving)} alone; give output_dir, too")
    if config.picture_16bit not in ("none", KINDS.get(suffix)) and FLAGS["picture_16bit"].present:
        raise ValueError(f"picture_16bit is {config.picture_16bit}, but output is {file}: give it the same suffix")


def make(output: Output) -> None:
    """Creates the folders to write into, but for the hidden one, which the run creates once it starts.

    Raises:
        OSError: one cannot be created or written; the message says what to do.
        nst.output.folder.BusyError: another run is painting there.
    """
    from nst.output import folder

    if output.file is not None:
        folder.make(output.file.parent)
    if not output.alone:
        folder.make(output.folder)
    if output.folder.is_dir() and not FLAGS.content_video:
        with folder.lock(output.folder):
            pass  # the run locks the folder later, but a conflict should be reported now


def check_inputs(output: Output, inputs: Sequence[Path | None]) -> None:
    """Raises `ValueError` if the file is one of the inputs, which would be lost."""
    file = output.file if output.file is not None and output.file.exists() else None
    if file is not None and any(path is not None and path.exists() and file.samefile(path) for path in inputs):
        raise ValueError(f"output is {file}, one of the files to paint from: give it another name")


def keep_picture(
    output: Output, result: Result, opacity: NDArray[np.uint8] | None, warn: Callable[[str], None]
) -> Result:
    """Writes the file of a picture; returns the result with its files as they are left.

    Args:
        output: where to write.
        result: the result of the run in the output's folder.
        opacity: that of the content, uint8 `[H, W]`; None if it is opaque.
        warn: called with a sentence if the file cannot be written, which is also added to the result's troubles.
    """
    if output.file is None:
        return result
    from nst.images import reader, writer

    kind, data = writer.KINDS[output.file.suffix.lower()], b""
    try:
        for name, path in result.files.items():
            if path.suffix == f".{kind}" and name in ("picture", "picture_16bit"):
                data = path.read_bytes()  # with the settings; 16 bits come second
        if not data:
            picture = result.picture if opacity is None else reader.with_alpha(result.picture, opacity)
            data = writer.encode(picture, kind)
        atomic.write_bytes(output.file, data)
    except (OSError, ValueError) as error:
        trouble = f"{error}; the picture is in {output.folder}"
        warn(trouble)
        return dataclasses.replace(result, troubles=[*result.troubles, trouble])
    if not output.alone:
        return dataclasses.replace(result, files={**result.files, "output": output.file})
    if result.ended == "finished":
        _remove(output.folder)
    return dataclasses.replace(result, files={"picture": output.file})


def keep_video(output: Output, video: Path | None, *, finished: bool) -> Path | None:
    """Copies a painted video to its file; returns where it is. Raises `OSError` if it cannot be written."""
    if output.file is None or video is None:
        return video
    with open(video, "rb") as painted, atomic.whole(output.file) as file:
        shutil.copyfileobj(painted, file)
    if output.alone and finished:
        _remove(output.folder)
    return output.file


def _what(moving: bool) -> str:
    return "video" if moving else "picture"


def _remove(folder: Path) -> None:
    """Removes the folder of a finished run, but for unfinished ones that were moved aside."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.is_file():
                path.unlink()
            elif not path.name.startswith("earlier-"):
                shutil.rmtree(path)
        folder.rmdir()
