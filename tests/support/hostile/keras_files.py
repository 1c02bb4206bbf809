"""Keras' files that are no VGG, that point elsewhere, or claim too much."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support import fake_vgg
from tests.support.hostile.bricks import Item, whole
from tests.support.hostile.networks import network


@functools.cache
def keras_file() -> bytes:
    return _h5(lambda file: None)


def _h5(change: Callable[[Any], None]) -> bytes:
    """A right file of Keras', and what `change` does to it."""
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        with h5py.File(path, "w") as file:
            for name, (kernel, bias) in fake_vgg.layers((1, 1), (2, 3)).items():
                group = file.create_group(f"block{name[4]}_conv{name[6]}")
                group["kernel"], group["bias"] = kernel, bias
            change(file)
        return path.read_bytes()


def _instead(change: Callable[[Any], None]) -> Callable[[Any], None]:
    def changed(file: Any) -> None:
        del file["block1_conv1/kernel"]
        change(file["block1_conv1"])

    return changed


def _kernel(shape: tuple[int, ...], dtype: str = "f4", **options: Any) -> Callable[[Any], None]:
    return _instead(lambda group: group.create_dataset("kernel", shape, dtype, **options) and None)


def _linked(path: str) -> Callable[[Any], None]:
    import h5py

    def change(file: Any) -> None:
        del file["block1_conv1"]
        file["block1_conv1"] = h5py.ExternalLink(path, "/")

    return change


def _looped(file: Any) -> None:
    import h5py

    group = file["block1_conv1"]
    group["again"] = group
    group["soft"] = h5py.SoftLink("/block1_conv1/soft")
    file["model_weights"] = h5py.SoftLink("/model_weights")


def _crowded(group: Any) -> None:
    for place in range(2000):
        group.create_dataset(f"d{place}", (1 << 20,), "f4", chunks=(1 << 16,), compression="gzip")


def _virtual(group: Any) -> None:
    import h5py

    layout = h5py.VirtualLayout((3, 3, 3, 2), "f4")
    layout[:] = h5py.VirtualSource("/dev/zero", "x", (3, 3, 3, 2))
    group.create_virtual_dataset("kernel", layout)


def keras_files() -> Iterator[Item]:
    import h5py

    def item(name: str, make: Callable[[], bytes]) -> Item:
        return Item(f"h5: {name}", "keras", make)

    for share in (0.01, 0.2, 0.6, 0.99):
        yield item(f"cut to {share:.0%}", lambda share=share: keras_file()[: int(len(keras_file()) * share)])
    yield item("head of a mat file", lambda: network()[:512] + keras_file()[512:])
    yield item("a mat file", network)
    yield item("a picture", lambda: whole()["png"])
    yield item("nothing", lambda: b"")
    for shape in ((3, 3, 2**20, 2**20), (2**15,) * 4, (3, 3, 20_000, 20_000)):
        yield item(f"a kernel of {shape} never written", lambda s=shape: _h5(_kernel(s, chunks=(1, 1, 64, 64))))
        yield item(
            f"a kernel of {shape} of doubles, packed",
            lambda s=shape: _h5(_kernel(s, "f8", chunks=(1, 1, 64, 64), compression="gzip", fillvalue=1)),
        )
    yield item(
        "a chunk of 2 gigabytes", lambda: _h5(_kernel((3, 3, 3, 2), maxshape=(None,) * 4, chunks=(2, 2, 2**13, 2**13)))
    )
    yield item("2000 arrays of 4 MB in a layer", lambda: _h5(_instead(_crowded)))
    yield item(
        "texts for numbers",
        lambda: _h5(_instead(lambda group: group.create_dataset("kernel", (3, 3, 3, 2), h5py.string_dtype()) and None)),
    )
    yield item("structs for numbers", lambda: _h5(_kernel((3, 3, 3, 2), "f4,f8")))
    yield item(
        "no numbers in numbers",
        lambda: _h5(_instead(lambda group: group.create_dataset("kernel", data=h5py.Empty("f4")) and None)),
    )
    yield item("a kernel in another file", lambda: _h5(_kernel((3, 3, 3, 2), external=[("/dev/zero", 0, 216)])))
    yield item("a kernel of several files", lambda: _h5(_instead(_virtual)))
    yield item("a layer in a device", lambda: _h5(_linked("/dev/zero")))
    yield item("a layer in a file that is not there", lambda: _h5(_linked("/nowhere/x.h5")))
    yield item("a layer that holds itself", lambda: _h5(_looped))
