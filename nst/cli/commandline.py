"""How the commands read their flags: absl's, with its four gaps mended.

absl takes `-h` for an error, exits 1 on `--help`, leaves out flags defined in packages, and accepts stray words.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from absl import app, flags

from nst.cli.terminal import open_streams, print_line
from nst.config import MODEL_LAYERS, PRESETS, Setting, TransferConfig, settings
from nst.utils.fields import parse, written

FLAGS = flags.FLAGS
_HELP = re.compile(r"--?(h|help|helpshort|helpfull)")
_ABSL = {
    "verbosity": "1: show TensorFlow's own messages",
    "flagfile": "read flags from a file, such as the flags.txt of a run",
}
_own: list[str] = []


def define(name: str, default: Any, text: str, kind: str = "str") -> None:
    """Defines one flag of this program; they are shown by `--help` in the order of these calls.

    `kind` is `str`, `int`, `float`, `bool`, or `several` for a flag that may be repeated.
    """
    makers: dict[str, Callable[..., Any]] = {
        "int": flags.DEFINE_integer,
        "float": flags.DEFINE_float,
        "bool": flags.DEFINE_boolean,
        "several": flags.DEFINE_multi_string,
    }
    makers.get(kind, flags.DEFINE_string)(name, default, text)
    _own.append(name)


def define_config(*, like: bool = True) -> None:
    """Defines a flag for the preset, and one for every setting of `TransferConfig` with its default.

    With `like`, one as well for the picture whose settings are the defaults instead.
    """
    define("preset", next(iter(PRESETS)), f"set of defaults; a flag given by hand wins: {', '.join(PRESETS)}")
    if like:
        define("like", "", "a generated_image.png to take the default settings from; a flag given by hand wins")
    for setting in settings():
        text = f"{setting.help}: {', '.join(setting.choices)}" if setting.choices else setting.help
        define(setting.name, setting.default, text, setting.kind)


def read_config(before: TransferConfig | None = None) -> TransferConfig:
    """The defaults of the preset and the model, or of the picture that `--like` names, and over them what is given.

    Args:
        before: the settings of a run that is resumed; they are the defaults, unless others are named.

    Raises:
        ValueError: a name that is no preset, a value out of range, a flag that has no effect, or a picture that
            carries no settings.
        OSError: that picture cannot be read.
    """
    given = read_given()
    if FLAGS.like:
        if FLAGS["preset"].present:
            raise ValueError("like and preset contradict each other: both are sets of defaults; give one of them")
        from nst.output import metadata

        return metadata.read(Path(FLAGS.like).expanduser()).config.changed(**given)
    if before is not None and not FLAGS["preset"].present:
        return before.changed(**given)
    model = FLAGS.model if "model" in _own else ""  # a door may have no such flag
    return TransferConfig.from_preset(FLAGS.preset, model=model, **given)


def read_given() -> dict[str, Any]:
    """The settings that were given by hand, by name.

    Raises:
        ValueError: a value that is none of its setting.
    """
    given: dict[str, Any] = {}
    for setting in settings():
        flag = FLAGS[setting.name]
        if not flag.present:  # not `value != default`: the default's own value, given by hand, wins too
            continue
        try:
            given[setting.name] = parse(setting.kind, flag.value)
        except ValueError as error:
            raise ValueError(f"{setting.name}: {error}") from None
    return given


def run(
    main: Callable[..., int | None], about: str, *, words: bool = False, abbreviated: tuple[str, ...] = ()
) -> NoReturn:
    """Parses the flags and runs `main`; never returns.

    Help goes to the screen with status 0, a wrong flag or value is one line and status 2; otherwise the status is
    what `main` returns. With `words`, what stands between the flags is given to `main`; else it is an error.
    The flags in `abbreviated` may be shortened as argparse allows it, see `written_out`.
    """

    def parse(argv: list[str]) -> list[str]:
        if any(_HELP.fullmatch(word) for word in argv[1:]):
            print_line(_help(about))
            sys.exit(0)
        try:
            given = FLAGS.read_flags_from_files(written_out(argv[1:], abbreviated), force_gnu=False)
            rest = FLAGS([argv[0], *written_out(given, abbreviated)])  # once more, for those in a file
        except UnicodeError:
            fail("the flagfile is not a text file in this system's encoding")
        except (flags.Error, OSError) as error:
            fail(_reworded(str(error)))
        if len(rest) > 1 and not words:
            fail(f"unexpected word {rest[1]!r}: flags are written --name=value (see --help)")
        return list(rest)

    open_streams()
    for name in ("matplotlib", "PIL"):  # absl's --verbosity=1 would show what they log for their own authors
        logging.getLogger(name).setLevel(logging.WARNING)
    FLAGS.set_gnu_getopt(words)  # flags may follow words
    app.run(lambda argv: _leave(main(*argv[1:])), flags_parser=parse)
    raise AssertionError("app.run exits")


def written_out(words: Sequence[str], names: tuple[str, ...]) -> list[str]:
    """The words of a command line with these flags in full: `--epochs=1` for `--epoch=1`.

    Args:
        words: the command line, without the program.
        names: flags that may be abbreviated, no two of which begin with the same letter. A flag of just that name wins.
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
    """Ends the program at once: everything is written, and taking TensorFlow down in order takes half a second."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status or 0)


def repeated(*words: str) -> str:
    """A command line with other flags, for this program as it was started."""
    program = [os.path.basename(sys.argv[0])]
    if program[0].endswith(".py"):
        program = [sys.orig_argv[0], sys.argv[0]]
    return shlex.join([*program, *words])


def fail(sentence: str, status: int = 2) -> NoReturn:
    """Prints one line on the error stream and exits."""
    print_line(f"{_program()}: {' '.join(sentence.split())}", sys.stderr)
    sys.exit(status)


def _program() -> str:
    return os.path.basename(sys.argv[0]) or "nst"


def _help(about: str) -> str:
    rows = [(f"--{name}={_shown(FLAGS[name].value)}", _text(name)) for name in _own]
    rows += [(f"--{name}", text) for name, text in _ABSL.items()]
    rows.append(("-h, --help", "this page"))
    lines = [about.strip(), ""]
    for flag, text in rows:
        lines += _entry(flag, text)
    if "preset" in _own and "model" in _own:
        lines += ["", "Models with layers of their own (by name, not by path; a flag given by hand wins):", ""]
        for name in MODEL_LAYERS:
            lines += _entry(name, " ".join(_words(settings(model=name))))
    if "preset" in _own:
        lines += ["", "Presets (sets of defaults; a flag given by hand wins):", ""]
        for name, preset in PRESETS.items():
            lines += _entry(name, preset.about, " ".join(_words(settings(name))))
    return "\n".join(lines)


def _text(name: str) -> str:
    """A flag's help, without what absl adds to that of a flag that may be repeated."""
    return str(FLAGS[name].help).partition(";\n    repeat this option")[0]


def _shown(value: Any) -> str:
    """A flag's value as a person writes it."""
    return ",".join(value or []) if isinstance(value, list) else written("" if value is None else value)


def _words(defaults: list[Setting]) -> list[str]:
    """What a person would write by hand to have these defaults: `["--epochs=60", …]`."""
    pairs = zip(settings(), defaults, strict=True)
    return [f"--{own.name}={own.default}" for usual, own in pairs if own.default != usual.default]


def _entry(title: str, *texts: str) -> list[str]:
    """The lines of one entry of the help: its title on the left, and on the right each text from a new line."""
    # A word such as --name=value stays whole, or it could not be copied.
    wrapped = [textwrap.wrap(text, 82, break_on_hyphens=False, break_long_words=False) for text in texts]
    lines = [line for part in wrapped for line in part] or [""]
    indent = " " * 34
    if len(title) > 31:
        return [f"  {title}", *(indent + line for line in lines)]
    return [f"  {title:<32}{lines[0]}", *(indent + line for line in lines[1:])]


def _reworded(message: str) -> str:
    """The messages of absl, without Python's terms."""
    message = re.sub(r"invalid literal for int\(\) with base 10: ('.*?')", r"\1 is not a whole number", message)
    message = re.sub(r"could not convert string to float: ('.*?')", r"\1 is not a number", message)
    message = re.sub(r"\. Did you mean: (\S+) \?", r"; did you mean --\1?", message)
    message = re.sub(r"ERROR:: Unable to open flagfile: (?:\[Errno \d+\] )?(.*)", r"the flagfile: \1", message)
    message = message.removeprefix("flag ").replace("Unknown command line flag", "there is no flag")
    return f"{message.rstrip('. ')} (see --help)"
