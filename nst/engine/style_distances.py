"""Style distances: how far the statistics of one picture's feature maps are from those of another.

The assignment compares Gram matrices by their squared differences. Alternatively, feature maps may be regarded as
samples of a Gaussian, and two Gaussians compared by the cost of transporting one to the other: the Wasserstein
distance, introduced to style transfer by Mroueh 2019 ("Wasserstein Style Transfer", arXiv:1905.12828). It separates
means from deviations, and directions in which the features hardly vary count as much as the others, whereas squared
differences are dominated by the strongest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.engine import costs

_HAZE = 1e-3  # of the style's mean variance; added to every variance


class Distance(NamedTuple):
    """A distance between two styles, from their Gram matrices, float32 `[n, n]`."""

    means: bool  # whether it needs Gram matrices with means, see `costs.mean_gram`
    aim: Callable[[NDArray[np.float32]], NDArray[np.float32]]  # converts the style's matrix to the target of `cost`
    cost: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # compares the target with the painted picture's matrix


def gaussian(gram: NDArray[np.float32]) -> NDArray[np.float32]:
    """√(C + h·1) bordered with μ: mean and covariance of feature maps, as the target of `wasserstein_cost`.

    h, a thousandth of the mean variance, is added to the variances of both pictures: without it the distance has no
    gradient where a feature does not vary. The last corner is h.

    Args:
        gram: float32 `[n_C + 1, n_C + 1]`, `costs.mean_gram` with its means; the result has the same shape.
    """
    exact = gram.astype(np.float64)
    mean = exact[:-1, -1]
    covariance = exact[:-1, :-1] - np.outer(mean, mean)
    haze = max(_HAZE * float(np.trace(covariance)) / len(mean), 1e-12 * float(np.trace(exact[:-1, :-1])), 1e-30)
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    found = np.empty_like(exact)
    found[:-1, :-1] = vectors * np.sqrt(np.maximum(values, 0) + haze) @ vectors.T
    found[:-1, -1] = found[-1, :-1] = mean
    found[-1, -1] = haze
    return found.astype(np.float32)


def wasserstein_cost(target: tf.Tensor, gram: tf.Tensor) -> tf.Tensor:
    """(|μ − ν|² + tr(C + D − 2·(√C·D·√C)^½)) / (4·n_C): squared 2-Wasserstein distance of two Gaussians.

    (μ, C) are the style's mean and covariance, (ν, D) the painted picture's, both with h added to the variances. The
    distance is the smallest content cost of feature maps with the style's mean and covariance, and so has the unit of
    that cost. Sums and roots are float64, because the difference of the traces is small compared to the traces.

    Args:
        target: float32 `[n_C + 1, n_C + 1]`, from `gaussian`.
        gram: `costs.mean_gram` of the painted picture, with means; the same shape.

    Returns:
        tf.Tensor: float32 scalar, 0 or more; shapes that differ raise `ValueError`.
    """
    target, gram = tf.convert_to_tensor(target), tf.convert_to_tensor(gram)
    costs.check_same_shape("Gram matrices with means", target, gram, rank=2)
    target, gram = tf.cast(target, tf.float64), tf.cast(gram, tf.float64)
    root, mean, haze = target[:-1, :-1], target[:-1, -1], target[-1, -1]
    other = gram[:-1, -1]
    channels = tf.shape(mean)[0]
    spread = gram[:-1, :-1] - other[:, tf.newaxis] * other + haze * tf.eye(channels, dtype=tf.float64)
    cross = _trace_of_root(tf.matmul(root, tf.matmul(spread, root)))
    traces = tf.reduce_sum(tf.square(root)) + tf.linalg.trace(spread)
    apart = tf.reduce_sum(tf.squared_difference(mean, other)) + traces - 2 * cross
    return tf.cast(apart / (4 * tf.cast(channels, tf.float64)), tf.float32)


def _trace_of_root(matrix: tf.Tensor) -> tf.Tensor:
    """tr(√M) of a symmetric M > 0, with the gradient ½·M^(−½): TensorFlow's divides by gaps between eigenvalues."""
    values, vectors = tf.linalg.eigh((matrix + tf.transpose(matrix)) / 2)
    roots = tf.sqrt(tf.maximum(values, 1e-30))
    return costs.with_gradient(_root_gradient, tf.reduce_sum(roots), matrix, roots, vectors)


def _root_gradient(slope: tf.Tensor, matrix: tf.Tensor, roots: tf.Tensor, vectors: tf.Tensor) -> list[tf.Tensor | None]:
    return [slope * tf.matmul(vectors * (0.5 / roots), vectors, transpose_b=True), None, None]


DISTANCES: Mapping[str, Distance] = {
    "gram": Distance(False, lambda gram: gram, costs.gram_cost),
    "wasserstein": Distance(True, gaussian, wasserstein_cost),
}
"""By their names in the settings."""
