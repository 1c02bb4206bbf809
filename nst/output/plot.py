"""Plots of cost curves, drawn without pyplot so that they work in any thread and without a display."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Iterator, Mapping, Sequence

from nst.utils import locations, tempdirs

_LOOKS = (("#222222", 3.5), ("#d1495b", 1.5), ("#00798c", 1.5), ("#edae49", 1.5))


def cost_curve(epochs: Sequence[int], curves: Mapping[str, Sequence[float]], title: str = "") -> bytes:
    """Draws costs over at least one epoch, on a logarithmic scale, as a PNG of 1200×750 pixels.

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
    """Matplotlib with its own defaults: neither MPLBACKEND, which notebooks set, nor the user's matplotlibrc matter.

    Without a home folder to write to, it keeps its fonts in the temporary one; it would warn, and make a new one each
    time.
    """
    before = {name: os.environ.get(name) for name in ("MPLBACKEND", "MPLCONFIGDIR")}
    logger = logging.getLogger("matplotlib")
    level = logger.level
    os.environ.pop("MPLBACKEND", None)  # read when matplotlib is imported for the first time
    try:
        if not before["MPLCONFIGDIR"] and not os.access(locations.expanded("~"), os.W_OK):
            os.environ["MPLCONFIGDIR"] = str(tempdirs.lasting("nst") / "matplotlib")
        logger.setLevel(logging.ERROR)
        import matplotlib

        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            yield
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
