"""Masks of a submission: where each style acts, and which part of each style picture is used.

A mask is stored in the folder of its job as a PNG of what the engine understands it to be, so that the page can show
it, and so that painting it again gives the same picture.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fastapi import UploadFile
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import mask_regions
from nst.images import decode, reader, writer
from nst.utils import atomic
from nst.web import uploads
from nst.web.errors import Refused
from nst.web.submission import Limits
from nst.web.worker_process import JobFolder, Over

Source = UploadFile | Path
"""An upload, or the stored mask of an earlier job."""


class Chosen(NamedTuple):
    """The masks of one submission, by style; empty if there are none, and one if a coloured one is for all styles."""

    content: Sequence[Source | None] = ()
    style: Sequence[Source | None] = ()

    @property
    def there(self) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
        """Which styles have masks over the content, and over themselves."""
        return tuple(mask is not None for mask in self.content), tuple(mask is not None for mask in self.style)


def choose(over: Over, sent: Sequence[UploadFile], of: Sequence[int], styles: int) -> list[UploadFile | None]:
    """Assigns the masks of a form, over the content or the styles, to their styles.

    Args:
        over: what they are drawn over.
        sent: the masks.
        of: the index of the style of each, or nothing if they are in the order of the styles.
        styles: the number of styles.

    Raises:
        Refused: there are more masks than styles, or `of` does not match them.
    """
    given, field = uploads.given(sent), f"{over}_mask_for"
    masks = f"{len(given)} {over} mask{'' if len(given) == 1 else 's'}"
    if of and len(of) != len(given):
        raise Refused(400, f"{field} has {len(of)} of {masks}: give one for each mask, or leave it out", field)
    if len(given) > styles:
        many = f"there are {masks} for {styles} style picture{'' if styles == 1 else 's'}"
        raise Refused(400, f"{many}: give at most one for each style", f"{over}_mask")
    if not of:
        return list(given)
    found: list[UploadFile | None] = [None] * styles
    for index, upload in zip(of, given, strict=True):
        if not 0 <= index < styles:
            raise Refused(400, f"{field} is {index}: the styles have the numbers 0 to {styles - 1}", field)
        if found[index] is not None:
            raise Refused(400, f"{field} has {index} twice: there is one {over} mask for each style", field)
        found[index] = upload
    return found


def earlier(there: Chosen, kept: Sequence[int | None], styles: int, *, content: bool) -> Chosen:
    """The masks of an earlier job whose pictures are kept.

    Coloured masks, which belong together, are kept only with all of them.

    Args:
        there: the masks of that job.
        kept: for each style now, which of that job's it is, or None for another picture.
        styles: the number of that job's styles.
        content: whether its content is kept.
    """
    if content and list(kept) == list(range(styles)):
        return there

    def picked(masks: Sequence[Source | None]) -> list[Source | None]:
        found = [masks[index] if index is not None and index < len(masks) else None for index in kept]
        found = [None if isinstance(mask, Path) and _is_coloured(mask) else mask for mask in found]
        return found if any(found) else []

    return Chosen(picked(there.content) if content else [], picked(there.style))


def _is_coloured(path: Path) -> bool:
    try:
        return mask_regions.is_coloured(mask_regions.read_mask(path)[0])
    except decode.PictureError:
        return False  # it is gone, which is reported when it is stored


def store(chosen: Chosen, folder: JobFolder, limits: Limits) -> None:
    """Stores the masks of a job. Raises `Refused` as `read` does, and for a mask that no longer exists."""
    sides: tuple[tuple[Over, Sequence[Source | None]], ...] = ("content", chosen.content), ("style", chosen.style)
    for over, sources in sides:
        field = f"{over}_mask"
        for index, source in enumerate(sources):
            if isinstance(source, Path):
                try:
                    shutil.copyfile(source, folder.mask(over, index))
                except FileNotFoundError:
                    message = "a mask of the job to start from no longer exists: choose the masks again"
                    raise Refused(400, message, field) from None
            elif source is not None:
                atomic.write_bytes(folder.mask(over, index), read(source, field, limits)[0])


def read(source: UploadFile, field: str, limits: Limits) -> tuple[bytes, tuple[int, int]]:
    """Reads an uploaded mask: a PNG of it as the engine understands it, and the (height, width) of the upload.

    Raises `Refused` for too many bytes (413), and for a file that is not a picture (415).
    """
    name = uploads.title(source, "the mask")
    data = source.file.read(limits.file_bytes + 1)
    if len(data) > limits.file_bytes:
        most = limits.file_bytes // 1_000_000
        raise Refused(413, f"{name} is larger than {most} MB: shrink it; a mask is scaled to its picture anyway", field)
    try:
        pixels, size = mask_regions.read_mask(data, name=name, most=limits.pixels)
    except decode.PictureError as error:
        raise Refused(415, str(error), field) from None
    return writer.encode(pixels, "png"), size


def check(
    chosen: Chosen, folder: JobFolder, config: TransferConfig, content: tuple[int, int],
    styles: Sequence[tuple[int, int]],
) -> None:  # fmt: skip
    """Raises `Refused` for stored masks that do not fit their pictures or each other, as a run would.

    Pictures are given by their (height, width) in pixels.
    """
    content_masks, style_masks = chosen.there
    if not (content_masks or style_masks):
        return
    # Of the style pictures only the opacity matters here, and of that only where a mask selects a part.
    opacities = [
        reader.read_with_alpha(folder.style(index))[1] if index < len(style_masks) and style_masks[index] else None
        for index in range(len(styles))
    ]
    try:
        mask_regions.mixture(
            _blank(_fitted(content, config.image_size)), [_blank(size) for size in styles], config,
            folder.masks("content", content_masks), folder.masks("style", style_masks), opacities,
        )  # fmt: skip
    except ValueError as error:
        raise Refused(400, str(error), _field(str(error))) from None


def _fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The (height, width) that a content picture is painted in, whose rounded sides a narrow mask has to match."""
    height, width = (max(1, round(side * longest / max(size))) for side in size)
    return height, width


def _blank(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Returns a white picture of that (height, width) that takes no memory."""
    return np.broadcast_to(np.uint8(255), (*size, 3))


def _field(message: str) -> str:
    """Returns the field of the mask that a message mentions first."""
    first = re.search(r"\b(content|style) mask", message)
    return f"{first[1]}_mask" if first else "style_mask"
