import io
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from nst.output import plot
from tests.conftest import ROOT


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def count(picture, colour):
    return int((np.abs(picture - colour).max(axis=-1) < 12).sum())


TOTAL, STYLE, CONTENT = (0x22, 0x22, 0x22), (0xD1, 0x49, 0x5B), (0x00, 0x79, 0x8C)


def test_curves_are_drawn_and_empty_ones_left_out():
    curves = {"total": [100.0, 50, 20], "style": [90.0, 40, 10], "content": [10.0, 10, 10], "variation": [0.0, 0, 0]}
    picture = pixels(plot.cost_curve([0, 1, 2], curves, "title"))
    assert picture.shape == (750, 1200, 3)
    assert count(picture, STYLE) > 500
    assert count(picture, CONTENT) > 500
    assert count(picture, (0xED, 0xAE, 0x49)) == 0


def test_a_single_epoch_shows_its_points():
    one = pixels(plot.cost_curve([0], {"total": [5.0], "style": [2.0]}))
    assert count(one, STYLE) > 50


def test_costs_of_zero_are_no_error():
    assert pixels(plot.cost_curve([0, 1], {"total": [0.0, 0.0]})).shape == (750, 1200, 3)


def test_pyplot_is_not_used():
    draw = "plot.cost_curve([0], {'t': [1.0]})"
    code = f"import sys; from nst.output import plot; {draw}; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("environment", "settings"),
    [
        ({"MPLBACKEND": "module://matplotlib_inline.backend_inline"}, b""),
        ({"MPLBACKEND": "nonsense"}, b""),
        ({}, b"text.usetex: True"),
        ({}, b"axes.titlesize: 30  # \xff is not UTF-8"),
        ({"HOME": os.path.join(os.devnull, "home")}, b""),
    ],
)
def test_settings_of_the_user_do_not_matter(tmp_path, environment, settings):
    """A notebook's `!python nst_main.py` inherits its backend; matplotlibrc may want LaTeX; there may be no home."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own/matplotlibrc").write_bytes(settings + b"\n")
    if "HOME" not in environment:
        environment = {**environment, "MPLCONFIGDIR": str(tmp_path / "own")}
    code = (
        "import sys; from nst.output import plot; sys.stdout.buffer.write(plot.cost_curve([0, 1], {'t': [2.0, 1.0]}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), **environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert not list(tmp_path.glob("matplotlib-*")), "where it would put its fonts anew each time"
    assert done.stdout == plot.cost_curve([0, 1], {"t": [2.0, 1.0]})


def test_plots_of_the_user_in_the_same_process_have_the_users_settings(tmp_path):
    """A notebook shows them below its cells."""
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 7\n")
    code = (
        "from nst.output import plot; plot.cost_curve([0], {'t': [1.0]}); import matplotlib; "
        "print(matplotlib.rcParams['lines.linewidth'], matplotlib.get_backend())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(tmp_path), "MPLBACKEND": "svg"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["7.0", "svg"], done.stderr


def test_settings_of_this_process_stay_what_they_are():
    import matplotlib

    with matplotlib.rc_context({"lines.linewidth": 7.0}):
        plot.cost_curve([0], {"t": [1.0]})
        assert matplotlib.rcParams["lines.linewidth"] == 7.0
