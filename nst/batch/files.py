"""Finds the pictures and videos that the words of a command line stand for, and says which files it leaves out."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from nst import inputs
from nst.images import animation, file_types, remote
from nst.images.reader import SUFFIXES
from nst.utils import locations

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".flv"),
    *(".mpg", ".mpeg", ".mts", ".m2ts", ".3gp", ".ogv"),
)
_NAMED = 3  # files of each kind that a message names
_HEAD = 512  # bytes that tell what a file is


def is_video(path: Path) -> bool:
    """Whether a file is a video, by its name."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def find(words: Sequence[str], warn: Callable[[str], None], *, videos: bool = False) -> list[Path]:
    """Finds the pictures that words stand for, in order and without duplicates; with `videos`, also videos.

    A word is a pattern such as `photos/*.jpg`, a folder, a path, a web address, or the name of a sample. Patterns and
    folders stand for the files with the suffix of a picture or video; `warn` receives a sentence about each kind of
    file that is skipped.

    Raises:
        ValueError: a word matches none; the message says what it matches instead.
    """
    found: list[Path] = []
    skipped: list[Path] = []
    for word in words:
        path = locations.expanded(word)
        if remote.is_url(word):  # which may have a pattern's question mark
            found.append(remote.fetch(word))
            continue
        if path.is_dir():
            matches = list(path.iterdir())
        elif glob.has_magic(word) and not path.exists():
            matches = [Path(each) for each in glob.glob(str(path), recursive=True)]
        else:
            found.append(inputs.find(word))
            continue
        files = [each for each in sorted(matches) if each.is_file() and not each.name.startswith(".")]
        known = [each for each in files if each.suffix.lower() in SUFFIXES or (videos and is_video(each))]
        others = [each for each in files if each not in set(known)]
        if not known:
            raise ValueError(f"no picture matches {word}: {_why_none(word, others, matches)}")
        found += known
        skipped += others
    for sentence in _about(dict.fromkeys(skipped)):
        warn(sentence)
    found = list(dict.fromkeys(found))
    for path in found if videos else []:
        if animation.probe(path):
            warn(f"{path.name} is animated: its first frame is painted; for all, use nst --content_video={path}")
    return found


def _why_none(word: str, others: Sequence[Path], matches: Sequence[Path]) -> str:
    if others:
        return "; ".join(sentence[0].lower() + sentence[1:] for sentence in _about(others))
    if any(each.is_dir() for each in matches):
        return f"only folders do, which are not searched; write for example '{word.rstrip('/*')}/**/*'"
    return "check the spelling and the folder"


def _about(skipped: Iterable[Path]) -> list[str]:
    """A sentence for each reason for which files are skipped: their number, the first few names, and the reason."""
    reasons: dict[str, list[str]] = {}
    for path in skipped:
        reasons.setdefault(_reason(path), []).append(path.name)
    sentences = []
    for reason, names in reasons.items():
        if len(names) == 1:
            sentences.append(f"Skipped {names[0]}: it {reason}")
            continue
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        sentences.append(f"Skipped {len(names)} files ({', '.join(names[:_NAMED])}{more}): each {reason}")
    return sentences


def _reason(path: Path) -> str:
    """Why a file is skipped: the rest of a sentence that begins with its name."""
    if is_video(path):
        return "is a video, and a style must be a picture"
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if mistake := file_types.mistake(head):
        return mistake
    kind = file_types.kind(head)
    if kind not in (None, "TIFF"):  # raw pictures of cameras are TIFF, too
        return f"is a picture in {kind} format with another suffix: rename it"
    return "is neither a picture nor a video, by its name"
