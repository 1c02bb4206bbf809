"""nst.utils.atomic: what is left on disk after any failure."""

from __future__ import annotations

import builtins
import errno
import os
import pickle
import zipfile
from pathlib import Path

import pytest

from nst.utils.atomic import folder_size, whole, write_bytes, write_text

FULL = OSError(errno.ENOSPC, "No space left on device")


def test_bytes_and_text(tmp_path):
    write_bytes(tmp_path / "a", b"\0\r\n")
    assert (tmp_path / "a").read_bytes() == b"\0\r\n"
    write_text(str(tmp_path / "a"), "né\n")
    assert (tmp_path / "a").read_bytes() == b"n\xc3\xa9\n"
    assert os.listdir(tmp_path) == ["a"]


def test_the_name_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"old")
    with whole(path) as file:
        with zipfile.ZipFile(file, "w") as archive:  # goes back and forth in the file
            archive.writestr("b", b"new")
        assert path.read_bytes() == b"old"
    assert zipfile.ZipFile(path).read("b") == b"new"
    assert os.listdir(tmp_path) == ["a.zip"]


def test_a_name_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_bytes("a", b"1")
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_file_has_the_usual_permissions(mask, tmp_path):
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "a", b"1")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~mask


def test_content_is_on_disk_before_its_name(tmp_path, monkeypatch):
    order = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given, name=name, real=real: (order.append(name), real(*given))[1])
    write_bytes(tmp_path / "a", b"1")
    assert order == ["fsync", "replace"]


@pytest.mark.parametrize("place", ["fsync", "replace", "the block"])
@pytest.mark.parametrize(
    "error", [FULL, KeyboardInterrupt(), ValueError("odd")], ids=lambda error: type(error).__name__
)
def test_failure_leaves_the_old_file_and_nothing_else(place, error, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    write_bytes(path, b"old")

    def fail(*_):
        raise error

    if place != "the block":
        monkeypatch.setattr(os, place, fail)

    def rewrite():
        with whole(path) as file:
            file.write(b"new")
            if place == "the block":
                fail()

    with pytest.raises(type(error)) as caught:
        rewrite()
    if error is FULL:
        assert str(caught.value) == f"cannot write {path}: No space left on device"
        assert caught.value.errno == errno.ENOSPC
    else:
        assert caught.value is error
    assert os.listdir(tmp_path) == ["a.png"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/tmp/.part"), PermissionError, "Permission denied"),
        (OSError(errno.EROFS, "Read-only file system"), OSError, "Read-only file system"),
        (OSError("no number"), OSError, "no number"),
    ],
)
def test_an_error_keeps_its_class_and_number_and_is_one_sentence(error, kind, reason, tmp_path, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr(builtins, "open", fail)
    with pytest.raises(OSError, match="cannot write") as caught:
        write_bytes(tmp_path / "a", b"")
    assert type(caught.value) is kind
    assert str(caught.value) == f"cannot write {tmp_path / 'a'}: {reason}"
    assert caught.value.errno == error.errno
    assert caught.value.__cause__ is error
    monkeypatch.undo()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # worker processes send it


def test_failing_to_remove_the_temporary_file_does_not_hide_the_error(tmp_path, monkeypatch):
    def fail(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "unlink", fail)
    with pytest.raises(OSError, match="No space left"), whole(tmp_path / "a"):
        raise FULL


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_bytes(tmp_path / "missing" / "a.png", b"")
    assert caught.value.errno == errno.ENOENT
    folder = os.path.realpath(tmp_path / "missing")
    reason = os.strerror(errno.ENOENT)
    assert str(caught.value) == f"cannot write {tmp_path / 'missing' / 'a.png'}: {reason} (there is no folder {folder})"
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"there is no folder .*file"):
        write_bytes(tmp_path / "file" / "a.png", b"")


def test_folder_is_never_replaced(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"^cannot write .*: it is a folder, not a file$") as caught:
        write_bytes(tmp_path, b"")
    assert caught.value.errno == errno.EISDIR


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX files")
def test_pipe_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    os.symlink("pipe", tmp_path / "link")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match=r"^cannot write .*: it is a device or a pipe, not a file$"):
            write_bytes(tmp_path / name, b"1")
    assert not (tmp_path / "pipe").is_file()
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
@pytest.mark.parametrize("there", [True, False])
def test_symbolic_link_is_followed(there, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    real = tmp_path / "elsewhere" / "real"
    if there:
        real.write_bytes(b"old")
    os.symlink("elsewhere/real", tmp_path / "link")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert real.read_bytes() == b"new"
    assert os.listdir(tmp_path / "elsewhere") == ["real"]


def test_the_longest_name(tmp_path):
    write_bytes(tmp_path / ("x" * 255), b"long")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"long"
    with pytest.raises(OSError, match="cannot write") as caught:
        write_bytes(tmp_path / ("x" * 256), b"too long")
    assert caught.value.errno == errno.ENAMETOOLONG
    assert os.listdir(tmp_path) == ["x" * 255]


def test_a_folder_that_disappears_while_it_is_measured_is_skipped(tmp_path, monkeypatch):
    (tmp_path / "kept").write_bytes(bytes(5))
    (tmp_path / "pip-download-x").mkdir()
    listed = os.scandir

    def scandir(path):
        if Path(path).name == "pip-download-x" and Path(path).exists():
            Path(path).rmdir()
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert folder_size(tmp_path) == 5
    assert not (tmp_path / "pip-download-x").exists()
