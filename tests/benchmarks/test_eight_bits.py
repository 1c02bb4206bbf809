"""The clustering of benchmarks.research.eight_bits."""

import numpy as np
import pytest

from benchmarks.research.eight_bits import clustered


def rms(values):
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


@pytest.mark.parametrize("draw", ["normal", "laplace"])
def test_the_centres_are_those_of_the_least_squared_error(draw):
    kernel = getattr(np.random.default_rng(0), draw)(0, 0.05, (3, 3, 128, 256)).astype(np.float32)
    found = clustered(kernel)
    assert (found.shape, found.dtype) == (kernel.shape, np.float32)
    values = np.unique(found)
    assert 250 <= values.size <= 256
    some = kernel.ravel()[::997]
    nearest = values[np.abs(some[:, None] - values).argmin(1)]
    np.testing.assert_allclose(np.abs(found.ravel()[::997] - some), np.abs(nearest - some), atol=1e-7)
    for value in values[::16]:
        members = kernel[found == value]
        assert value == pytest.approx(members.mean(dtype=np.float64), abs=1e-6), (
            "each is the mean of what it stands for"
        )
    # Panter and Dite's least squared error for many centres: (∫ density^(1/3))³ / 12 / 256², here of variance 1.
    bound = {"normal": np.sqrt(3) * np.pi / 2, "laplace": 9 / 2}[draw]
    assert rms(found - kernel) / rms(kernel) == pytest.approx(np.sqrt(bound) / 256, rel=0.05)


def test_few_values_stay_as_they_are():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 8)).astype(np.float32)
    assert clustered(kernel) is kernel
