"""MATLAB files that are no VGG, or more than memory holds."""

from __future__ import annotations

import functools
import io
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.support import fake_vgg
from tests.support.hostile.bricks import Item, zeros

HEAD = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def array_head(array_class: int, dims: tuple[int, ...], name: bytes = b"", flags: int = 0) -> bytes:
    head = element(6, bytes([array_class, flags]) + bytes(6)) + element(5, struct.pack(f"<{len(dims)}i", *dims))
    return head + element(1, name)


def matrix(array_class: int, dims: tuple[int, ...], *content: bytes, name: bytes = b"", flags: int = 0) -> bytes:
    return element(14, array_head(array_class, dims, name, flags) + b"".join(content))


def packed(data: bytes) -> bytes:
    stream = zlib.compress(data, 1)
    return struct.pack("<II", 15, len(stream)) + stream


def bomb(
    array_class: int, dims: tuple[int, ...], before: bytes, count: int, name: bytes = b"layers", flags: int = 0
) -> bytes:
    """A compressed variable whose content is `before` and then `count` zeros."""
    head = array_head(array_class, dims, name, flags) + before
    stream = zeros(count, struct.pack("<II", 14, len(head) + count) + head)
    return HEAD + struct.pack("<II", 15, len(stream)) + stream


def cells_of_zeros(count: int, each: int) -> bytes:
    """A compressed cell array of `count` numeric arrays of `each` zeros, whole megabytes."""
    packer = zlib.compressobj(1)
    head = array_head(6, (1, each // 8)) + struct.pack("<II", 9, each)
    cell = struct.pack("<II", 14, len(head) + each) + head + bytes(each)
    body = array_head(1, (1, count), b"layers")
    parts = [
        packer.compress(struct.pack("<II", 14, len(body) + count * len(cell)) + body),
        packer.flush(zlib.Z_FULL_FLUSH),
    ]
    block = packer.compress(cell) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.flush()
    stream = b"".join(parts) + block * count + end
    return HEAD + struct.pack("<II", 15, len(stream)) + stream


FIELDS = struct.pack("<HHI", 5, 4, 8) + element(1, b"name\0\0\0\0")
EMPTY = element(14, b"")


@functools.cache
def network() -> bytes:
    made = {name: (kernel[..., :1, :1], bias[:1]) for name, (kernel, bias) in fake_vgg.layers((1, 1), (1, 1)).items()}
    with tempfile.TemporaryDirectory() as folder:
        fake_vgg.write(Path(folder) / "a.mat", made=made, compress=False)
        return (Path(folder) / "a.mat").read_bytes()


def wide_network(each: int, count: int) -> bytes:
    """Layers of VGG's names whose kernels of one byte a number are `each` bytes large."""
    import scipy.io

    names = [f"conv{block}_{place}" for block, most in enumerate((2, 2, 4, 4, 4), 1) for place in range(1, most + 1)]
    side = int((each / 9) ** 0.5)
    kernel, bias = np.zeros((3, 3, side, side), np.int8), np.zeros(side, np.int8)
    structs = [fake_vgg.conv_struct(name, kernel, bias) for name in names[:count]]
    with io.BytesIO() as file:
        scipy.io.savemat(file, {"layers": fake_vgg.cell(structs)}, do_compression=True)
        return file.getvalue()


def networks() -> Iterator[Item]:
    def item(name: str, make: Callable[[], bytes]) -> Item:
        return Item(f"mat: {name}", "network", make)

    for share in (0.01, 0.1, 0.5, 0.9, 0.999):
        yield item(f"cut to {share:.1%}", lambda share=share: network()[: int(len(network()) * share)])
    yield item("wrong byte order", lambda: network()[:126] + b"MI" + network()[128:])
    yield item(
        "big endian throughout", lambda: b"MATLAB 5.0".ljust(124) + b"\1\0MI" + struct.pack(">II", 14, 8) + bytes(8)
    )
    yield item("version 4", lambda: struct.pack("<5i", 0, 2**31 - 1, 2**31 - 1, 0, 7) + b"layers\0" + bytes(64))
    yield item("version 7.3", lambda: b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(500))
    yield item("a web page", lambda: b"<!DOCTYPE html>" + b"<div>" * 100_000)
    yield item("git lfs", lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    yield item("nothing", lambda: b"")
    yield item("gzip", lambda: b"\x1f\x8b\x08" + bytes(100))
    yield item("a header alone", lambda: HEAD)
    yield item("noise behind a header", lambda: HEAD + np.random.default_rng(2).bytes(100_000))
    yield item("a gigabyte of cells, packed", lambda: bomb(1, (1, 2**27), b"", 1 << 30))
    yield item("8 million cells, packed", lambda: bomb(1, (1, 2**23), EMPTY * 0, 1 << 26))
    yield item(
        "a cell of 8 million empty cells",
        lambda: HEAD + packed(matrix(1, (1, 1), matrix(1, (1, 7_800_000), EMPTY * 7_800_000), name=b"layers")),
    )
    yield item(
        "20 cells of a million empty cells",
        lambda: HEAD + packed(matrix(1, (1, 20), *[matrix(1, (1, 500_000), EMPTY * 500_000)] * 20, name=b"layers")),
    )
    yield item(
        "a gigabyte of zeros for layers",
        lambda: bomb(6, (1, 2**27 - 1024), struct.pack("<II", 9, (1 << 30) - (1 << 20)), (1 << 30) - (1 << 20)),
    )
    yield item("3 gigabytes of zeros for layers", lambda: bomb(6, (1, 2**28), struct.pack("<II", 9, 3 << 30), 3 << 30))
    yield item(
        "4 times a cell of 3 gigabytes",
        lambda: (
            HEAD
            + b"".join(
                bomb(1, (1, 1), struct.pack("<II", 14, 3 << 30), 3 << 30, name)[128:]
                for name in (b"layers", b"meta", b"net", b"normalization")
            )
        ),
    )
    yield item("40 cells of 60 MB, packed", lambda: cells_of_zeros(40, 60 << 20))
    yield item(
        "a complex array of bytes",
        lambda: (
            HEAD
            + packed(
                matrix(
                    1,
                    (1, 1),
                    matrix(6, (1, 32 << 20), element(1, bytes(32 << 20)), element(1, bytes(30 << 20)), flags=8),
                    name=b"layers",
                )
            )
        ),
    )
    yield item(
        "complex arrays of bytes",
        lambda: (
            HEAD
            + packed(
                matrix(
                    1,
                    (1, 2),
                    *[matrix(6, (1, 24 << 20), element(1, bytes(24 << 20)), element(1, bytes(24 << 20)), flags=8)] * 2,
                    name=b"layers",
                )
            )
        ),
    )
    yield item(
        "a text of 60 MB",
        lambda: (
            HEAD + packed(matrix(1, (1, 1), matrix(4, (1, 60 << 20), element(16, b"a" * (60 << 20))), name=b"layers"))
        ),
    )
    yield item(
        "texts of 60 MB in one column",
        lambda: (
            HEAD + packed(matrix(1, (1, 1), matrix(4, (30 << 20, 1), element(16, b"a" * (30 << 20))), name=b"layers"))
        ),
    )
    yield item(
        "a struct of a million fields",
        lambda: (
            HEAD
            + packed(
                matrix(
                    1,
                    (1, 1),
                    matrix(
                        2,
                        (0, 0),
                        struct.pack("<HHI", 5, 4, 8)
                        + element(1, b"".join(b"%08d" % place for place in range(1_000_000))),
                    ),
                    name=b"layers",
                )
            )
        ),
    )
    yield item(
        "a struct of equal fields",
        lambda: (
            HEAD
            + matrix(
                1,
                (1, 1),
                matrix(2, (1, 1), struct.pack("<HHI", 5, 4, 8) + element(1, b"name\0\0\0\0" * 2), EMPTY, EMPTY),
                name=b"layers",
            )
        ),
    )
    yield item(
        "a struct of nameless fields",
        lambda: (
            HEAD
            + matrix(
                1,
                (1, 1),
                matrix(2, (1, 1), struct.pack("<HHI", 5, 4, 8) + element(1, bytes(16)), EMPTY, EMPTY),
                name=b"layers",
            )
        ),
    )
    yield item(
        "a struct array of a million",
        lambda: HEAD + packed(matrix(2, (1, 1_000_000), FIELDS, EMPTY * 1_000_000, name=b"layers")),
    )
    yield item("a million variables", lambda: HEAD + matrix(6, (1, 1), element(9, bytes(8)), name=b"x") * 1_000_000)
    yield item(
        "a million packed variables",
        lambda: HEAD + packed(matrix(6, (1, 1), element(9, bytes(8)), name=b"x")) * 300_000,
    )
    yield item("packed within packed", lambda: HEAD + packed(packed(packed(matrix(1, (1, 1), EMPTY, name=b"layers")))))
    yield item(
        "an unwanted variable of 3 gigabytes",
        lambda: bomb(6, (1, 2**28), struct.pack("<II", 9, 3 << 30), 3 << 30, b"x"),
    )
    yield item("kernels of bytes that become floats of gigabytes", lambda: wide_network(60_000_000, 2))
    deep = functools.reduce(lambda inner, _: matrix(1, (1, 1), inner), range(2000), EMPTY)
    yield item("cells 2000 deep", lambda: HEAD + matrix(1, (1, 1), deep, name=b"layers"))
    structs = functools.reduce(lambda inner, _: matrix(2, (1, 1), FIELDS, inner), range(2000), EMPTY)
    yield item("structs 2000 deep", lambda: HEAD + matrix(2, (1, 1), FIELDS, structs, name=b"net"))
    for array_class, what in (
        (3, "object"),
        (5, "sparse"),
        (16, "function"),
        (17, "opaque"),
        (18, "class 18"),
        (0, "class 0"),
        (255, "class 255"),
    ):
        content = struct.pack("<8i", *[2**31 - 1] * 8)
        yield item(
            f"an {what}",
            lambda c=array_class, d=content: (
                HEAD + matrix(c, (1, 1), element(5, d), element(5, d), element(9, d), name=b"layers")
            ),
        )
        yield item(
            f"an {what} in a cell",
            lambda c=array_class, d=content: (
                HEAD + matrix(1, (1, 1), matrix(c, (1, 1), element(5, d), element(5, d), element(9, d)), name=b"layers")
            ),
        )
    for dims in (
        (2**31 - 1,) * 4,
        (2**31 - 1, 0),
        (-1, -1),
        (-1, 1),
        (0, 0),
        (1,) * 40,
        (1,) * 120,
        (65_536, 65_536),
        (1_000_000_000, 1),
    ):
        for array_class in (1, 2, 4, 6):
            body = FIELDS if array_class == 2 else b""
            yield item(
                f"class {array_class} of {len(dims)} dims {dims[:2]}",
                lambda c=array_class, d=dims, b=body: (
                    HEAD + matrix(c, d, b, EMPTY if c < 3 else element(9, bytes(8)), name=b"layers")
                ),
            )
            yield item(
                f"class {array_class} of {len(dims)} dims {dims[:2]} in a cell",
                lambda c=array_class, d=dims, b=body: (
                    HEAD + matrix(1, (1, 1), matrix(c, d, b, EMPTY if c < 3 else element(9, bytes(8))), name=b"layers")
                ),
            )
    for name in (b"\xff\xfe\x80", b"a\0b", b"\x1b[2J", b"__globals__", b"", b"x" * 63):
        yield item(f"a variable named {name[:8]!r}", lambda n=name: HEAD + matrix(1, (1, 1), EMPTY, name=n))
        yield item(
            f"a field named {name[:8]!r}",
            lambda n=name: (
                HEAD
                + matrix(
                    1,
                    (1, 1),
                    matrix(2, (1, 1), struct.pack("<HHI", 5, 4, 64) + element(1, n.ljust(64, b"\0")), EMPTY),
                    name=b"layers",
                )
            ),
        )
        yield item(
            f"a layer named {name[:8]!r}",
            lambda n=name: (
                HEAD
                + matrix(1, (1, 1), matrix(2, (1, 1), FIELDS, matrix(4, (1, len(n)), element(16, n))), name=b"layers")
            ),
        )
