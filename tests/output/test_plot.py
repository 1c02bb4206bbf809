import io

import numpy as np
from PIL import Image

from nst.output import plot


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
    import subprocess
    import sys

    draw = "plot.cost_curve([0], {'t': [1.0]})"
    code = f"import sys; from nst.output import plot; {draw}; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
