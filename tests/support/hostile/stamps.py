"""PNG files with settings that cannot be used."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tests.support.hostile.bricks import Item, chunk, png, small_png, whole, zeros


def note(text: str | bytes) -> bytes:
    data = text if isinstance(text, bytes) else text.encode()
    return small_png(chunk(b"iTXt", b"nst\0\0\0\0\0" + data))


def stamps() -> Iterator[Item]:
    def item(name: str, settings: str) -> Item:
        return Item(f"stamp: {name}", "stamp", lambda: note('{"settings": ' + settings + ', "network": {"name": "x"}}'))

    for value in (
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "1" * 4000,
        "1" * 5000,
        '"x"',
        "null",
        "[]",
        "{}",
        "true",
        "-1",
        "0.5",
        "1e30",
        '"\\u001b[2J"',
        '"\\ud800"',
        "[[[]]]",
        '"%s"' % ("y" * 5000),
    ):
        for setting in (
            "epochs",
            "alpha",
            "style_layers",
            "style_weights",
            "init",
            "video",
            "contact_sheet",
        ):
            yield item(f"{setting} is {value[:12]} of {len(value)}", f'{{"{setting}": {value}}}')
    for value in ("1" * 5000, "NaN", "null", "{}", "[]"):
        yield item(f"a layer weighs {value[:10]}", f'{{"style_layers": {{"conv1_1": {value}}}}}')
        yield item(f"a style weighs {value[:10]}", f'{{"style_weights": [{value}]}}')
    yield item("a setting named by orders to the screen", '{"\\u001b[2J\\nx": 1}')
    yield item("a setting with a name of 900 kB", '{"%s": 1}' % ("x" * 900_000))
    yield item("100000 settings", "{" + ",".join(f'"s{place}": 1' for place in range(60_000)) + "}")
    yield item("a value of 900 kB", '{"video": "%s"}' % ("x" * 900_000))
    yield item("a layer with a name of 900 kB", '{"style_layers": {"%s": 1}}' % ("x" * 900_000))
    yield item("nothing but lists", "[" * 400_000)
    yield item("nothing but objects", '{"a":' * 150_000)
    yield item("no object", "5")
    for text in (
        "",
        "[]",
        "5",
        "null",
        "{",
        '{"settings": {}, "network": []}',
        '{"settings": {}, "network": {"name": "\\u001b[2J\\n\\nx"}}',
        '{"settings": {}, "network": {"name": "%s"}}' % ("x" * 900_000),
        '{"settings": {}, "network": {"name": [%s]}}' % ("[" * 90_000 + "]" * 90_000),
    ):
        yield Item(f"stamp: {text[:70]!r}", "stamp", lambda text=text: note(text))
    yield Item("stamp: no UTF-8", "stamp", lambda: note(b"\xff\xfe\x80"))
    yield Item("stamp: 10 MB of spaces", "stamp", lambda: note(b" " * 10_000_000))
    yield Item("stamp: in 100000 notes", "stamp", lambda: small_png(chunk(b"tEXt", b"nst\0{}") * 100_000))
    yield Item(
        "stamp: in a png of 2^31 - 1 square", "stamp", lambda: png(2**31 - 1, 2**31 - 1, zlib.compress(bytes(100)))
    )
    yield Item("stamp: in a png of 130 megapixels", "stamp", lambda: png(13_000, 10_000, zeros(520 << 20), colour=6))
    yield Item("stamp: in a png of 95 megapixels", "stamp", lambda: png(9500, 10_000, zeros(100 << 20), colour=0))
    yield Item("stamp: in an apng of no frames", "stamp", lambda: small_png(chunk(b"acTL", bytes(8))))
    for kind, data in whole().items():
        yield Item(f"stamp: in {kind}", "stamp", lambda data=data: data)
    yield Item(
        "stamp: a plain note of 100 MB", "stamp", lambda: small_png(chunk(b"tEXt", b"nst\0" + b" " * (100 << 20)))
    )
