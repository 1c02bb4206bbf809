"""stylize: the one call that the command, servers, batches and notebooks share."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nst import colors, images, masks, places, scales, sessions, transfer, vgg
from nst.config import STARTS, TransferConfig
from nst.matconvnet import Network
from nst.record import CostRow, Originals, Record
from nst.transfer import Step


@dataclass(frozen=True)
class Start:
    """What is known when the painting begins. Sizes are (width, height) in pixels.

    `sizes` are those painted one after the other; `style_size` is that of the first style; `tile_size` is the side of
    the tiles in pixels, 0 for none; `seconds` is a rough estimate for all epochs.
    """

    network: str
    sizes: list[tuple[int, int]]
    style_size: tuple[int, int]
    tile_size: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """What a run came to.

    `picture` is uint8 RGB `[H, W, 3]`; `rows` has the costs of every epoch done; `files` the files by name
    (`picture`, `jpg`, `progress`, `costs`, `plot`); `ended` is `finished`, `stopped` or `diverged`; `troubles`
    are sentences about files that could not be written and about a run that diverged.
    """

    picture: NDArray[np.uint8]
    rows: list[CostRow]
    files: Mapping[str, Path]
    ended: str
    troubles: list[str]


def stylize(
    content: images.Source,
    style: images.Source | Sequence[images.Source],
    output_dir: str | Path | None,
    network: Network,
    config: TransferConfig | None = None,
    *,
    content_mask: masks.Masks = None,
    style_mask: masks.Masks = None,
    details: Mapping[str, Any] | None = None,
    flags: Mapping[str, str | Sequence[str]] | None = None,
    on_start: Callable[[Start], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    on_trouble: Callable[[str], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Result:
    """Paints `content` in the style of `style`, or in several styles.

    Args:
        content: a path, bytes, a file, or uint8 `[H, W, 3]`; scaled so that its longest side is `image_size`.
        style: the same, or a list of them, which share the picture by `style_weights` and the masks; each keeps its
            own shape, and its own size unless it is larger than `image_size`, or `style_scale` says otherwise.
        output_dir: the folder for the files of the run; None leaves nothing on disk.
        network: from `nst.weights.load`.
        config: the settings; the assignment's when None.
        content_mask: where the style acts: a grey picture for each style, or a coloured one for all, see
            `masks.mixture`.
        style_mask: what part of each style picture is looked at.
        details: further facts for `config.json`.
        flags: further flags for `flags.txt`.
        on_start: called once, before the first epoch.
        on_step: called after every epoch.
        on_trouble: called with a sentence when a file cannot be written; the painting goes on.
        stop: asked after every epoch; True ends the run with the picture of that epoch.

    Raises:
        images.PictureError: a picture that cannot be read, the start among them.
        ValueError: a layer that the network lacks, a picture or a region too small for it, a precision the device
            lacks, or weights or masks that do not fit the pictures.
        OSError: `output_dir` cannot be made or written.
        MemoryError: the device has no room; what was painted has been saved.
        Exception: what a callback raises comes through; what was painted has been saved.
        transfer.DivergedError: the cost was not finite after the first epoch already.
    """
    config = config or TransferConfig()
    engine = dataclasses.replace(config, precision=sessions.precision(config.precision))
    picture, opacity = images.read_with_alpha(content)
    styles = [images.read(source) for source in _sources(style)]
    picture = images.fit(picture, config.image_size)
    height, width = picture.shape[:2]
    shown = [images.fit(each, config.image_size, enlarge=False) for each in styles]
    originals = Originals(picture, shown, _stretched(opacity, height, width))
    mixture = masks.mixture(picture, styles, config, content_mask, style_mask)
    sizes = scales.plan(*_recoloured(picture, styles, config), config, mixture)
    del picture, opacity, styles
    scales.check(network, config, sizes)
    tile_sizes = transfer.tiles(sizes, network, engine)
    start = [_start_image(sizes[0].content, sizes[0].style, network, config)]
    record = None
    if output_dir is not None:
        facts = {
            "network": {"name": network.name, "file": network.source, "notice": network.notice},
            "picture_size": [width, height],
            "precision": engine.precision,
        }
        record = Record(
            Path(output_dir), config, originals,
            details={**(details or {}), **facts}, flags=flags or {}, warn=on_trouble or (lambda sentence: None),
        )  # fmt: skip
    run = _Run(record, originals.content, keeps_chroma=config.preserve_color == "luminance")

    def started(progress: transfer.Progress) -> None:
        if on_start and progress.scale is sizes[0]:
            shapes = [(size.content.shape[1], size.content.shape[0]) for size in sizes]
            style_height, style_width = sizes[-1].style.shape[:2]
            on_start(Start(network.name, shapes, (style_width, style_height), progress.tile_size, progress.seconds))

    try:
        with contextlib.closing(
            transfer.paint(
                sizes, start.pop(), network, engine, tile_sizes=tile_sizes, on_scale=started, warn=on_trouble
            )
        ) as steps:
            for step in steps:
                run.add(step)
                if on_step:
                    on_step(step)
                if stop and stop():
                    return run.finish("stopped")
    except transfer.DivergedError as error:
        if run.last is None:
            run.abandon()
            raise
        return run.finish("diverged", f"{error}; the picture of epoch {run.last.epoch} was kept")
    except BaseException:
        # Out of memory, an interrupted notebook, a callback's own error: what was painted is kept.
        run.rescue()
        raise
    return run.finish("finished")


class _Run:
    """The last step of a run, and the record that keeps it when there is one."""

    def __init__(self, record: Record | None, content: NDArray[np.uint8], *, keeps_chroma: bool) -> None:
        self.last: Step | None = None
        self._content = content
        self._keeps_chroma = keeps_chroma
        self._record = record
        self._rows: list[CostRow] = []
        self._troubles: list[str] = record.troubles if record else []

    def add(self, step: Step) -> None:
        self.last = step
        row = CostRow(step.epoch, *step.costs, step.seconds)
        self._rows.append(row)
        if self._record is not None:
            self._record.add(row, self._picture(step) if self._record.wants_picture(step.epoch) else None)

    def finish(self, ended: str, trouble: str = "") -> Result:
        assert self.last is not None
        step = self.last
        files: Mapping[str, Path] = {}
        if self._record:
            if trouble:
                self._record.trouble(trouble)
            files = self._record.finish(self._picture(self.last), lambda: self._exact(step), ended)
        elif trouble:
            self._troubles.append(trouble)
        return Result(self._picture(self.last), self._rows, files, ended, self._troubles)

    def _picture(self, step: Step) -> NDArray[np.uint8]:
        """The picture in the final size, which is that of every frame, in the colours that it is to have."""
        picture = images.stretch(step.picture, *self._content.shape[:2])
        return colors.with_chroma(picture, self._content) if self._keeps_chroma else picture

    def _exact(self, step: Step) -> NDArray[np.float32]:
        """The same, not rounded: float32, levels 0 to 255."""
        exact = images.stretch(step.image[0] + step.mean, *self._content.shape[:2])
        return colors.with_chroma(exact, self._content) if self._keeps_chroma else exact

    def rescue(self) -> None:
        if self.last is None:
            self.abandon()
        else:
            self.finish(
                "failed", f"the run failed after epoch {self.last.epoch}; what was painted until then was saved"
            )

    def abandon(self) -> None:
        if self._record is not None:
            self._record.abandon()


def _sources(style: images.Source | Sequence[images.Source]) -> list[images.Source]:
    """One style or several as a list; bytes and arrays are sequences too, but one picture each."""
    return list(style) if isinstance(style, list | tuple) else [cast(images.Source, style)]


def _recoloured(
    content: NDArray[np.uint8], styles: list[NDArray[np.uint8]], config: TransferConfig
) -> tuple[NDArray[np.uint8], list[NDArray[np.uint8]]]:
    """Content and styles as `preserve_color` has them painted."""
    if config.preserve_color == "luminance":
        return colors.luminance(content), [colors.brightness_matched(style, content) for style in styles]
    if config.preserve_color == "histogram":
        return content, [colors.matched(style, content) for style in styles]
    return content, styles


def _stretched(opacity: NDArray[np.uint8] | None, height: int, width: int) -> NDArray[np.uint8] | None:
    return None if opacity is None else images.stretch(opacity[..., np.newaxis], height, width)[..., 0]


def _start_image(
    content: NDArray[np.uint8], style: NDArray[np.uint8], network: Network, config: TransferConfig
) -> NDArray[np.float32]:
    """G before the first update; a picture, and the style as a start, is cut to the content's shape."""
    if config.init == "style" or config.init not in STARTS:
        source = style if config.init == "style" else images.read(images.find(config.init, places.folders("images")))
        return vgg.preprocess(images.cover(source, *content.shape[:2]), network.mean)
    pixels = vgg.preprocess(content, network.mean)
    return transfer.start_image(pixels, config.init, config.noise_ratio, np.random.RandomState(config.seed))
