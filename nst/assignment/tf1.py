"""TensorFlow 1's behaviour on TensorFlow 2, for the notebooks and scripts of its time.

`restore` changes TensorFlow for the whole process; only `nst_utils` calls it.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.client import session
from tensorflow.python.framework import random_seed
from tensorflow.python.ops import summary_ops_v2
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable

_KERAS_2 = (
    " in Keras 3; Keras 2 may have it: python -m pip install tf_keras, and set TF_USE_LEGACY_KERAS=1 before TensorFlow "
    "is imported"
)


@functools.cache
def restore() -> None:
    """Makes TensorFlow 2 accept TensorFlow 1 code, with the same results; a second call changes nothing."""
    tf.compat.v1.disable_eager_execution()
    tf.compat.v1.disable_v2_tensorshape()  # sizes are TF1's Dimension
    _put_behind_keras()
    for new, old in _parts(tf, tf.compat.v1):
        _supply(new, old)
        _accept_old_keywords(new, old)
    _collect_summaries()
    _supply_contrib()
    _seed_by_operations()
    _let_numpy_hold_tensors()
    _feed_variables()


def _parts(new: types.ModuleType, old: types.ModuleType) -> Iterator[tuple[types.ModuleType, types.ModuleType]]:
    """A module of TF2 and its counterpart in `tf.compat.v1`, followed by the same for their submodules.

    Like everything here this reads the modules' dicts: looking up a name in a TensorFlow module may load Keras or log a
    deprecation. Keras' modules, which TensorFlow loads on demand, are left out for the same reason.
    """
    yield new, old
    for name, part in list(vars(new).items()):
        like = vars(old).get(name)
        if name.startswith("_") or name == "compat" or part is like:
            continue
        if type(part) is types.ModuleType and isinstance(like, types.ModuleType):
            yield from _parts(part, like)


def _supply(new: types.ModuleType, old: types.ModuleType) -> None:
    """Sets the public names that a module lacks."""
    for name, value in vars(old).items():
        if not name.startswith("_") and name not in vars(new):
            setattr(new, name, value)


def _accept_old_keywords(new: types.ModuleType, old: types.ModuleType) -> None:
    """Makes TF2's functions and classes call TF1's for keywords that only TF1 has: `tf.nn.conv2d(x, filter=…)`."""
    for name, function in list(vars(new).items()):
        like = vars(old).get(name)
        if name.startswith("_") or not callable(function) or not callable(like) or function is like:
            continue
        if not (keywords := _parameters(like) - _parameters(function)):
            continue
        if not isinstance(function, type):
            setattr(new, name, _either(function, like, keywords))
        elif "__new__" not in vars(function):
            # In the class itself: a substitute under its name would fail isinstance.
            setattr(function, "__new__", _make_either(function, like, keywords))  # noqa: B010 - mypy forbids it


def _parameters(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters)


def _either(new: Callable[..., Any], old: Callable[..., Any], keywords: set[str]) -> Callable[..., Any]:
    """A function that calls `old` if one of its keywords is given, and `new` otherwise."""

    @functools.wraps(new)
    def call(*arguments: Any, **options: Any) -> Any:
        return (new if keywords.isdisjoint(options) else old)(*arguments, **options)

    return call


def _make_either(new: type, old: Callable[..., Any], keywords: set[str]) -> Callable[..., Any]:
    """A `__new__` for the class `new` that makes an `old` if one of the keywords is given."""

    def make(cls: type, *arguments: Any, **options: Any) -> Any:
        if cls is new and not keywords.isdisjoint(options):
            return old(*arguments, **options)
        return object.__new__(cls)

    return make


class _Both(types.ModuleType):
    """A module that TF2 loads from Keras on demand, with TF1's module of that name as a fallback."""

    def __init__(self, name: str, *modules: Any) -> None:
        super().__init__(f"tensorflow.{name}")
        self._name = name
        self._modules = modules

    def __getattr__(self, name: str) -> Any:
        found = [value for module in self._modules if (value := _attribute(module, name)) is not None]
        setattr(tf, self._name, self)  # loading Keras' module replaces this one there
        if not found:
            raise AttributeError(f"tf.{self._name} has no {name}" + _KERAS_2 * (self._name == "layers"))
        value = found[0]
        if len(found) == 2 and inspect.isfunction(value) and (keywords := _parameters(found[1]) - _parameters(value)):
            value = _either(value, found[1], keywords)
        setattr(self, name, value)
        return value


def _attribute(module: Any, name: str) -> Any:
    """The attribute of a module, or None; always None for the import system's names, such as `__path__`."""
    try:
        return None if name.startswith("__") else getattr(module, name)
    except (AttributeError, ImportError):
        return None


def _put_behind_keras() -> None:
    """Adds `tf.losses.get_total_loss`, `tf.metrics.accuracy` and others to modules that are Keras' in TF2."""
    for name in ("initializers", "layers", "losses", "metrics"):
        modules = (vars(module).get(name) for module in (tf, tf.compat.v1))
        setattr(tf, name, _Both(name, *filter(None, modules)))


def _collect_summaries() -> None:
    """Makes `tf.summary.scalar` and the like return summaries for `tf.summary.merge_all`, as in TF1.

    TF2's functions need a writer: without one they do nothing, and without TensorBoard they fail.
    """

    def either(new: Callable[..., Any], old: Callable[..., Any]) -> Callable[..., Any]:
        keywords = _parameters(new) - _parameters(old)

        @functools.wraps(new)
        def call(*arguments: Any, **options: Any) -> Any:
            writes = summary_ops_v2._summary_state.writer is not None
            return (new if writes or not keywords.isdisjoint(options) else old)(*arguments, **options)

        return call

    for name in ("audio", "histogram", "image", "scalar", "text"):
        setattr(tf.summary, name, either(getattr(tf.summary, name), getattr(tf.compat.v1.summary, name)))


class _Contrib(types.ModuleType):
    """`tf.contrib` or a module of it; missing names raise an error that says what to do."""

    def __getattr__(self, name: str) -> Any:
        full = f"{self.__name__}.{name}".replace("tensorflow", "tf", 1)
        raise AttributeError(
            f"{full} was removed with TensorFlow 1, and nst_utils has no replacement for it: use tf, tf.nn or "
            "tf.layers instead, or run the script on TensorFlow 1.15"
        )


def _supply_contrib() -> None:
    """Adds the few functions of `tf.contrib` that TensorFlow still has under other names."""

    def xavier_initializer(uniform: bool = True, seed: int | None = None, **dtype: Any) -> Any:
        # contrib truncated normals of deviation √(1.3 / fan); TF2's deviation is that of the truncated distribution.
        scale, kind = (1.0, "uniform") if uniform else (1.3 * 0.87962566103423978**2, "truncated_normal")
        return tf.compat.v1.variance_scaling_initializer(scale, "fan_avg", kind, seed, **dtype)

    def l2_regularizer(scale: float, scope: str | None = None) -> Callable[[Any], Any]:
        return lambda weights: scale * tf.nn.l2_loss(weights)

    contrib, layers = (_Contrib(f"tensorflow.{name}") for name in ("contrib", "contrib.layers"))
    vars(layers).update(
        xavier_initializer=xavier_initializer,
        xavier_initializer_conv2d=xavier_initializer,
        l2_regularizer=l2_regularizer,
    )
    vars(contrib).update(layers=layers)
    tf.contrib = contrib
    for module in (contrib, layers):
        sys.modules[module.__name__] = module


def _seed_by_operations() -> None:
    """Seeds operations without a seed, in a graph with one, by the number of operations so far, as in TF1.

    TF2 counts only the operations that ask for a seed, so every published number would change. Variables consist of
    other operations than in TF1, so numbers drawn after one has been made still differ.
    """
    original = random_seed.get_seed

    @functools.wraps(original)
    def get_seed(op_seed: Any) -> Any:
        graph = tf.compat.v1.get_default_graph()
        counts = graph.seed is not None and not graph.building_function and not tf.executing_eagerly()
        return original(graph.version if op_seed is None and counts else op_seed)

    # TensorFlow's own code calls it through its module; other modules have imported it by name.
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType) and vars(module).get("get_seed") is original:
            setattr(module, "get_seed", get_seed)  # noqa: B010 - no module has it for mypy


def _let_numpy_hold_tensors() -> None:
    """Makes NumPy functions treat a tensor of a graph, or a variable, as a single object, as in TF1.

    They then use its operators: `np.power(tensor, 2)` is `tensor ** 2`, a tensor. `np.sum` of a list of tensors is
    their sum, and `np.sum(tensor)` is the tensor itself. TF2 refuses all of this.
    """
    tf.Tensor.__array__ = _as_object
    value = BaseResourceVariable.__array__

    def as_array(variable: Any, *arguments: Any, **options: Any) -> Any:
        eager = tf.executing_eagerly()
        return value(variable, *arguments, **options) if eager else _as_object(variable)

    BaseResourceVariable.__array__ = as_array


def _as_object(tensor: Any, dtype: Any = None, copy: bool | None = None) -> NDArray[np.object_]:
    """A 0-d array whose element is the tensor."""
    array = np.empty(1, object)
    array[0] = tensor  # array[()] = tensor would call this function again
    return array.reshape(())


def _feed_variables() -> None:
    """Makes a fed variable have the fed value wherever it is read, as in TF1: `sess.run(cost, {variable: value})`.

    In TF2 each use of a variable is a read operation of its own, and feeding replaces one that nothing uses. Reads by
    other operations, such as `tf.gather(variable, …)` or the body of a loop, still do not see the fed value.
    """

    def fed(variable: Any, value: Any) -> list[tuple[Any, Any]]:
        getattr(variable, "check_value", lambda value: None)(value)
        return [(read, value) for read in reads(variable)]

    def reads(variable: Any) -> list[Any]:
        return [operation.outputs[0] for operation in variable.handle.consumers() if operation.type == "ReadVariableOp"]

    session.register_session_run_conversion_functions(
        BaseResourceVariable,
        fetch_function=lambda variable: ([variable], lambda values: values[0]),
        feed_function=fed,
        feed_function_for_partial_run=reads,
    )


def check_values(variable: Any, check: Callable[[Any], None]) -> None:
    """Calls `check` with every value to be assigned to a variable or fed for it; it raises for a wrong one."""
    assign = variable.assign

    @functools.wraps(assign)
    def checked(value: Any, *arguments: Any, **options: Any) -> Any:
        check(value)
        return assign(value, *arguments, **options)

    variable.assign = checked
    variable.check_value = check
