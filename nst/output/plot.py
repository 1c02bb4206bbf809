"""Plots of cost curves, drawn without pyplot so that they work in any thread and without a display."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence

from nst.utils import environment, locations, tempdirs

_LOOKS = (("#222222", 3.5), ("#d1495b", 1.5), ("#00798c", 1.5), ("#edae49", 1.5))


def cost_curve(
    epochs: Sequence[int], curves: Mapping[str, Sequence[float]], title: str = "", marks: Sequence[int] = ()
) -> bytes:
    """Draws costs over at least one epoch, on a logarithmic scale, as a PNG of 1200×750 pixels.

    A dotted line is drawn at each of the epochs in `marks`, where the costs changed their meaning.

    Curves without a positive value are left out. The first is drawn wide, because a part that makes up most of the
    total would hide it.
    """
    with _own_settings():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        figure = Figure(figsize=(8, 5), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        drawn = {name: values for name, values in curves.items() if any(value > 0 for value in values)}
        for (name, values), (colour, width) in zip(drawn.items(), _LOOKS, strict=False):
            marker = "o" if len(epochs) == 1 else None
            axes.plot(epochs, values, label=name, color=colour, linewidth=width, marker=marker)
        for index, epoch in enumerate(marks):
            axes.axvline(epoch, color="#888888", linewidth=1, linestyle=":", label="steered" if index == 0 else None)
        if drawn:
            axes.set_yscale("log")
            axes.legend(frameon=False)
        axes.set_xlabel("epoch")
        axes.set_ylabel("cost")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(True, which="major", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(title)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150)
        return buffer.getvalue()


@contextlib.contextmanager
def _own_settings() -> Iterator[None]:
    """Matplotlib with its own defaults: neither MPLBACKEND, which notebooks set, nor the user's matplotlibrc matter."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it warns where there is no home folder
    try:
        if "matplotlib" not in sys.modules:
            _import()
        import matplotlib

        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            yield
    finally:
        logger.setLevel(level)


def _import() -> None:
    """Imports matplotlib, which reads the user's settings then, and fails if they are wrong."""
    backend = os.environ.get("MPLBACKEND")
    changes: dict[str, str | None] = {"MPLBACKEND": None, "MATPLOTLIBRC": os.devnull}
    if not os.environ.get("MPLCONFIGDIR") and not os.access(locations.expanded("~"), os.W_OK):
        # It would put its fonts into a new temporary folder each time.
        changes["MPLCONFIGDIR"] = str(tempdirs.lasting("nst") / "matplotlib")
    with environment.changed(changes):
        import matplotlib

        matplotlib.get_cachedir()  # which it remembers
    # For plots of the user's own in this process.
    with contextlib.suppress(Exception):
        matplotlib.rc_file(matplotlib.matplotlib_fname())
    with contextlib.suppress(ValueError):
        if backend:
            matplotlib.rcParams["backend"] = backend
