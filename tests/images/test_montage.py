import numpy as np
import pytest

from nst.images.montage import SideBySide, contact_sheet
from nst.output import plot

RED, BLUE, GREEN = ((200, 30, 60), (20, 90, 180), (10, 160, 40))


def plain(height, width, colour):
    return np.full((height, width, 3), colour, np.uint8)


def test_pictures_stand_side_by_side_in_their_own_shapes():
    row = SideBySide(plain(40, 60, RED), [plain(20, 10, BLUE), plain(10, 20, BLUE)], 40, 60)
    assert (row.height, row.width, row.lefts) == (40, 60 + 20 + 80 + 60 + 3 * 8, [0, 68, 96, 184])
    for colour in (GREEN, BLUE):  # a frame leaves nothing in the next one
        frame = row.frame(plain(40, 60, colour))
        assert frame.shape == (40, 244, 3)
        for left, width, expected in ((0, 60, RED), (68, 20, BLUE), (96, 80, BLUE), (184, 60, colour)):
            np.testing.assert_array_equal(frame[:, left : left + width], plain(40, width, expected))
        assert (frame[:, 60:68] == 255).all()


@pytest.mark.parametrize("styles", [1, 6])
def test_a_row_is_never_wider_than_a_screen(styles):
    row = SideBySide(plain(900, 1200, RED), [plain(300, 1000, BLUE)] * styles, 900, 1200)
    assert 1800 < row.width <= 1920
    assert row.frame(plain(900, 1200, GREEN)).shape == (row.height, row.width, 3)


def test_a_contact_sheet_has_pictures_names_and_curve():
    curve = plot.cost_curve([0, 1], {"total": [3.0, 2.0]})
    page = contact_sheet(plain(300, 400, RED), [plain(300, 400, BLUE)], plain(300, 400, GREEN), curve)
    for colour in (RED, BLUE, GREEN):
        assert (page == colour).all(axis=2).sum() >= 300 * 400
    assert (page[:28] < 128).any()  # the names
    assert (page[28 + 300 + 8 :] < 128).any()  # the curve
    assert page.shape[1] == 3 * 400 + 2 * 8
