"""Which file a model stands for, and the cache beside the large ones."""

import contextlib
import errno
import io
import os
import re

import numpy as np
import pytest

from nst.utils import atomic, locations
from nst.weights import cache as cache_file
from nst.weights import mat5, matconvnet, registry
from nst.weights.network import MEAN_COLOUR, WeightsError
from tests.support import fake_vgg
from tests.weights import test_keras_h5

VGG19_FILE = "imagenet-vgg-verydeep-19.mat"
VGG16_FILE = "imagenet-vgg-verydeep-16.mat"
SMALL_FILE = "imagenet-vgg-verydeep-19.8bit.mat"
PREVIEW_FILE = "preview-vgg19-narrow.mat"
PAGE = "https://www.vlfeat.org/matconvnet/models/"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder, a checkout elsewhere with the preview network, and no real network anywhere."""
    checkout = tmp_path / "checkout"
    (checkout / "nst").mkdir(parents=True)
    (checkout / "pyproject.toml").touch()
    (checkout / "pretrained-model").mkdir()
    fake_vgg.write(checkout / "pretrained-model" / PREVIEW_FILE)
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(locations, "_PACKAGE", checkout / "nst")
    monkeypatch.delenv("NST_WEIGHTS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def models(here):
    """The current folder's `pretrained-model`."""
    folder = here / "pretrained-model"
    folder.mkdir()
    return folder


def same(one, other):
    """Whether two networks are equal bit for bit, with equal names."""
    assert one.name == other.name
    assert one.source == other.source
    assert list(one.layers) == list(other.layers)
    np.testing.assert_array_equal(one.mean, other.mean, strict=True)
    for name in one.layers:
        for part, wanted in zip(one.layers[name], other.layers[name], strict=True):
            assert part.dtype == wanted.dtype == np.float32
            assert part.shape == wanted.shape
            assert part.tobytes() == wanted.tobytes()
    return True


# ---- which file


@pytest.mark.parametrize(("model", "file", "kind"), [("vgg19", VGG19_FILE, "VGG-19"), ("vgg16", VGG16_FILE, "VGG-16")])
def test_the_published_networks(models, model, file, kind):
    (models / file).touch()
    found = registry.find(model)
    assert (found.path.resolve(), found.wanted, found.notice) == (models / file, kind, "")


@pytest.mark.parametrize(("model", "file"), [("vgg19", VGG19_FILE), ("vgg16", VGG16_FILE)])
def test_a_published_network_that_is_not_there(models, model, file):
    with pytest.raises(WeightsError) as caught:
        registry.find(model)
    assert f"pretrained-model/{file} is not there" in str(caught.value)
    size = " (535 MB)" if model == "vgg19" else ""
    assert f"download {PAGE}{file}{size} and put it into pretrained-model/" in str(caught.value)
    assert "preview" in str(caught.value)


def dangling(path):
    path.symlink_to("gone")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (os.mkdir, "a folder"),
        (os.mkfifo, "a device or a pipe"),
        (dangling, "a symbolic link to a missing file"),
    ],
)
@pytest.mark.parametrize(("model", "file"), [("vgg19", VGG19_FILE), ("auto", VGG19_FILE), ("vgg16", VGG16_FILE)])
def test_something_under_its_name_that_is_no_file(models, tmp_path, model, file, make, what):
    make(models / file)
    with pytest.raises(WeightsError) as caught:
        registry.find(model)
    assert f"{file} is {what}: remove it, then download {PAGE}{file}" in str(caught.value)
    assert "put it into pretrained-model/" in str(caught.value)
    assert "preview" in str(caught.value)
    assert registry.find("preview").notice, "who asks for the preview network gets it"
    real = tmp_path / "checkout" / "pretrained-model" / file
    real.touch()
    assert registry.find(model).path == real, "a file in a further folder is used"


def test_something_under_its_name_in_a_further_folder(models, tmp_path):
    folder = tmp_path / "checkout" / "pretrained-model" / VGG19_FILE
    folder.mkdir()
    with pytest.raises(WeightsError, match=re.escape(f"{folder} is a folder: remove it")):
        registry.find("auto")


def test_the_nearest_folder_wins(models, tmp_path):
    checkouts = tmp_path / "checkout" / "pretrained-model"
    (checkouts / VGG19_FILE).touch()
    assert registry.find("vgg19").path == checkouts / VGG19_FILE
    (models / VGG19_FILE).touch()
    assert registry.find("vgg19").path.resolve() == models / VGG19_FILE


def test_auto_is_vgg19_if_there_else_the_preview_network_with_its_notice(models, tmp_path):
    preview = tmp_path / "checkout" / "pretrained-model" / PREVIEW_FILE
    (models / VGG16_FILE).touch()
    found = registry.find("auto")
    assert (found.path, found.wanted) == (preview, None)
    assert f"or download {PAGE}{VGG19_FILE} (535 MB) and put it into pretrained-model/." in found.notice
    assert "because VGG-19's weights are missing" in found.notice
    assert registry.load("auto").notice == found.notice
    (models / VGG19_FILE).touch()
    found = registry.find("auto")
    assert (found.path.resolve(), found.wanted, found.notice) == (models / VGG19_FILE, "VGG-19", "")


def test_how_to_get_it_is_said(models, tmp_path):
    commands = "run 'python -m nst.download vgg19'"
    small = commands.replace("vgg19", "vgg19-8bit")
    assert f"For better pictures {small} (19 MB), or download" in registry.find("auto").notice
    with pytest.raises(WeightsError) as caught:
        registry.find("vgg19-8bit")
    assert f"{SMALL_FILE} is not there: {small}, or use the small preview network" in str(caught.value)
    with pytest.raises(WeightsError, match=re.escape(commands)):
        registry.find("vgg19")
    (tmp_path / "checkout" / "pyproject.toml").unlink()
    assert registry.commands("vgg19") == "'nst-weights fetch vgg19'", "as it is called where it is installed"


# ---- a copy elsewhere


@pytest.mark.parametrize(
    ("model", "names"),
    [
        *((model, [VGG19_FILE, "imagenet-vgg-verydeep-19.from-keras.mat", SMALL_FILE]) for model in ("vgg19", "auto")),
        ("vgg19-8bit", [SMALL_FILE]),
        ("vgg16", [VGG16_FILE, "imagenet-vgg-verydeep-16.from-keras.mat", "imagenet-vgg-verydeep-16.from-onnx.mat"]),
    ],
)
def test_where_a_published_network_is_looked_for(models, tmp_path, monkeypatch, model, names):
    store, cache = tmp_path / "store", tmp_path / "cache" / "nst"
    for folder in (store, cache):
        folder.mkdir(parents=True)
    monkeypatch.setenv("NST_WEIGHTS", str(store))
    # The later the better: each one that is added is taken before those that are there.
    for path in [folder / name for name in reversed(names) for folder in (cache, store, models)]:
        path.touch()
        found = registry.find(model)
        assert found.path.resolve() == path
        assert (found.wanted, found.notice) == ("VGG-16" if model == "vgg16" else "VGG-19", "")


def test_nst_weights_may_name_any_of_the_files(models, tmp_path, monkeypatch):
    small = tmp_path / SMALL_FILE
    small.touch()
    monkeypatch.setenv("NST_WEIGHTS", str(small))
    assert registry.find("vgg19").path == registry.find("vgg19-8bit").path == registry.find("auto").path == small
    assert registry.published("vgg19") is None
    cached = tmp_path / "cache" / "nst" / "imagenet-vgg-verydeep-19.from-keras.mat"
    cached.parent.mkdir(parents=True)
    cached.touch()
    assert registry.find("vgg19").path == cached, "it is nearer to the published file"
    with pytest.raises(WeightsError, match=r"NST_WEIGHTS names .*, which contains no imagenet-vgg-verydeep-16"):
        registry.find("vgg16")


def test_nst_weights_may_name_a_file_of_any_name_but_the_other_networks(models, tmp_path, monkeypatch):
    file = tmp_path / "mine.mat"
    file.touch()
    monkeypatch.setenv("NST_WEIGHTS", str(file))
    assert registry.find("vgg19").path == registry.find("vgg16").path == registry.find("auto").path == file
    assert registry.published("vgg19-8bit") is None
    file = file.rename(tmp_path / VGG16_FILE)
    monkeypatch.setenv("NST_WEIGHTS", str(file))
    assert registry.find("vgg16").path == file
    with pytest.raises(WeightsError, match=re.escape(f"(NST_WEIGHTS names {file}, which contains no {VGG19_FILE})")):
        registry.find("vgg19")
    assert registry.find("auto").notice


def test_nst_weights_in_the_home_folder(models, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NST_WEIGHTS", "~")
    (tmp_path / VGG19_FILE).touch()
    assert registry.find("vgg19").path == tmp_path / VGG19_FILE


def test_nst_weights_that_leads_nowhere_is_said(models, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    monkeypatch.setenv("NST_WEIGHTS", str(gone))
    with pytest.raises(WeightsError, match=re.escape(f"(NST_WEIGHTS names {gone}, which does not exist)")):
        registry.find("vgg19")
    assert f"missing (NST_WEIGHTS names {gone}, which does not exist)." in registry.find("auto").notice
    assert "NST_WEIGHTS" not in registry.find("preview").notice
    gone.mkdir()
    assert f"(NST_WEIGHTS names {gone}, which contains no {VGG19_FILE})" in registry.find("auto").notice
    monkeypatch.setenv("NST_WEIGHTS", "")
    assert "NST_WEIGHTS" not in registry.find("auto").notice


@pytest.mark.parametrize("base", ["", "relative"])
def test_the_users_cache(here, tmp_path, monkeypatch, base):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    assert locations.cache() == tmp_path / ".cache" / "nst"


def test_preview_is_the_preview_network_even_beside_vgg19(models, tmp_path):
    (models / VGG19_FILE).touch()
    found = registry.find("preview")
    assert found.path == tmp_path / "checkout" / "pretrained-model" / PREVIEW_FILE
    assert "small preview network" in found.notice
    assert "not there" not in found.notice, "VGG-19 is there"


@pytest.mark.parametrize("model", ["auto", "preview"])
def test_a_preview_network_that_is_missing(here, tmp_path, model):
    (tmp_path / "checkout" / "pretrained-model" / PREVIEW_FILE).unlink()
    with pytest.raises(WeightsError, match=r"preview network .* is missing: restore it"):
        registry.find(model)


def test_a_person_is_never_sent_into_the_installed_package(here, tmp_path):
    installed = tmp_path / "checkout"
    (installed / "pyproject.toml").unlink()
    (installed / "nst" / "networks").mkdir()
    fake_vgg.write(installed / "nst" / "networks" / PREVIEW_FILE)
    assert registry.find("auto").path == installed / "nst" / "networks" / PREVIEW_FILE
    assert "into pretrained-model/" in registry.find("auto").notice
    with pytest.raises(WeightsError, match="put it into pretrained-model/"):
        registry.find("vgg19")


def test_a_path(here):
    fake_vgg.write(here / "tiny.mat")
    found = registry.find("tiny.mat")
    assert (str(found.path), found.wanted, found.notice) == ("tiny.mat", None, "")
    network = registry.load("tiny.mat")
    assert network.name == "narrow VGG-19 to conv5_1 (4 to 12 channels)"
    assert (network.source, network.notice) == ("tiny.mat", "")
    assert not list(here.glob("*cache*")), "a small file needs no cache"


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("nowhere.mat", "nowhere.mat is not there"),
        ("folder", "folder is a folder"),
        ("dangling.mat", "dangling.mat is a symbolic link to a missing file"),
        ("pipe", "pipe is a device or a pipe"),
        ("", "'' is not there"),
        ("x" * 5000, "is not there"),
        ("a\0b", "is not there"),
        ("~a\0b", "is not there"),
        ("VGG19", "VGG19 is not there"),
    ],
)
def test_a_path_that_is_no_file(here, model, what):
    (here / "folder").mkdir()
    (here / "dangling.mat").symlink_to("gone.mat")
    os.mkfifo(here / "pipe")
    with pytest.raises(WeightsError) as caught:
        registry.load(model)
    assert what in str(caught.value)
    assert "give auto, vgg19, vgg19-8bit, vgg16, preview, or the path of a .mat file" in str(caught.value)


def test_a_file_of_keras_by_its_path(here):
    made = fake_vgg.layers(fake_vgg.VGG19)
    test_keras_h5.write(here / "mine.h5", made)
    network = registry.load("mine.h5")
    assert (network.name, network.source) == ("narrow VGG-19 to conv5_4 (4 to 12 channels)", "mine.h5")
    for name, (kernel, _) in made.items():
        np.testing.assert_array_equal(network.layers[name].kernel, kernel)
    (here / "mine.h5").write_bytes((here / "mine.h5").read_bytes()[:5000])
    with pytest.raises(
        WeightsError, match=r"mine\.h5 is not an HDF5 file, or is damaged: delete it and fetch it again"
    ):
        registry.load("mine.h5")


def test_a_path_in_the_home_folder(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("USERPROFILE", str(here))
    fake_vgg.write(here / "tiny.mat")
    assert registry.find("~/tiny.mat").path == here / "tiny.mat"
    assert registry.load("~/tiny.mat").source == str(here / "tiny.mat")
    with pytest.raises(WeightsError, match=r"gone\.mat is not there"):
        registry.find("~/gone.mat")


def test_a_file_that_vanishes_after_it_was_found(here):
    with pytest.raises(WeightsError, match=re.escape("cannot read the network gone.mat: No such file")):
        registry.read_file(registry.ModelFile(here.relative_to(here) / "gone.mat", None, ""))


# ---- the network that was asked for


@pytest.mark.parametrize(
    ("model", "file", "held", "blocks"),
    [("vgg19", VGG19_FILE, "VGG-16", fake_vgg.VGG16), ("vgg16", VGG16_FILE, "VGG-19", fake_vgg.VGG19)],
)
def test_the_other_network_under_this_name(models, monkeypatch, model, file, held, blocks):
    fake_vgg.write(models / file, blocks=blocks)
    wanted = registry.find(model).wanted
    sentence = f"contains narrow {held} .*, not {wanted}: fetch the right file from {PAGE}"
    with pytest.raises(WeightsError, match=sentence):
        registry.load(model)
    monkeypatch.setattr(cache_file, "_WORTH_ABOVE", 0)
    for _ in range(2):  # from the file, then from the cache
        with pytest.raises(WeightsError, match=sentence):
            registry.load(model)
    assert registry.load(f"pretrained-model/{file}").name.startswith(f"narrow {held}"), "a path is taken as it is"


@pytest.mark.parametrize(
    ("model", "file", "blocks"),
    [
        ("vgg19", VGG19_FILE, fake_vgg.VGG19),
        ("vgg19", VGG19_FILE, fake_vgg.SLIM),
        ("auto", VGG19_FILE, fake_vgg.SLIM),
        ("vgg16", VGG16_FILE, fake_vgg.VGG16),
    ],
)
def test_a_narrow_or_shorter_network_of_that_kind_is_taken(models, model, file, blocks):
    fake_vgg.write(models / file, blocks=blocks)
    assert registry.load(model).name.startswith("narrow VGG-1")


# ---- the cache


@pytest.fixture
def large(models, monkeypatch):
    """A file that counts as large."""
    monkeypatch.setattr(cache_file, "_WORTH_ABOVE", 1000)
    fake_vgg.write(models / "large.mat", "old", dense=True, mean=(1.5, 2.5, 99.9))
    return models / "large.mat"


@pytest.fixture
def parsed(monkeypatch):
    """The files that were parsed so far."""
    paths = []
    read = matconvnet.read
    monkeypatch.setattr(matconvnet, "read", lambda path: paths.append(path) or read(path))
    return paths


def cache_of(path):
    (cache,) = path.parent.glob("*.cache.npz")
    return cache


def test_the_second_time_the_file_is_not_parsed(large, parsed, monkeypatch):
    first = registry.load(str(large))
    assert cache_of(large).parent == large.parent
    assert len(parsed) == 1
    monkeypatch.setattr(mat5, "checked_copy", lambda *_, **__: pytest.fail("parsed again"))
    second = registry.load(str(large))
    assert len(parsed) == 1
    assert same(first, second)
    np.testing.assert_array_equal(first.mean, np.float32([1.5, 2.5, 99.9]))
    np.testing.assert_array_equal(second.layers["conv3_2"].kernel, fake_vgg.layers()["conv3_2"][0])


def test_the_cache_holds_no_dense_layers(large):
    registry.load(str(large))
    with np.load(cache_of(large), allow_pickle=False) as stored:
        names = {name.split(".")[0] for name in stored.files if name.startswith("conv")}
        assert names == set(fake_vgg.layers())
        assert not [name for name in stored.files if "fc" in name]
        assert sum(stored[name].nbytes for name in stored.files) < 1.2 * sum(
            part.nbytes for pair in fake_vgg.layers().values() for part in pair
        )


def test_small_files_have_none(large, parsed, monkeypatch):
    monkeypatch.setattr(cache_file, "_WORTH_ABOVE", large.stat().st_size)
    registry.load(str(large))
    registry.load(str(large))
    assert len(parsed) == 2
    assert [path.name for path in large.parent.iterdir()] == ["large.mat"]
    monkeypatch.setattr(cache_file, "_WORTH_ABOVE", 1000)
    registry.load(str(large))
    monkeypatch.setattr(cache_file, "_WORTH_ABOVE", large.stat().st_size)
    registry.load(str(large))
    assert len(parsed) == 4, "a cache beside a small file is not looked at"


def test_the_published_file_is_large_and_the_preview_network_is_not():
    assert 5_000_000 < cache_file._WORTH_ABOVE < 500_000_000


def test_it_is_made_again_when_the_time_differs(large, parsed):
    fake_vgg.write(large, compress=False)
    before = registry.load(str(large))
    stat = large.stat()
    made = fake_vgg.write(large, compress=False, seed=1)
    assert large.stat().st_size == stat.st_size
    os.utime(large, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    after = registry.load(str(large))
    assert len(parsed) == 2
    assert not np.array_equal(before.layers["conv1_1"].kernel, after.layers["conv1_1"].kernel)
    np.testing.assert_array_equal(after.layers["conv1_1"].kernel, made["conv1_1"][0])
    assert same(registry.load(str(large)), after)
    assert len(parsed) == 2, "the new cache is used"


def test_it_is_made_again_when_the_size_differs(large, parsed):
    registry.load(str(large))
    stat = large.stat()
    made = fake_vgg.write(large, "new", seed=1)
    assert large.stat().st_size != stat.st_size
    os.utime(large, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    np.testing.assert_array_equal(registry.load(str(large)).layers["conv1_1"].kernel, made["conv1_1"][0])
    assert len(parsed) == 2
    registry.load(str(large))
    assert len(parsed) == 2


def test_a_stale_one_never_stands_in_for_a_file_that_is_broken(large):
    registry.load(str(large))
    large.write_bytes(large.read_bytes()[:-50])
    with pytest.raises(WeightsError, match="cut short"):
        registry.load(str(large))
    large.write_text("<html>" + " " * 5000)
    with pytest.raises(WeightsError, match="web page"):
        registry.load(str(large))
    large.unlink()
    with pytest.raises(WeightsError, match="is not there"):
        registry.load(str(large))


def change(cache, **arrays):
    """Replaces arrays of a cache; None takes one out."""
    with np.load(cache) as stored:
        kept = {**dict(stored), **arrays}
    np.savez(cache, **{name: array for name, array in kept.items() if array is not None})


def older_format(cache):
    with np.load(cache) as stored:
        stamp = stored["stamp"].copy()
    stamp[0] -= 1
    change(cache, stamp=stamp, mean=np.zeros(3, np.float32))


def test_one_of_an_older_version_is_made_again(large, parsed, monkeypatch):
    registry.load(str(large))
    monkeypatch.setattr(cache_file, "_FORMAT", cache_file._FORMAT + 1)
    registry.load(str(large))
    assert len(parsed) == 2


def flip_a_weight(cache):
    data = bytearray(cache.read_bytes())
    data[len(data) // 2] ^= 1
    cache.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda cache: cache.write_bytes(b""),
        lambda cache: cache.write_bytes(cache.read_bytes()[:-1]),
        lambda cache: cache.write_bytes(cache.read_bytes()[:3000]),
        lambda cache: cache.write_bytes(bytes(5000)),
        flip_a_weight,
        older_format,
        lambda cache: change(cache, stamp=None),
        lambda cache: change(cache, mean=None),
        lambda cache: change(cache, mean=np.zeros(4, np.float32)),
        lambda cache: change(cache, **{"conv4_1.bias": None}),
        lambda cache: change(cache, **{"conv4_1.bias": np.zeros(3, np.float32)}),
        lambda cache: change(cache, **{"conv4_1.bias": np.zeros(10, np.float64)}),
        lambda cache: change(cache, **{"conv4_1.kernel": np.zeros((3, 3), np.float32)}),
        lambda cache: change(cache, names=np.array(["conv1_1", "conv3_1"])),
        lambda cache: change(cache, names=np.array([{}], object)),
    ],
)
def test_a_damaged_one_is_made_again(large, parsed, damage):
    first = registry.load(str(large))
    damage(cache_of(large))
    assert same(registry.load(str(large)), first)
    assert len(parsed) == 2
    assert same(registry.load(str(large)), first)
    assert len(parsed) == 2, "the cache is whole again"


def test_a_folder_in_its_place_is_no_error(large, parsed):
    registry.load(str(large))
    cache = cache_of(large)
    cache.unlink()
    cache.mkdir()
    for _ in range(2):
        assert registry.load(str(large)).layers
    assert len(parsed) == 3


def test_a_folder_that_may_not_be_written(large):
    large.parent.chmod(0o555)
    try:
        if os.access(large.parent, os.W_OK):
            pytest.skip("this user, as root does, may write into every folder")
        assert registry.load(str(large)).layers
        assert [path.name for path in large.parent.iterdir()] == ["large.mat"]
    finally:
        large.parent.chmod(0o755)


def test_a_folder_that_refuses_is_no_error(large, monkeypatch):
    @contextlib.contextmanager
    def refuse(path):
        raise PermissionError(errno.EACCES, f"cannot write {path}")
        yield

    monkeypatch.setattr(atomic, "whole", refuse)
    assert registry.load(str(large)).layers


# The zip file of older NumPy complains once more on its way out.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("room", [0, 100, 20_000])
def test_a_full_disk_is_no_error_and_leaves_nothing(large, monkeypatch, room):
    class Full(io.BytesIO):
        def write(self, data):
            if self.tell() + len(data) > room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    whole = atomic.whole

    @contextlib.contextmanager
    def full(path):
        with whole(path):
            yield Full()

    monkeypatch.setattr(atomic, "whole", full)
    assert registry.load(str(large)).layers
    assert [path.name for path in large.parent.iterdir()] == ["large.mat"]


def test_beside_a_symbolic_link_not_beside_its_target(large, here, parsed):
    (here / "linked.mat").symlink_to(large)
    registry.load("linked.mat")
    registry.load("linked.mat")
    assert len(parsed) == 1
    assert list(here.glob("*.cache.npz"))
    assert not list(large.parent.glob("*.cache.npz"))


def test_two_files_of_one_stem_have_two(large, models):
    made = fake_vgg.write(models / "large.old.mat", seed=3)
    (models / "large.old.mat").rename(models / "large.MAT")
    stat = large.stat()
    os.utime(models / "large.MAT", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    registry.load(str(large))
    assert registry.load(str(models / "large.MAT")).layers["conv1_1"].bias.tobytes() == made["conv1_1"][1].tobytes()
    assert len(list(models.glob("*.cache.npz"))) == 2


def test_a_mean_colour_that_is_imagenets(models, monkeypatch):
    monkeypatch.setattr(cache_file, "_WORTH_ABOVE", 1000)
    fake_vgg.write(models / "a.mat")
    for _ in range(2):
        np.testing.assert_array_equal(registry.load(str(models / "a.mat")).mean, np.float32(MEAN_COLOUR), strict=True)
