"""Distances of the style: how far the statistics of one picture's feature maps are from another's.

The assignment compares Gram matrices, by the sum of squares. Feature maps may also be taken for samples of a Gaussian,
and Gaussians be compared by what it costs to carry one over into the other: the Wasserstein distance, which Mroueh 2019
("Wasserstein Style Transfer", arXiv:1905.12828) brought to style. It tells means from deviations, and a direction
in which the features hardly vary counts as the others do, where the squares see the strongest only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.engine import costs

_HAZE = 1e-3  # of the style's mean variance: what is added to every variance


class Distance(NamedTuple):
    """One way to compare.

    `means` says whether Gram matrices are wanted with their means, see `costs.mean_gram`; `aim` makes a style's,
    float32 `[n, n]`, into what `cost` wants of it, of that shape; `cost` takes it and the painted picture's matrix.
    """

    means: bool
    aim: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    cost: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def gaussian(gram: NDArray[np.float32]) -> NDArray[np.float32]:
    """√(C + h·1) bordered with μ: mean and covariance of feature maps, as `wasserstein_cost` wants the style's.

    h, a thousandth of the mean variance, is a haze that lies over both pictures: without it the distance has no slope
    where a feature does not vary.

    Args:
        gram: float32 `[n_C + 1, n_C + 1]`, `costs.mean_gram` with its means.

    Returns:
        NDArray: float32 of the same shape; its last corner is h.
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

    (μ, C) is the style's, (ν, D) the painted picture's mean and covariance; to both variances h is added. It is the
    least content cost of feature maps that have the style's mean and covariance, and so in that cost's unit. Sums and
    roots are float64: the difference of the traces is small beside them.

    Args:
        target: float32 `[n_C + 1, n_C + 1]`, from `gaussian`.
        gram: the same shape, `costs.mean_gram` of the painted picture with its means.

    Returns:
        tf.Tensor: float32 scalar, 0 or more.

    Raises:
        ValueError: the shapes differ or are not 2-D.
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
    """tr(√M) of a symmetric M > 0 and its gradient, ½·M^(−½); TensorFlow's own divides by gaps between eigenvalues."""
    values, vectors = tf.linalg.eigh((matrix + tf.transpose(matrix)) / 2)
    roots = tf.sqrt(tf.maximum(values, 1e-30))
    return costs.with_gradient(_root_gradient, tf.reduce_sum(roots), matrix, roots, vectors)


def _root_gradient(slope: tf.Tensor, matrix: tf.Tensor, roots: tf.Tensor, vectors: tf.Tensor) -> list[tf.Tensor | None]:
    return [slope * tf.matmul(vectors * (0.5 / roots), vectors, transpose_b=True), None, None]


DISTANCES: Mapping[str, Distance] = {
    "gram": Distance(False, lambda gram: gram, costs.gram_cost),
    "wasserstein": Distance(True, gaussian, wasserstein_cost),
}
"""By the name in the settings."""
