"""Defines and parses the flags of the commands, working around four limitations of absl.

absl rejects `-h`, exits with 1 on `--help`, omits flags defined in packages from it, and accepts stray words.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NoReturn

from absl import app, flags

import nst
from nst.cli import foreign
from nst.cli.terminal import open_streams, print_line
from nst.config import MODEL_LAYERS, PRESETS, THEMES, Setting, TransferConfig, settings
from nst.utils import locations
from nst.utils.fields import parse, written

FLAGS = flags.FLAGS
_SHORT_HELP, _HELP = ("-h", "--h", "--helpshort"), ("-help", "--help", "--helpfull")
_OTHERS = {
    "verbosity": "1: show TensorFlow's own messages",
    "flagfile": "read flags from a file, such as the flags.txt of a run",
    "version": "print the version",
}
_own: dict[str, str] = {}
"""The theme of each flag of the command, in the order of their definition."""


def define(name: str, default: Any, text: str, kind: str = "str", *, theme: str = "") -> None:
    """Defines a flag; help shows the flags by theme, each theme in the order of these calls.

    Args:
        name: the flag without its dashes.
        default: its value if it is not given.
        text: its help.
        kind: `str`, `int`, `float`, `bool`, or `several` for a flag that may be repeated.
        theme: one of `nst.config.THEMES`, or the command's own, which come first.
    """
    makers: dict[str, Callable[..., Any]] = {
        "int": flags.DEFINE_integer,
        "float": flags.DEFINE_float,
        "bool": flags.DEFINE_boolean,
        "several": flags.DEFINE_multi_string,
    }
    makers.get(kind, flags.DEFINE_string)(name, default, text)
    _own[name] = theme


def define_config(*, like: bool = True) -> None:
    """Defines a flag for the preset and for every setting of `TransferConfig`.

    With `like`, also one for a picture whose settings replace the defaults.
    """
    text = f"set of defaults; a flag given by hand wins: {', '.join(PRESETS)}"
    define("preset", next(iter(PRESETS)), text, theme=THEMES[0])
    if like:
        text = "a generated_image.png to take the default settings from; a flag given by hand wins"
        define("like", "", text, theme=THEMES[0])
    for setting in settings():
        text = f"{setting.help}: {', '.join(setting.choices)}" if setting.choices else setting.help
        define(setting.name, setting.default, text, setting.kind, theme=setting.theme)


def read_config(before: TransferConfig | None = None) -> TransferConfig:
    """Reads the settings: the flags given by hand, over the defaults of the preset and model or the `--like` picture.

    Args:
        before: the settings of the run to resume, which are the defaults unless a preset or picture is named.

    Raises:
        ValueError: the preset is unknown, a value is invalid, a flag has no effect, or the picture contains no
            settings.
        OSError: the picture cannot be read.
    """
    given = read_given()
    if FLAGS.like:
        if FLAGS["preset"].present:
            raise ValueError("like and preset contradict each other: both are sets of defaults; give one of them")
        from nst.output import metadata

        return metadata.read(locations.expanded(FLAGS.like)).config.changed(**given)
    if before is not None and not FLAGS["preset"].present:
        return before.changed(**given)
    model = FLAGS.model if "model" in _own else ""  # not every command has this flag
    return TransferConfig.from_preset(FLAGS.preset, model=model, **given)


def read_given() -> dict[str, Any]:
    """The settings given by hand, by name.

    Raises:
        ValueError: a value cannot be parsed.
    """
    given: dict[str, Any] = {}
    for setting in settings():
        flag = FLAGS[setting.name]
        if not flag.present:  # not `value != default`: the default value, given by hand, overrides a preset too
            continue
        try:
            given[setting.name] = parse(setting.kind, flag.value)
        except ValueError as error:
            raise ValueError(f"{setting.name}: {error}") from None
    start = given.get("init")
    if start in foreign.STARTS and not os.path.exists(start):
        raise ValueError(f"init is {start!r}: here it is {foreign.STARTS[start]}")
    return given


@contextlib.contextmanager
def _names_kept() -> Iterator[None]:
    """Makes absl read flagfiles as Python reads the command line, so that names of files in them keep their bytes."""
    absl_flags = sys.modules[flags.FlagValues.__module__]
    absl_flags.open = functools.partial(open, errors="surrogateescape")  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del absl_flags.open


def run(
    main: Callable[..., int | None],
    about: str,
    *,
    words: bool = False,
    abbreviated: tuple[str, ...] = (),
    common: tuple[str, ...] = (),
) -> NoReturn:
    """Parses the flags, runs `main` and exits.

    Help is printed with status 0; an invalid flag or value is reported on one line with status 2; otherwise the status
    is the return value of `main`. With `words`, positional arguments are passed to `main`; without, they are an error.
    The flags in `abbreviated` may be shortened as in argparse, see `written_out`. `-h` shows those in `common`, and
    `--help` all.
    """

    def parse(argv: list[str]) -> list[str]:
        asked = {*argv[1:]}
        if asked & {*_SHORT_HELP, *_HELP}:
            everything = asked & {*_HELP} or not common
            print_line(_help(about, common) if everything else _short_help(about, common))
            sys.exit(0)
        if "--version" in asked:
            print_line(f"nst {nst.__version__}")
            sys.exit(0)
        try:
            with _names_kept():
                given = FLAGS.read_flags_from_files(written_out(argv[1:], abbreviated), force_gnu=False)
            if any("\0" in word for word in given):
                fail("the flagfile is not a text file")
            rest = FLAGS([argv[0], *written_out(given, abbreviated)])  # again, for those in a file
        except flags.UnrecognizedFlagError as error:
            advice = foreign.advice(error.flagname, [*FLAGS])
            fail(f"there is no flag {error.flagname!r}; {advice} (see --help)" if advice else _reworded(str(error)))
        except (flags.Error, OSError) as error:
            fail(_reworded(str(error)))
        if len(rest) > 1 and not words:
            fail(f"unexpected word {rest[1]!r}: flags are written --name=value (see --help)")
        return list(rest)

    open_streams()
    for name in ("matplotlib", "PIL"):  # absl's --verbosity=1 would show their internal messages
        logging.getLogger(name).setLevel(logging.WARNING)
    FLAGS.set_gnu_getopt(words)  # flags may follow words
    app.run(lambda argv: _leave(main(*argv[1:])), flags_parser=parse)
    raise AssertionError("app.run exits")


def written_out(words: Sequence[str], names: tuple[str, ...]) -> list[str]:
    """Expands abbreviated flags in a command line: `--epoch=1` becomes `--epochs=1`.

    Args:
        words: the command line, without the program.
        names: the flags that may be abbreviated, each with another first letter. An exact name takes precedence.
    """
    words = list(words)
    for index, word in enumerate(words):
        if word == "--":
            break
        flag = re.fullmatch(r"(--?)(\w+)(=.*)?", word, re.DOTALL)
        if flag is None or flag[2] in FLAGS:
            continue
        for name in names:
            if name.startswith(flag[2]):
                words[index] = f"{flag[1]}{name}{flag[3] or ''}"
    return words


def _leave(status: int | None) -> NoReturn:
    """Exits at once: everything is written, and an orderly shutdown of TensorFlow takes half a second."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status or 0)


def repeated(*words: str) -> str:
    """A command line with other flags that starts this program in the same way."""
    program = [os.path.basename(sys.argv[0])]
    if program[0].endswith(".py"):
        program = [sys.orig_argv[0], sys.argv[0]]
    return shlex.join([*program, *words])


def fail(sentence: str, status: int = 2) -> NoReturn:
    """Prints a one-line error and exits."""
    print_line(f"{os.path.basename(sys.argv[0]) or 'nst'}: {' '.join(sentence.split())}", sys.stderr)
    sys.exit(status)


def _help(about: str, common: Sequence[str]) -> str:
    """All flags, the layers of the models, and the settings of the presets."""
    lines = [about.strip(), "", *_flags(_own), "Others:"]
    for name, text in _OTHERS.items():
        lines += _entry(f"--{name}", text)
    if common:
        lines += [*_entry("-h", "the most common flags"), *_entry("--help", "this page")]
    else:
        lines += _entry("-h, --help", "this page")
    if "preset" in _own and "model" in _own:
        lines += ["", "Models with layers of their own (by name, not by path; a flag given by hand wins):"]
        for name in MODEL_LAYERS:
            lines += _entry(name, " ".join(_words(settings(model=name))))
    if "preset" in _own:
        lines += ["", "Presets (sets of defaults; a flag given by hand wins):"]
        for name, preset in PRESETS.items():
            lines += _entry(name, preset.about, " ".join(_words(settings(name))))
    return "\n".join(lines)


def _short_help(about: str, common: Sequence[str]) -> str:
    """The flags that most people want, and the presets."""
    left = 26  # such as for --preserve_color=none
    lines = [about.strip(), "", *_flags(common, left), "Presets:"]
    for name, preset in PRESETS.items():
        lines += _entry(name, preset.about, left=left)
    return "\n".join([*lines, "", f"--help shows all {len(_own)} flags, and the settings of each preset."])


def _flags(names: Collection[str], left: int = 34) -> list[str]:
    """The lines of some flags with their values, under their themes."""
    own = [theme for theme in dict.fromkeys(_own.values()) if theme not in THEMES]
    lines = []
    for theme in (*own, *THEMES):
        if members := [name for name in _own if name in names and _own[name] == theme]:
            lines += [f"{theme}:"] if theme else []
            for name in members:
                lines += _entry(f"--{name}={_shown(FLAGS[name].value)}", _text(name), left=left)
            lines.append("")
    return lines


def _text(name: str) -> str:
    """The help of a flag, without the note that absl adds for a flag that may be repeated."""
    return str(FLAGS[name].help).partition(";\n    repeat this option")[0]


def _shown(value: Any) -> str:
    """The value of a flag as it is written on the command line."""
    return ",".join(value or []) if isinstance(value, list) else written("" if value is None else value)


def _words(defaults: list[Setting]) -> list[str]:
    """The flags that would give these defaults: `["--epochs=60", …]`."""
    pairs = zip(settings(), defaults, strict=True)
    return [f"--{own.name}={own.default}" for usual, own in pairs if own.default != usual.default]


def _entry(title: str, *texts: str, left: int = 34) -> list[str]:
    """The lines of one entry of the help: the title in `left` columns, and each text on new lines right of it."""
    width = min(max(shutil.get_terminal_size((116, 24)).columns, 80), 116) - left
    # A word such as --name=value is not broken, so that it can be copied.
    wrapped = [textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False) for text in texts]
    lines = [line for part in wrapped for line in part] or [""]
    indent = " " * left
    if len(title) > left - 3:
        return [f"  {title}", *(indent + line for line in lines)]
    return [f"  {title:<{left - 2}}{lines[0]}", *(indent + line for line in lines[1:])]


def _reworded(message: str) -> str:
    """A message of absl without Python's terms."""
    message = re.sub(r"invalid literal for int\(\) with base 10: ('.*?')", r"\1 is not a whole number", message)
    message = re.sub(r"could not convert string to float: ('.*?')", r"\1 is not a number", message)
    message = re.sub(r"\. Did you mean: (\S+) \?", r"; did you mean --\1?", message)
    message = re.sub(r"ERROR:: Unable to open flagfile: (?:\[Errno \d+\] )?(.*)", r"the flagfile: \1", message)
    message = message.removeprefix("flag ").replace("Unknown command line flag", "there is no flag")
    return f"{message.rstrip('. ')} (see --help)"
