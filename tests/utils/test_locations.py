"""The folders of sample pictures, of networks and of the user's data."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from nst.utils import locations
from tests.conftest import ROOT

INSIDE = {"images": "sample_images", "pretrained-model": "networks"}


@pytest.fixture(params=list(INSIDE))
def name(request):
    return request.param


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout and a current folder beside it, both without any of the folders."""
    (tmp_path / "checkout" / "nst").mkdir(parents=True)
    (tmp_path / "checkout" / "pyproject.toml").touch()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(locations, "_PACKAGE", tmp_path / "checkout" / "nst")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "checkout"


def test_the_current_folder_comes_before_the_checkout_and_the_package(checkout, tmp_path, name):
    (tmp_path / "here" / name).mkdir()
    (checkout / name).mkdir()
    (checkout / "nst" / INSIDE[name]).mkdir()
    assert [folder.resolve() for folder in locations.folders(name)] == [
        tmp_path / "here" / name,
        checkout / name,
        checkout / "nst" / INSIDE[name],
    ]
    assert str(locations.folders(name)[0]) == name, "users read this path, so it is short"


def test_only_folders_that_are_there(checkout, tmp_path, name):
    assert locations.folders(name) == []
    (tmp_path / "here" / name).write_text("a file of that name")
    assert locations.folders(name) == []
    (checkout / name).mkdir()
    assert locations.folders(name) == [checkout / name]


def test_no_folder_twice(checkout, monkeypatch, name):
    (checkout / name).mkdir()
    (checkout / "nst" / INSIDE[name]).symlink_to(checkout / name)
    monkeypatch.chdir(checkout)
    assert [folder.resolve() for folder in locations.folders(name)] == [checkout / name]


def test_an_installed_package_has_no_checkout(checkout, name):
    (checkout / "pyproject.toml").unlink()
    (checkout / name).mkdir()  # some other program's, in site-packages
    (checkout / "nst" / INSIDE[name]).mkdir()
    assert locations.folders(name) == [checkout / "nst" / INSIDE[name]]


def test_this_checkout_from_anywhere(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert locations.folders(name)[0] == ROOT / name


def test_an_unknown_name_is_a_programming_error():
    with pytest.raises(KeyError):
        locations.folders("music")


def test_how_to_add_an_extra_fits_where_the_program_is(checkout):
    assert locations.how_to_add("web") == "run python3 -m pip --python .venv install -r requirements-web.txt"
    assert (ROOT / "requirements-web.txt").is_file()
    (checkout / "pyproject.toml").unlink()
    assert "pip install '.[web]', or uv tool install '.[web]'" in locations.how_to_add("web")


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
@pytest.mark.parametrize(
    ("find", "variable", "usual"),
    [(locations.cache, "XDG_CACHE_HOME", ".cache/nst"), (locations.data, "XDG_DATA_HOME", ".local/share/nst")],
)
def test_the_users_folders_follow_the_xdg_variables(tmp_path, monkeypatch, find, variable, usual):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert find() == tmp_path / "elsewhere" / "nst"
    for ignored in ("", "relative"):
        monkeypatch.setenv(variable, ignored)
        assert find() == tmp_path / usual
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def homeless(tmp_path, monkeypatch):
    """No HOME and a uid without a passwd entry, as in a container; the temporary and the current folder are empty."""

    def unknown(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("temporary", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "here")
    assert os.path.expanduser("~") == "~"
    return tmp_path / "temporary"


@pytest.mark.skipif(os.name == "nt", reason="Windows knows the home folder without HOME")
def test_without_a_home_folder_the_users_folders_are_below_the_temporary_one(homeless):
    own = homeless / f"nst-{os.getuid()}"
    for _ in range(2):  # and the next process finds them again
        assert (locations.cache(), locations.data()) == (own / "cache", own / "data")
    assert own.stat().st_mode & 0o077 == 0
    assert list((homeless.parent / "here").iterdir()) == [], "no folder called ~"


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_a_home_folder_that_cannot_be_written_to_is_none_unless_the_folders_are_there(tmp_path, monkeypatch):
    """As HOME=/nonexistent, or one that a container mounts read-only."""
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    own = tmp_path / f"nst-{os.getuid()}"
    assert (locations.cache(), locations.data()) == (own / "cache", own / "data")
    (tmp_path / "home/.cache/nst").mkdir(parents=True)
    assert (locations.cache(), locations.data()) == (tmp_path / "home/.cache/nst", own / "data")


def test_a_path_from_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locations.expanded("~/x") == tmp_path / "x"
    for path in ("x", "~nobody-of-that-name/x", "~\0"):
        assert locations.expanded(path) == Path(path)


def test_a_path_from_a_user_without_a_home_folder(homeless):
    assert locations.expanded("~/x") == Path("~/x")


@pytest.mark.skipif(os.name == "nt", reason="Windows knows the home folder without HOME")
def test_a_folder_that_another_user_made_under_that_name_is_not_used(homeless):
    (homeless / "others").mkdir(0o777)
    (homeless / f"nst-{os.getuid()}").symlink_to(homeless / "others")
    found = locations.cache()
    assert found.parent.stat().st_mode & 0o077 == 0
    found.mkdir()
    assert list((homeless / "others").iterdir()) == []
