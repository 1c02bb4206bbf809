"""The costs: tensors in, scalars out.

The formulas are those of Gatys, Ecker, Bethge, "A Neural Algorithm of Artistic Style" (2015, arXiv:1508.06576),
with the normalisation of the Coursera assignment. Every function adds to the graph of its arguments; none of them
runs anything. Shapes are checked before tensors are subtracted, because `[1, 1]` would broadcast silently.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import tensorflow.compat.v1 as tf

Key = TypeVar("Key", bound=Hashable)
Gradient: TypeAlias = "Callable[..., Sequence[tf.Tensor | None]]"
"""See `with_gradient`."""


def content_cost(target: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
    """J_content = Σ (a_C − a_G)² / (4·n_H·n_W·n_C): equation 1, with the assignment's factor.

    Args:
        target: float32 `[1, n_H, n_W, n_C]`, feature maps of the content picture.
        features: the same of the painted picture.

    Returns:
        tf.Tensor: float32 scalar.

    Raises:
        ValueError: the shapes differ or are not 4-D.
    """
    target, features = tf.convert_to_tensor(target), tf.convert_to_tensor(features)
    check_same_shape("feature maps", target, features, rank=4)
    count = tf.cast(tf.size(features, out_type=tf.int64), features.dtype)
    return tf.reduce_sum(tf.squared_difference(target, features)) / (4.0 * count)


def gram_matrix(unrolled: tf.Tensor) -> tf.Tensor:
    """G = A·Aᵀ: G_ij is the inner product of feature maps i and j (equation 3).

    Args:
        unrolled: float32 `[n_C, n_H·n_W]`.

    Returns:
        tf.Tensor: float32 `[n_C, n_C]`, symmetric.
    """
    return tf.matmul(unrolled, unrolled, transpose_b=True)


def mean_gram(features: tf.Tensor, *, means: bool = False) -> tf.Tensor:
    """G / (n_H·n_W): the Gram matrix of feature maps, per pixel, so that pictures of unlike sizes compare.

    The sums are float32 whatever the maps are. The gradient is A·(S + Sᵀ), S = dJ/dG, as one product and in the type
    of the maps; left to TensorFlow it would be two, in float32.

    Args:
        features: `[1, n_H, n_W, n_C]`, float32 or bfloat16.
        means: whether the matrix is bordered with the means of the feature maps, as if one more map were 1 everywhere.

    Returns:
        tf.Tensor: float32 `[n_C, n_C]`; with the means `[n_C + 1, n_C + 1]`, 1 in its last corner.

    Raises:
        ValueError: `features` is not 4-D.
    """
    features = tf.convert_to_tensor(features)
    _check_rank("feature maps", features, 4)
    return _gram(features, None, means)


def guided_gram(features: tf.Tensor, guide: tf.Tensor, *, means: bool = False) -> tf.Tensor:
    """G_ij = Σ_p g(p)·f_i(p)·f_j(p): the Gram matrix of a region (Gatys et al. 2017, arXiv:1611.07865, section 4).

    With Σ_p g(p) = 1 it is per pixel, as `mean_gram`; over the tiles of a picture it adds up. Sums and gradient are as
    there, g·A·(S + Sᵀ); where the guide is 0 the gradient is 0 exactly.

    Args:
        features: `[1, n_H, n_W, n_C]`, float32 or bfloat16.
        guide: float32 `[1, n_H, n_W, 1]`, what each pixel counts; it has no gradient.
        means: as of `mean_gram`; the last corner is Σ_p g(p).

    Returns:
        tf.Tensor: float32 `[n_C, n_C]`, or `[n_C + 1, n_C + 1]` with the means.

    Raises:
        ValueError: an argument is not 4-D, or the guide has more than one channel.
    """
    features, guide = tf.convert_to_tensor(features), tf.convert_to_tensor(guide)
    _check_rank("feature maps", features, 4)
    _check_rank("a guide", guide, 4)
    if features.shape.rank and guide.shape.rank and not guide.shape.is_compatible_with([*features.shape[:3], 1]):
        raise ValueError(
            f"a guide of shape {guide.shape} for feature maps of {features.shape}: one value each is needed"
        )
    return _gram(features, guide, means)


def _gram(features: tf.Tensor, guide: tf.Tensor | None, means: bool) -> tf.Tensor:
    """Σ_p g(p)·f(p)·f(p)ᵀ; without a guide g is 1 over the number of pixels."""
    # AᵀA with pixels as rows: the sums of gram_matrix without first turning the feature maps round in memory.
    rows = _rows(features)
    exact = tf.cast(rows, tf.float32)
    pixels = tf.cast(tf.shape(rows)[0], tf.float32)
    counts = None if guide is None else tf.reshape(guide, [-1, 1])
    weighed = exact if counts is None else exact * counts
    found = tf.matmul(weighed, exact, transpose_a=True)
    if means:
        # As a product, for the accuracy of its sums.
        sums = tf.matmul(weighed, tf.ones_like(exact[:, :1]), transpose_a=True)
        total = pixels if counts is None else tf.reduce_sum(counts)
        last = tf.concat([tf.transpose(sums), tf.reshape(total, [1, 1])], axis=1)
        found = tf.concat([tf.concat([found, sums], axis=1), last], axis=0)
    gram = found / pixels if counts is None else found
    guides = [] if guide is None else [guide]
    return with_gradient(_gram_gradient_with_means if means else _gram_gradient, gram, features, *guides)


def _rows(maps: tf.Tensor) -> tf.Tensor:
    """Feature maps with a row for each pixel."""
    rows = tf.reshape(maps, [-1, tf.shape(maps)[3]])
    rows.set_shape([None, maps.shape[3]])
    return rows


def _gram_gradient(
    slope: tf.Tensor, maps: tf.Tensor, *guides: tf.Tensor, means: bool = False
) -> list[tf.Tensor | None]:
    """A·(S + Sᵀ), or with a guide g·A·(S + Sᵀ)."""
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
    """`value`, but with a gradient of its own with respect to the tensors that it is made of.

    As tf.custom_gradient, which keeps every graph that it is used in for as long as the process lives: it registers a
    new function each time, and TensorFlow forgets none.

    Args:
        gradient: a function of a module, so that it knows no graph; it takes dJ/dvalue and `reads`, and gives dJ/dread
            for each of them, None where there is none.
        value: float tensor.
        reads: what `gradient` needs.
    """
    kind = f"{gradient.__module__}.{gradient.__qualname__}"
    with contextlib.suppress(KeyError):  # it is registered already
        tf.RegisterGradient(kind)(lambda operation, slope, *_: [None, *gradient(slope, *operation.inputs[1:])])
    with value.graph.gradient_override_map({"IdentityN": kind}):
        return tf.identity_n([value, *reads])[0]


def gram_cost(target: tf.Tensor, gram: tf.Tensor) -> tf.Tensor:
    """Σ (G_S − G_G)² / (4·n_C²) for Gram matrices per pixel: the layer style cost once both are measured.

    Args:
        target: float32 `[n_C, n_C]`, `mean_gram` of the style picture.
        gram: the same of the painted picture.

    Returns:
        tf.Tensor: float32 scalar.

    Raises:
        ValueError: the shapes differ or are not 2-D.
    """
    target, gram = tf.convert_to_tensor(target), tf.convert_to_tensor(gram)
    check_same_shape("Gram matrices", target, gram, rank=2)
    entries = tf.cast(tf.size(gram), gram.dtype)
    return tf.reduce_sum(tf.squared_difference(target, gram)) / (4.0 * entries)


def layer_style_cost(style_features: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
    """J_style^[l] = Σ (G_S/n_S − G_G/n_G)² / (4·n_C²), n the number of pixels of each (equation 4).

    When both pictures have one size this is the assignment's Σ (G_S − G_G)² / (4·n_C²·(n_H·n_W)²).

    Args:
        style_features: float32 `[1, h, w, n_C]`, feature maps of the style picture; its size is its own.
        features: float32 `[1, n_H, n_W, n_C]`, the same of the painted picture.

    Returns:
        tf.Tensor: float32 scalar.

    Raises:
        ValueError: the numbers of channels differ, or a tensor is not 4-D.
    """
    return gram_cost(mean_gram(style_features), mean_gram(features))


def style_cost(
    targets: Mapping[Key, tf.Tensor],
    grams: Mapping[Key, tf.Tensor],
    weights: Sequence[tuple[Key, float | tf.Tensor]],
    distance: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = gram_cost,
) -> tf.Tensor:
    """J_style = Σ_l w_l · J_style^[l] (equation 5), over layers whose `mean_gram` is known.

    Of several styles or regions it is the sum over all their layers.

    Args:
        targets: layer (or region and layer) → float32 `[n_C, n_C]`, of the style picture, as `distance` wants it.
        grams: the same of the painted picture.
        weights: layers and their weights, numbers or float32 scalars.
        distance: J_style^[l] of two such matrices; `nst.engine.style_distances` has another.

    Returns:
        tf.Tensor: float32 scalar.
    """
    return weighted_sum([(weight, distance(targets[name], grams[name])) for name, weight in weights])


def weighted_sum(terms: Sequence[tuple[float | tf.Tensor, tf.Tensor]]) -> tf.Tensor:
    """Σ weight · cost, as a float32 scalar; 0 for no terms."""
    return tf.add_n([weight * cost for weight, cost in terms]) if terms else tf.constant(0.0)


def total_variation(image: tf.Tensor, window: tf.Tensor | None = None) -> tf.Tensor:
    """J_tv = Σ (|x_(i+1,j) − x_(i,j)| + |x_(i,j+1) − x_(i,j)|) / (H·W·3): mean step between neighbours.

    Rudin, Osher, Fatemi 1992, in its anisotropic form; divided by the number of values so that one weight does
    for every picture size.

    Args:
        image: float32 `[1, H, W, 3]`.
        window: int32 `[4]`, top, bottom, left and right: only the steps from a pixel in there to the next, per value
            in there. The picture has to reach a pixel further unless it ends there.

    Returns:
        tf.Tensor: float32 scalar, in grey levels.
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
    """J_temporal = Σ c·(G − ω)² / (H·W·3): mean squared distance from the last frame, where it can be compared.

    Ruder, Dosovitskiy, Brox 2016, "Artistic Style Transfer for Videos" (arXiv:1604.08610), section 4.2. Divided by the
    number of all values, not of those that count: a frame that shows little of the last one is held by little.
    dJ/dG = 2·c·(G − ω) / (H·W·3).

    Args:
        image: G, float32 `[1, H, W, 3]`.
        past: ω, the same of the last painted frame, warped to this one (`nst.video.optical_flow.warp`).
        kept: c, float32 `[1, H, W, 1]`, 1 where the two show the same, 0 elsewhere
            (`nst.video.optical_flow.consistent`).

    Returns:
        tf.Tensor: float32 scalar, in grey levels squared.

    Raises:
        ValueError: the shapes do not go together.
    """
    image, past, kept = (tf.convert_to_tensor(tensor) for tensor in (image, past, kept))
    check_same_shape("the picture and the last one", image, past, rank=4)
    _check_rank("where the last picture holds", kept, 4)
    if image.shape.rank and not kept.shape.is_compatible_with([*image.shape[:3], 1]):
        raise ValueError(f"where the last picture holds: {kept.shape} for a picture of {image.shape}")
    squares = kept * tf.squared_difference(image, past)
    return tf.reduce_sum(squares) / tf.cast(tf.size(image, out_type=tf.int64), image.dtype)


def total_cost(
    content: tf.Tensor, style: tf.Tensor, content_weight: float = 10.0, style_weight: float = 40.0
) -> tf.Tensor:
    """J = alpha·J_content + beta·J_style (equation 7); alpha is `content_weight`, beta `style_weight`."""
    return content_weight * content + style_weight * style


def _check_rank(what: str, tensor: tf.Tensor, rank: int) -> None:
    if tensor.shape.rank not in (None, rank):
        raise ValueError(f"{what}: a {rank}-D tensor is needed, not one of shape {tensor.shape}")


def check_same_shape(what: str, first: tf.Tensor, second: tf.Tensor, rank: int) -> None:
    """Raises `ValueError` for shapes that are known to differ; `None` dimensions are left to the run."""
    _check_rank(what, first, rank)
    _check_rank(what, second, rank)
    if not first.shape.is_compatible_with(second.shape):
        raise ValueError(f"{what} of unlike shapes: {first.shape} and {second.shape}")
