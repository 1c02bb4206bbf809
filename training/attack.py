"""Pictures changed a little so that the network errs most: what it is trained on in place of the drawn ones.

A network trained on plain pictures meets the Gram matrices of its deep layers by noise that hardly shows, so painting
with it leaves that noise. One that has learned under attack has gradients that look like what it was asked for
(Engstrom et al. 2019, arXiv:1906.00945), and painting follows gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def attacked(loss: Callable[[Any], Any], pictures: Any, strength: float) -> Any:
    """The pictures after one step of gradient ascent.

    Args:
        loss: of pictures, a scalar.
        pictures: float32 `[N, H, W, 3]`.
        strength: root mean square of the last picture's change, in the pictures' units. The others' rise evenly to
            it, so that a network learns what hardly changed pictures show as well as what badly changed ones still do.

    Returns:
        Any: float32 `[N, H, W, 3]`.

    Raises:
        NotImplementedError: on JAX, whose training steps Keras writes in another form.
    """
    gradient = _gradient(loss, pictures)
    length = ops.sqrt(ops.mean(ops.square(gradient), axis=(1, 2, 3), keepdims=True))
    count = ops.shape(pictures)[0]
    rising = ops.reshape(strength * ops.cast(ops.arange(1, count + 1), "float32"), (-1, 1, 1, 1)) / ops.cast(
        count, "float32"
    )
    return pictures + rising * gradient / (length + 1e-20)


def _gradient(loss: Callable[[Any], Any], pictures: Any) -> Any:
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pictures)
            value = loss(pictures)
        return tape.gradient(value, pictures)
    if backend == "torch":
        import torch  # type: ignore[import-not-found, unused-ignore]

        pictures = pictures.detach().requires_grad_()
        return torch.autograd.grad(loss(pictures), pictures)[0]
    raise NotImplementedError(f"adversarial training runs on TensorFlow or PyTorch, not on {backend}")
