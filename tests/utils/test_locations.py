"""Where sample pictures and networks are looked for."""

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


def test_the_current_folders_comes_first_then_the_checkouts_then_the_packages(checkout, tmp_path, name):
    (tmp_path / "here" / name).mkdir()
    (checkout / name).mkdir()
    (checkout / "nst" / INSIDE[name]).mkdir()
    assert [folder.resolve() for folder in locations.folders(name)] == [
        tmp_path / "here" / name,
        checkout / name,
        checkout / "nst" / INSIDE[name],
    ]
    assert str(locations.folders(name)[0]) == name, "a person reads this path: it is short"


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


def test_an_unknown_name_is_a_mistake_of_the_program():
    with pytest.raises(KeyError):
        locations.folders("music")


def test_how_to_add_an_extra_fits_where_the_program_is(checkout):
    assert locations.how_to_add("web") == "run python3 -m pip --python .venv install -r requirements-web.txt"
    assert (ROOT / "requirements-web.txt").is_file()
    (checkout / "pyproject.toml").unlink()
    assert "pip install '.[web]', or uv tool install '.[web]'" in locations.how_to_add("web")
