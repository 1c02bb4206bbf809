"""Scripts in the manner of those that others have published, run unchanged: what they print is checked by hand."""

import numpy as np
import pytest

from tests import scripts

KINDS = ("seeded", "numpy")
SCRIPTS = [path.name for path in sorted(scripts.SCRIPTS.glob("*_*.py")) if path.name.split("_")[0] in KINDS]


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


# NumPy's functions on tensors


def layer_costs(a, b):
    """Content and style cost of two arrays `[1, H, W, C]`, by NumPy in float64."""
    _, height, width, channels = a.shape
    a, b = (x.reshape(-1, channels).astype(np.float64) for x in (a, b))
    content = ((a - b) ** 2).sum() / (4 * a.size)
    return content, ((a.T @ a - b.T @ b) ** 2).sum() / (4 * channels**2 * (height * width) ** 2)


def test_costs_by_numpys_functions(printed):
    found = printed["numpy_power.py"]
    random = np.random.RandomState(2)
    content, style = layer_costs(*(random.normal(1, 4, (1, 4, 5, 3)).astype("float32") for _ in range(2)))
    assert found["J_content"] == pytest.approx(content, rel=1e-5)
    assert found["J_style"] == pytest.approx(style, rel=1e-5)


def test_numpy_sums_lists_of_tensors_and_leaves_a_tensor_as_it_is(printed):
    found = printed["numpy_sums.py"]
    values = np.random.RandomState(3).uniform(1, 2, (3, 2)).astype("float32")
    costs = values.sum(axis=1)
    assert found["sum"] == pytest.approx(costs.sum(), rel=1e-5)
    assert found["weighted"] == pytest.approx(costs @ [0.5, 0.3, 0.2], rel=1e-5)
    assert found["product"] == pytest.approx(costs.prod(), rel=1e-5)
    np.testing.assert_array_equal(np.float32(found["one"]), values)
    assert found["total"] == pytest.approx(10 * costs[0] + 40 * costs[1], rel=1e-5)
    assert found["size"] == 6
    assert found["negative"] == pytest.approx(-costs[2], rel=1e-5)
    np.testing.assert_allclose(found["each"], costs[0] * values[1], rtol=1e-5)


def test_numpys_functions_in_what_is_trained(printed):
    found = printed["numpy_training.py"]
    target = np.random.RandomState(4).uniform(-1, 1, (2, 3)).astype("float32")
    image = np.zeros((2, 3))
    for step in range(4):
        image -= 0.6 * 2 * (image - target) / 6
        assert found[f"cost {step}"] == pytest.approx(((image - target) ** 2).mean(), rel=1e-4)
    np.testing.assert_allclose(found["image"], image, rtol=1e-5)
    assert found["sqrt"] == "TypeError", "TF1 had none either"
