"""Scripts in the manner of those that others have published, run unchanged: what they print is checked by hand."""

import numpy as np
import pytest

from tests import scripts

SCRIPTS = [path.name for path in sorted(scripts.SCRIPTS.glob("*_*.py")) if path.name.split("_")[0] in ("seeded",)]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    return scripts.printed(*SCRIPTS, folder=tmp_path_factory.mktemp("scripts"))


# Seeds


def test_the_published_checks_print_the_published_numbers(printed):
    found = printed["seeded_checks.py"]
    assert found["J_content"] == pytest.approx(6.76559, abs=5e-6)
    published = [
        [6.42230511, -4.42912197, -2.09668207],
        [-4.42912197, 19.46583748, 19.56387138],
        [-2.09668207, 19.56387138, 20.6864624],
    ]
    np.testing.assert_allclose(found["GA"], published, rtol=1e-6)
    assert found["J_style_layer"] == pytest.approx(9.19028, abs=5e-6)
    assert found["J"] == 35.34667875478276


def test_an_operation_is_seeded_by_the_number_of_those_before_it(printed):
    """The values are those of TensorFlow 1.2.1."""
    found = printed["seeded_draws.py"]
    assert found["seeds"] == [[7, 3], [7, 10], [7, 17]]
    expected = [[-3.9564857, -4.9264431, -7.6282883], [-16.4769745, 9.8422909, -1.8117142]]
    np.testing.assert_allclose(found["noise"], expected, rtol=1e-6)
    np.testing.assert_allclose(found["start"], [0.05349388, -0.09548976, -0.02168501, -0.00164918], rtol=1e-5)
    assert found["order"] == [4, 0, 3, 1, 2, 5]


def test_seeds_given_by_hand_stay(printed):
    found = printed["seeded_by_hand.py"]
    assert found["both"] == [1, 9]
    np.testing.assert_allclose(found["drawn"], [-0.34760869, -1.4914773, -1.596887], rtol=1e-6)
    assert found["by hand"][1] == 9
    assert found["neither"] == [0, 0]
    assert found["again"] == "True"
