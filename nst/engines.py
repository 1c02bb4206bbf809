"""How a list of pictures is painted: in this process one after the other, or elsewhere behind the same interface.

An engine gets pictures and tells what becomes of them. One that cannot be painted is told of, and the others go on.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from nst import encoding, files, images, run, state, weights
from nst.bench import Bench
from nst.matconvnet import Network
from nst.summary import THUMBNAIL
from nst.transfer import Step
from nst.worklist import Work

_THUMBNAIL = 320  # pixels of its longest side

Tell = Callable[[Work, str, Mapping[str, Any]], None]
"""Gets what happens to a picture: `started` (`first`, `epochs`, `seconds`), `epoch` (`epoch`, the costs, `seconds`,
`left`), `trouble` (`message`), and at last `ended` (`outcome`)."""
Folder = Callable[[Work], Path]
"""Says where the files of a picture go."""


class Outcome(NamedTuple):
    """What became of a picture.

    `status` is `finished`, `stopped`, `diverged` or `failed`; `reason` says why it failed; `costs` are those of the
    last epoch by name.
    """

    status: str
    reason: str = ""
    epochs: int = 0
    seconds: float = 0.0
    costs: Mapping[str, float] = {}
    troubles: tuple[str, ...] = ()


class Engine(Protocol):
    """What paints a list of pictures."""

    def run(self, works: Iterable[Work], place: Folder, tell: Tell, stop: Callable[[], bool]) -> None:
        """Paints the pictures, and tells what happens; returns when all have ended.

        Args:
            works: the pictures.
            place: where the files of each go. A picture of which a part is there already is gone on with.
            tell: called from this thread.
            stop: asked often; True ends the pictures that are being painted after their step, and begins no other.
        """
        ...


class SerialEngine:
    """Paints in this process: one network in memory, and graphs that serve all pictures of their settings."""

    def run(self, works: Iterable[Work], place: Folder, tell: Tell, stop: Callable[[], bool]) -> None:
        """As `Engine.run`."""
        model, network = "", None
        with Bench() as bench:
            for work in works:
                if stop():
                    return
                try:
                    if network is None or work.model != model:
                        model, network = work.model, weights.load(work.model)
                except ValueError as error:
                    network = None
                    outcome = Outcome("failed", str(error))
                else:
                    outcome = paint(work, place(work), network, bench, tell, stop)
                tell(work, "ended", {"outcome": outcome})


def paint(
    work: Work,
    place: Path,
    network: Network,
    bench: Bench | None,
    tell: Tell,
    stop: Callable[[], bool],
    details: Mapping[str, Any] | None = None,
) -> Outcome:
    """Paints one picture in this process; what is wrong with it is its outcome.

    Args:
        work: the picture; one that a folder holds a part of is gone on with.
        place: the folder of its files.
        network: that of its model.
        bench: graphs that earlier pictures have left.
        tell: gets all that happens but `ended`.
        stop: as of `run.stylize`.
        details: further facts for `config.json`.
    """
    begun: run.Start | None = None

    def start(known: run.Start) -> None:
        nonlocal begun
        begun = known
        tell(work, "started", {"first": known.first, "epochs": work.config.epochs, "seconds": known.seconds})

    def step(done: Step) -> None:
        assert begun is not None
        left = begun.left(done.epoch, done.seconds)
        tell(work, "epoch", {"epoch": done.epoch, **done.costs._asdict(), "seconds": done.seconds, "left": left})

    def stylize(*, resume: bool) -> run.Result:
        return run.stylize(
            work.content, list(work.styles), place, network, work.config,
            details={"content": str(work.content), "styles": [str(style) for style in work.styles], **(details or {})},
            flags=_flags(work, place, network),
            on_start=start, on_step=step, stop=stop, resume=resume, bench=bench,
            on_trouble=lambda message: tell(work, "trouble", {"message": message}),
        )  # fmt: skip

    try:
        try:
            result = stylize(resume=True)
        except state.StateError:  # of other settings, or damaged: what is there is moved aside
            result = stylize(resume=False)
    except (ValueError, OSError, MemoryError, ArithmeticError) as error:
        return Outcome("failed", str(error) or "memory ran out: take a smaller size")
    last = result.rows[-1]
    costs = {name: getattr(last, name) for name in ("total", "content", "style", "total_variation")}
    outcome = Outcome(result.ended, "", last.epoch + 1, last.seconds, costs, tuple(result.troubles))
    if "picture" not in result.files or result.files["picture"].parent != place:
        return outcome._replace(status="failed", reason=f"the picture could not be saved in {place}")
    if result.ended != "stopped":
        _tidy(place)
        with contextlib.suppress(OSError):
            small = images.fit(result.picture, _THUMBNAIL, enlarge=False)
            files.write_bytes(place / THUMBNAIL, encoding.encode(small, "jpg", quality=85))
    return outcome


def _flags(work: Work, place: Path, network: Network) -> dict[str, str | list[str]]:
    """What `flags.txt` says beside the settings."""
    return {
        "content_image_filename": str(work.content.resolve()),
        "style_image_filename": [str(style.resolve()) for style in work.styles],
        "output_dir": str(place.resolve()),
        "model": "preview" if network.notice else str(Path(network.source).resolve()),
    }


def _tidy(place: Path) -> None:
    """Removes what only a picture that goes on would need: megabytes for each of thousands."""
    shutil.rmtree(place / state.FOLDER, ignore_errors=True)
    with contextlib.suppress(OSError):
        (place / "RESUME.txt").unlink(missing_ok=True)
