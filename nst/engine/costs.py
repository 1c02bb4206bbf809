"""The costs: functions from tensors to scalars.

The formulas are those of Gatys, Ecker, Bethge, "A Neural Algorithm of Artistic Style" (2015, arXiv:1508.06576),
with the normalisation of the Coursera assignment. Each function adds operations to the graph of its arguments and runs
nothing. Every cost is a float32 scalar. Shapes known to differ raise `ValueError`, because `[1, 1]` would broadcast
silently; unknown ones are checked when the graph is run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow.compat.v1 as tf

Gradient: TypeAlias = "Callable[..., Sequence[tf.Tensor | None]]"
"""See `with_gradient`."""


def content_cost(target: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
    """J_content = Σ (a_C − a_G)² / (4·n_H·n_W·n_C): equation 1, with the assignment's factor.

    Args:
        target: float32 `[1, n_H, n_W, n_C]`, feature maps of the content picture.
        features: feature maps of the painted picture, of the same shape.
    """
    target, features = tf.convert_to_tensor(target), tf.convert_to_tensor(features)
    check_same_shape("feature maps", target, features, rank=4)
    count = tf.cast(tf.size(features, out_type=tf.int64), features.dtype)
    return tf.reduce_sum(tf.squared_difference(target, features)) / (4.0 * count)


def gram_matrix(unrolled: tf.Tensor) -> tf.Tensor:
    """G = A·Aᵀ: G_ij is the inner product of feature maps i and j (equation 3).

    A is float32 `[n_C, n_H·n_W]`; G is float32 `[n_C, n_C]`, symmetric.
    """
    return tf.matmul(unrolled, unrolled, transpose_b=True)


def mean_gram(features: tf.Tensor, guide: tf.Tensor | None = None, *, means: bool = False) -> tf.Tensor:
    """G_ij = Σ_p g(p)·f_i(p)·f_j(p): the Gram matrix of feature maps per pixel, comparable between sizes of pictures.

    Without a guide g is 1 / (n_H·n_W), for G / (n_H·n_W). A guide selects a region (Gatys et al. 2017,
    arXiv:1611.07865, section 4): with Σ_p g(p) = 1 the matrix is a mean per pixel too, and the matrices of a picture's
    tiles add up to that of the picture.

    The sums are computed in float32 for either type of `features`. The gradient is g·A·(S + Sᵀ) with S = dJ/dG, exactly
    0 where g is 0, computed as one product in the type of the maps; TensorFlow's own would be two products in float32.

    Args:
        features: `[1, n_H, n_W, n_C]`, float32 or bfloat16.
        guide: g, float32 `[1, n_H, n_W, 1]`, the weight of each pixel; it has no gradient.
        means: whether to border the matrix with the means of the feature maps, as if there were one more map of ones.

    Returns:
        tf.Tensor: float32 `[n_C, n_C]`; with the means `[n_C + 1, n_C + 1]`, Σ_p g(p) in its last corner.
    """
    features = tf.convert_to_tensor(features)
    _check_rank("feature maps", features, 4)
    if guide is not None:
        guide = tf.convert_to_tensor(guide)
        _check_per_pixel("a guide", guide, "feature maps", features)
    # AᵀA with pixels as rows: the sums of gram_matrix, without transposing the feature maps in memory.
    rows = _rows(features)
    exact = tf.cast(rows, tf.float32)
    pixels = tf.cast(tf.shape(rows)[0], tf.float32)
    counts = None if guide is None else tf.reshape(guide, [-1, 1])
    weighed = exact if counts is None else exact * counts
    found = tf.matmul(weighed, exact, transpose_a=True)
    if means:
        # A matrix product sums more accurately than reduce_sum.
        sums = tf.matmul(weighed, tf.ones_like(exact[:, :1]), transpose_a=True)
        total = pixels if counts is None else tf.reduce_sum(counts)
        last = tf.concat([tf.transpose(sums), tf.reshape(total, [1, 1])], axis=1)
        found = tf.concat([tf.concat([found, sums], axis=1), last], axis=0)
    gram = found / pixels if counts is None else found
    guides = [] if guide is None else [guide]
    return with_gradient(_gram_gradient_with_means if means else _gram_gradient, gram, features, *guides)


def _rows(maps: tf.Tensor) -> tf.Tensor:
    """Feature maps as a matrix with one row per pixel."""
    rows = tf.reshape(maps, [-1, tf.shape(maps)[3]])
    rows.set_shape([None, maps.shape[3]])
    return rows


def _gram_gradient(
    slope: tf.Tensor, maps: tf.Tensor, *guides: tf.Tensor, means: bool = False
) -> list[tf.Tensor | None]:
    """A·(S + Sᵀ), or g·A·(S + Sᵀ) with a guide; see `with_gradient`."""
    rows = _rows(maps)
    channels = tf.shape(maps)[3]
    both = slope + tf.transpose(slope)
    both = tf.cast(both if guides else both / tf.cast(tf.shape(rows)[0], tf.float32), rows.dtype)
    inner = both[:channels, :channels] if means else both
    inner.set_shape([maps.shape[3]] * 2)
    changes = tf.matmul(rows, inner)
    if means:
        changes += both[channels, :channels]
    if guides:
        changes *= tf.cast(tf.reshape(guides[0], [-1, 1]), rows.dtype)
    return [tf.reshape(changes, tf.shape(maps)), *(None for _ in guides)]


def _gram_gradient_with_means(slope: tf.Tensor, *reads: tf.Tensor) -> list[tf.Tensor | None]:
    return _gram_gradient(slope, *reads, means=True)


def with_gradient(gradient: Gradient, value: tf.Tensor, *reads: tf.Tensor) -> tf.Tensor:
    """Returns `value` with a custom gradient with respect to the tensors it was computed from.

    Replaces tf.custom_gradient, which keeps every graph that it is used in alive until the process ends, as it
    registers a new function each time.

    Args:
        gradient: a function at module level, so that it refers to no graph; takes dJ/dvalue and `reads`, and returns
            dJ/dread for each of them, or None where there is none.
        value: float tensor.
        reads: the tensors that `gradient` needs.
    """
    kind = f"{gradient.__module__}.{gradient.__qualname__}"
    with contextlib.suppress(KeyError):  # it is registered already
        tf.RegisterGradient(kind)(lambda operation, slope, *_: [None, *gradient(slope, *operation.inputs[1:])])
    with value.graph.gradient_override_map({"IdentityN": kind}):
        return tf.identity_n([value, *reads])[0]


def gram_cost(target: tf.Tensor, gram: tf.Tensor) -> tf.Tensor:
    """Σ (G_S − G_G)² / (4·n_C²): the style cost of a layer, from its two Gram matrices per pixel.

    Args:
        target: float32 `[n_C, n_C]`, `mean_gram` of the style picture.
        gram: `mean_gram` of the painted picture, of the same shape.
    """
    target, gram = tf.convert_to_tensor(target), tf.convert_to_tensor(gram)
    check_same_shape("Gram matrices", target, gram, rank=2)
    entries = tf.cast(tf.size(gram), gram.dtype)
    return tf.reduce_sum(tf.squared_difference(target, gram)) / (4.0 * entries)


def layer_style_cost(style_features: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
    """J_style^[l] = Σ (G_S/n_S − G_G/n_G)² / (4·n_C²), with n the number of pixels of each picture (equation 4).

    When both pictures have the same size, this is the assignment's Σ (G_S − G_G)² / (4·n_C²·(n_H·n_W)²).

    Args:
        style_features: float32 `[1, h, w, n_C]`, feature maps of the style picture, of any size.
        features: float32 `[1, n_H, n_W, n_C]`, feature maps of the painted picture.
    """
    return gram_cost(mean_gram(style_features), mean_gram(features))


def weighted_sum(terms: Sequence[tuple[float | tf.Tensor, tf.Tensor]]) -> tf.Tensor:
    """Σ weight · cost as a float32 scalar, 0 without terms; over layers, J_style = Σ w_l · J_style^[l] (equation 5)."""
    return tf.add_n([weight * cost for weight, cost in terms]) if terms else tf.constant(0.0)


def total_variation(image: tf.Tensor, window: tf.Tensor | None = None) -> tf.Tensor:
    """J_tv = Σ (|x_(i+1,j) − x_(i,j)| + |x_(i,j+1) − x_(i,j)|) / (H·W·3): total variation per value, in grey levels.

    Rudin, Osher, Fatemi 1992, in the anisotropic form; divided by the number of values so that one weight suits every
    size of picture.

    Args:
        image: float32 `[1, H, W, 3]`.
        window: int32 `[4]`, top, bottom, left and right: count only the differences between a pixel inside it and the
            next one, per value inside it. `image` has to extend one pixel beyond it, except at the picture's border.
    """
    image = tf.convert_to_tensor(image)
    _check_rank("the picture", image, 4)
    if window is None:
        rows = columns = core = image
    else:
        top, bottom, left, right = tf.unstack(window)
        core = image[:, top:bottom, left:right]
        rows, columns = image[:, top : bottom + 1, left:right], image[:, top:bottom, left : right + 1]
    down = tf.reduce_sum(tf.abs(rows[:, 1:] - rows[:, :-1]))
    across = tf.reduce_sum(tf.abs(columns[:, :, 1:] - columns[:, :, :-1]))
    return (down + across) / tf.cast(tf.size(core, out_type=tf.int64), image.dtype)


def temporal_cost(image: tf.Tensor, past: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
    """J_temporal = Σ c·(G − ω)² / (H·W·3): mean squared difference from the last frame of a video.

    Ruder, Dosovitskiy, Brox 2016, "Artistic Style Transfer for Videos" (arXiv:1604.08610), section 4.2; in grey levels
    squared. Divided by the number of all values, not of those with c > 0: a frame that shows little of the last one is
    little constrained. dJ/dG = 2·c·(G − ω) / (H·W·3).

    Args:
        image: G, float32 `[1, H, W, 3]`.
        past: ω, float32 `[1, H, W, 3]`, the last painted frame warped to this one (`nst.video.optical_flow.warp`).
        kept: c, float32 `[1, H, W, 1]`, 0 where the frames show different things, and elsewhere 1, or
            a weight (`nst.video.optical_flow.match`).
    """
    image, past, kept = (tf.convert_to_tensor(tensor) for tensor in (image, past, kept))
    check_same_shape("the frame and the last one", image, past, rank=4)
    _check_per_pixel("the mask of the last frame", kept, "a frame", image)
    squares = kept * tf.squared_difference(image, past)
    return tf.reduce_sum(squares) / tf.cast(tf.size(image, out_type=tf.int64), image.dtype)


def total_cost(
    content: tf.Tensor, style: tf.Tensor, content_weight: float | tf.Tensor = 10.0, style_weight: float = 40.0
) -> tf.Tensor:
    """J = alpha·J_content + beta·J_style (equation 7), with alpha `content_weight` and beta `style_weight`."""
    return content_weight * content + style_weight * style


def _check_rank(what: str, tensor: tf.Tensor, rank: int) -> None:
    if tensor.shape.rank not in (None, rank):
        raise ValueError(f"{what}: expected a {rank}-D tensor, got the shape {tensor.shape}")


def check_same_shape(what: str, first: tf.Tensor, second: tf.Tensor, rank: int) -> None:
    """Raises `ValueError` for shapes known to differ, or not to have this rank."""
    _check_rank(what, first, rank)
    _check_rank(what, second, rank)
    if not first.shape.is_compatible_with(second.shape):
        raise ValueError(f"{what} of different shapes: {first.shape} and {second.shape}")


def _check_per_pixel(what: str, mask: tf.Tensor, of: str, maps: tf.Tensor) -> None:
    """Raises `ValueError` unless the mask has one value for each pixel of the maps."""
    _check_rank(what, mask, 4)
    if maps.shape.rank and mask.shape.rank and not mask.shape.is_compatible_with([*maps.shape[:3], 1]):
        raise ValueError(f"{what} of shape {mask.shape} for {of} of shape {maps.shape}: it needs one value per pixel")
