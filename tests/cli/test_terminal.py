"""What the command prints of a run: plain lines, as into a pipe."""

import signal
from pathlib import Path

import pytest

from nst.cli.terminal import Screen, StopSignals
from nst.config import TransferConfig
from nst.run import Start


@pytest.mark.parametrize(
    ("sizes", "line"),
    [
        ([(400, 300)], "Picture: 400×300 pixels, style 320×400"),
        ([(200, 150), (400, 300)], "Picture: 200×150, then 400×300 pixels, style 320×400"),
        ([(100, 75), (200, 150), (400, 300)], "Picture: 100×75, then 200×150, then 400×300 pixels, style 320×400"),
    ],
)
def test_the_start_names_all_sizes_in_their_order(capsys, sizes, line):
    Screen(TransferConfig(epochs=30)).start(Start("tiny", sizes, [10] * len(sizes), (320, 400), 0, 200.0))
    assert capsys.readouterr().out.splitlines() == ["Network: tiny", line, "Time: about 3 min 20 s for 30 epochs"]


def test_the_start_names_the_tiles_when_there_are_some(capsys):
    Screen(TransferConfig()).start(Start("tiny", [(400, 300)], [200], (320, 400), 256, 200.0))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[2] == "Tiles: about 256 pixels a side"


def test_the_time_that_is_left_counts_the_pixels_of_each_size():
    start = Start("tiny", [(20, 10), (40, 20)], [3, 2], (320, 400), 0, 9.0)
    assert start.left(0, 1.0) == 2 + 2 * 4
    assert start.left(2, 3.0) == 2 * 4
    assert start.left(3, 7.0) == 4
    assert start.left(4, 11.0) == 0


def test_the_files_are_named_below_a_ruler(capsys):
    files = {
        "content_image_filename": [Path("images/louvre_small.jpg")],
        "style_image_filename": [Path("a"), Path("b")],
    }
    Screen(TransferConfig()).inputs(**files)
    ruler, *lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "content_image_filename :  images/louvre_small.jpg",
        "style_image_filename :  a",
        "style_image_filename :  b",
    ]
    assert ruler == "=" * len(lines[0])


def test_a_warning_goes_to_the_error_stream(capsys):
    Screen(TransferConfig()).warn("memory ran out: the picture is now computed in tiles of 108 pixels")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "Warning: memory ran out: the picture is now computed in tiles of 108 pixels\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_asks_for_a_stop(number):
    before = signal.signal(number, signal.SIG_DFL)  # a suite that was started by nohup ignores it
    try:
        with StopSignals() as signals:
            signals.painting = True
            assert not signals.requested()
            signal.raise_signal(number)
            assert signals.requested()
            assert signals.status == 128 + number
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
