"""L-BFGS as a graph update: a function from a variable, its cost and its gradient to an operation.

Each run of the operation makes one step and needs one evaluation of cost and gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import tensorflow.compat.v1 as tf
from numpy.typing import ArrayLike

_SHRINK = 0.3  # of a step that raised the cost
_SHRINKS = 3  # of one step, before the history is discarded
_CURVATURE = 1e-8  # least cosine between a step and the change of the gradient along it
_POWER = 0.25  # exponent of the frequency in the spectral metric
_LOWEST = 1 / 256  # cycles per pixel; lower frequencies are weighted like this one

Metric: TypeAlias = "Callable[[tf.Tensor], tf.Tensor]"
"""The preconditioner P of L-BFGS: a linear, symmetric, positive definite map between tensors of one shape."""


class _State(NamedTuple):
    """The state of L-BFGS besides its history: the last accepted point, and the shortenings of the step from it."""

    point: tf.Tensor  # float32 [n]
    gradient: tf.Tensor  # float32 [n]
    cost: tf.Tensor  # float32
    pairs: tf.Tensor  # int32, number of pairs ever added to the history
    shrinks: tf.Tensor  # int32


def lbfgs(
    variable: tf.Variable,
    value: tf.Tensor,
    cost: tf.Tensor,
    gradient: tf.Tensor,
    *,
    history: int = 10,
    first_change: float = 8.0,
    largest_change: float = 20.0,
    bounds: tuple[ArrayLike, ArrayLike] | None = None,
    metric: Metric = tf.identity,
) -> tuple[tf.Operation, tf.Operation]:
    """One step of L-BFGS (Nocedal 1980) without a line search.

    The unit step along −H·g is tried at once, and the next run judges it by its cost. If the cost has risen or is not
    finite, the step from the last accepted point is shortened; after three shortenings the history is discarded and a
    small step is made down the gradient. So the accepted costs never rise, and no evaluation is spent on a line search
    that is not needed.

    With bounds, the step is projected onto them, and values at a bound that would leave it are excluded from the
    recursion (Bertsekas 1982, two-metric projection). Without bounds, a picture owes part of its low cost to values
    that no file can store: saved, with these clipped, it may cost many times as much.

    The metric P replaces the identity of the textbook: the recursion begins with H = γ·P, and a step without a history
    goes along −P·g. This is L-BFGS preconditioned by x = P^(1/2)·z, but written in x, where the bounds apply.

    Args:
        variable: the variable to update; float32.
        value: the reading of the variable that cost and gradient were computed from.
        cost: float32 scalar, J(value).
        gradient: dJ/dvalue, of the variable's shape.
        history: number of pairs of steps and gradient changes to keep; each takes the memory of two variables.
        first_change: mean absolute change of a value in the first step, when nothing is known of the curvature. Like
            `largest_change`, in the variable's unit: grey levels for a picture.
        largest_change: upper limit of the mean absolute change of a value in a step.
        bounds: the smallest and the largest value, for each index of the variable's last axis; None for no bounds.
        metric: the preconditioner P, such as `spectral` for pictures.

    Returns:
        tuple[tf.Operation, tf.Operation]: the first judges the last step and makes the next. The optimiser's state is
        kept in further variables. The second prepares for another objective: the next run of the first accepts the
        point whatever its cost, and takes no curvature from the difference of two objectives' gradients.
    """
    shape = variable.shape.as_list()
    size = math.prod(shape)
    point, slope = tf.reshape(value, [-1]), tf.reshape(gradient, [-1])
    steps, changes = (_variable(tf.zeros([history, size])) for _ in range(2))
    stored = _State(
        _variable(tf.zeros([size])), _variable(tf.zeros([size])),
        _variable(math.inf), _variable(tf.constant(0)), _variable(tf.constant(0)),
    )  # fmt: skip
    last = _State(*(part.read_value() for part in stored))

    if bounds is None:
        low, high = -math.inf, math.inf
    else:
        # Per row of the picture: broadcasting over an axis of three channels is ten times as slow.
        columns = shape[-2] if len(shape) > 1 else 1
        low, high = (tf.tile(tf.constant(bound, tf.float32), [columns]) for bound in bounds)
    rows = [-1, math.prod(shape[-2:])]

    def times_metric(vector: tf.Tensor) -> tf.Tensor:
        return tf.reshape(metric(tf.reshape(vector, shape)), [-1])

    def free(slope: tf.Tensor) -> tf.Tensor:
        """The gradient, but 0 where a value is at a bound that a step downhill would cross."""
        values, slopes = tf.reshape(value, rows), tf.reshape(slope, rows)
        stuck = tf.where(slopes > 0, values <= low, values >= high)
        return tf.reshape(tf.where(stuck, tf.zeros_like(slopes), slopes), [-1])

    def within(target: tf.Tensor) -> tf.Tensor:
        return tf.reshape(tf.maximum(low, tf.minimum(high, tf.reshape(target, rows))), shape)

    def accept() -> tuple[tf.Tensor, _State]:
        pairs = _remember(steps, changes, point - last.point, slope - last.gradient, last)
        # After a write to one of its rows, every read of a variable is a copy unless copy-on-read is switched off.
        with tf.control_dependencies([pairs]):
            shared = [tf.raw_ops.DisableCopyOnRead(resource=ring.handle) for ring in (steps, changes)]
        downward = free(slope)
        with tf.control_dependencies(shared):
            direction = _direction(downward, steps.read_value(), changes.read_value(), pairs, times_metric)
        direction = tf.where(tf.equal(downward, 0), tf.zeros_like(slope), direction)
        downhill = tf.logical_and(pairs > 0, _dot(direction, slope) < 0)
        length = tf.minimum(1.0, largest_change / tf.reduce_mean(tf.abs(direction)))
        # Not tf.where, which would compute both steps: only the one that is made should take memory.
        move = tf.cond(downhill, lambda: direction * length, lambda: _along(-times_metric(downward), first_change))
        return within(point + move), _State(point, slope, cost, pairs, tf.constant(0))

    def reject() -> tuple[tf.Tensor, _State]:
        shrinks = last.shrinks + 1
        forget = shrinks > _SHRINKS
        small = first_change / 16 * tf.pow(0.5, tf.cast(shrinks - _SHRINKS - 1, tf.float32))
        move = tf.cond(
            forget,
            lambda: _along(-times_metric(last.gradient), small),
            lambda: _SHRINK * (point - last.point),
        )
        pairs = tf.where(forget, 0, last.pairs)
        return within(last.point + move), _State(last.point, last.gradient, last.cost, pairs, shrinks)

    better = tf.logical_and(tf.math.is_finite(cost), cost <= last.cost)
    target, state = tf.cond(better, accept, reject)
    # An accepted point does not depend on the last one: only this makes its assignment wait for that reading.
    with tf.control_dependencies(last):
        updates = [part.assign(new) for part, new in zip(stored, state, strict=True)]
    # Without a finite cost of the last point, the next one is accepted, and `_remember` adds no pair.
    return tf.group(variable.assign(target), *updates), stored.cost.assign(math.inf).op


def _variable(value: tf.Tensor | float) -> tf.Variable:
    return tf.Variable(value, trainable=False, use_resource=True)


def _dot(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Σ left·right of two vectors, without allocating their product."""
    return tf.matmul(left[tf.newaxis], right[tf.newaxis], transpose_b=True)[0, 0]


def _along(direction: tf.Tensor, change: tf.Tensor | float) -> tf.Tensor:
    """A step along a direction, scaled to a mean absolute change of `change`."""
    return direction * (change / (tf.reduce_mean(tf.abs(direction)) + 1e-30))


def _remember(steps: tf.Variable, changes: tf.Variable, step: tf.Tensor, change: tf.Tensor, last: _State) -> tf.Tensor:
    """Adds a pair to the ring buffers of the history if its curvature is positive; returns the new count."""
    curvature = _dot(step, change)
    lengths = tf.sqrt(_dot(step, step) * _dot(change, change))
    convex = tf.logical_and(tf.math.is_finite(last.cost), curvature > _CURVATURE * lengths)
    slot = last.pairs % steps.shape[0]

    def push() -> tf.Tensor:
        writes = [
            tf.raw_ops.ResourceScatterUpdate(resource=ring.handle, indices=[slot], updates=row[tf.newaxis])
            for ring, row in ((steps, step), (changes, change))
        ]
        with tf.control_dependencies(writes):
            return last.pairs + 1

    return tf.cond(convex, push, lambda: tf.identity(last.pairs))


def _direction(
    gradient: tf.Tensor, steps: tf.Tensor, changes: tf.Tensor, pairs: tf.Tensor, metric: Metric
) -> tf.Tensor:
    """−H·g by the two-loop recursion (Nocedal, Wright 2006, algorithm 7.4), its loops written as triangular systems.

    With s_i, y_i newest first, A_ij = s_i·y_j, L the lower triangle of A and D its diagonal, the first loop is
    L·α = S·g and leaves q = g − Yᵀα. Then r = γ·P·q with γ = s_0·y_0 / y_0·P·y_0, the second loop is
    Lᵀ·δ = D·α − Y·r, and H·g = r + Sᵀδ. So a few matrix products read the history, and the recursion itself works on
    vectors of `history` numbers. S and Y, `steps` and `changes`, are ring buffers `[history, n]` in which `pairs` rows
    have ever been written.
    """
    history = steps.shape[0]
    order = tf.math.floormod(pairs - 1 - tf.range(history), history)  # ring slots, newest first
    slots = tf.argsort(order)
    used = tf.cast(tf.range(history) < pairs, tf.float32)

    def products(rows: tf.Tensor, vector: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.linalg.matvec(rows, vector), order) * used

    def combined(rows: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
        return tf.linalg.matvec(rows, tf.gather(factors * used, slots), transpose_a=True)

    crossed = tf.gather(tf.gather(tf.matmul(steps, changes, transpose_b=True), order), order, axis=1)
    lower = tf.linalg.band_part(crossed * used[:, tf.newaxis] * used, -1, 0) + tf.linalg.diag(1 - used)
    alpha = _solve(lower, products(steps, gradient))
    newest = changes[order[0]]
    scale = lower[0, 0] / tf.maximum(_dot(newest, metric(newest)), 1e-30)
    with tf.control_dependencies([scale]):  # one after the other, to halve the peak memory
        left = gradient - combined(changes, alpha)
    remainder = scale * metric(left)
    delta = _solve(lower, tf.linalg.diag_part(lower) * alpha - products(changes, remainder), adjoint=True)
    return -remainder - combined(steps, delta)


def _solve(lower: tf.Tensor, right: tf.Tensor, adjoint: bool = False) -> tf.Tensor:
    return tf.linalg.triangular_solve(lower, right[:, tf.newaxis], adjoint=adjoint)[:, 0]


def spectral(picture: tf.Tensor) -> tf.Tensor:
    """P·x = F⁻¹·s²·F·x for each channel, s = f^−0.25: a preconditioner that favours broad strokes over fine grain.

    In photographs and paintings amplitudes fall with the frequency f: a change of one grey level is small for a patch
    of colour, but large for grain. With P instead of the identity, the first steps change colours and broad strokes.
    lucid parametrises its pictures in such a basis (Olah, Mordvintsev, Schubert 2017, "Feature Visualization",
    preconditioning); here it is L-BFGS's initial guess of H. `docs/experiments.md` has steps to a given cost by
    exponent.

    The Fourier transform F treats the picture as periodic, so a change at one border affects the opposite one a
    little. This is harmless: P only directs the search, and the minima are the same for every positive definite P. A
    cosine transform, which has no such seam, reaches the same costs. Pictures are float32 `[1, H, W, C]`.
    """
    _, height, width, _ = picture.shape.as_list()

    def frequencies(extent: int, count: int) -> tf.Tensor:
        index = tf.range(count, dtype=tf.float32)
        return tf.minimum(index, extent - index) / extent  # cycles per pixel

    squared = tf.square(frequencies(height, height))[:, tf.newaxis] + tf.square(frequencies(width, width // 2 + 1))
    weights = tf.pow(tf.maximum(squared, _LOWEST**2), -_POWER)
    found: list[tf.Tensor] = []
    for channel in tf.unstack(picture[0], axis=-1):
        with tf.control_dependencies(found):  # one channel at a time, to save memory
            waves = tf.signal.rfft2d(tf.identity(channel))
        found.append(tf.signal.irfft2d(waves * tf.cast(weights, tf.complex64), [height, width]))
    return tf.stack(found, axis=-1)[tf.newaxis]
