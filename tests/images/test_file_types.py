"""Files whose readable part is not the picture: cameras' raw files."""

import struct

import numpy as np
import pytest
from PIL import Image

from nst.images import reader
from nst.images.decode import PictureError
from tests.support.picture_files import saved, tiff

PREVIEW = bytes(range(48))  # 4 × 4 pixels of RGB


def container(order="<", **tags):
    return tiff(order, 4, 4, 8, 2, PREVIEW, 3, **tags)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    "tags",
    [
        {"t254": (4, 1), "t330": (4, 8)},  # NEF, ARW, SRW, 3FR: a preview, and the raw data in a directory of its own
        {"t254": (4, 1), "t330": (4, 8), "t50706": (4, 0x0401)},  # DNG
        {"t254": (4, 0), "t50706": (4, 0x0401)},
        {"t262": (3, 32803)},  # PEF: a mosaic of colour filters
    ],
)
def test_a_preview_is_not_the_picture(order, tags):
    with pytest.raises(PictureError, match=r"is a camera's raw file.*develop it in darktable.*save it as JPEG or PNG"):
        reader.read(container(order, **tags))


@pytest.mark.parametrize(
    "head",
    [
        b"II*\0\x10\0\0\0CR\2\0",
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
        b"FUJIFILMCCD-RAW 0201",
        b"IIU\0\x18\0\0\0",
        b"IIRO\x08\0\0\0",
        b"IIRS\x08\0\0\0",
        b"MMOR\0\0\0\x08",
        b"FOVb\0\0\2\0",
        b"\0MRM\0\0\0\x08",
        b"II\x1a\0\0\0HEAPCCDR",
    ],
)
def test_raw_files_by_their_marks(head):
    with pytest.raises(PictureError, match="is a camera's raw file"):
        reader.read(head + bytes(200))


@pytest.mark.parametrize("tags", [{}, {"t254": (4, 0), "t330": (4, 8)}, {"t254": (4, 1)}, {"t330": (4, 8)}])
def test_other_tiffs_are_read(tags):
    np.testing.assert_array_equal(reader.read(container(**tags)).ravel(), list(PREVIEW))


@pytest.mark.parametrize("previews", [1, 2])
def test_a_tiff_whose_first_pages_are_previews(previews):
    pages = [Image.new("RGB", (8, 6), "red")] * previews + [Image.new("RGB", (40, 30), "blue")]
    entry = struct.pack("<HHII", 254, 4, 1, 1)
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], tiffinfo={254: 1})
    assert data.count(entry) == previews + 1
    assert reader.read(data).shape == (6, 8, 3), "all pages are reduced: the first is read"
    at = data.rindex(entry)
    picture = reader.read(data[:at] + struct.pack("<HHII", 254, 4, 1, 0) + data[at + 12 :])
    assert picture.shape == (30, 40, 3)
    assert picture[0, 0].tolist() == [0, 0, 255]
