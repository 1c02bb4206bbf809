"""The quick part of the tests on every Python that pyproject.toml names, with the oldest packages and with the newest.

.venv/bin/nox               everything; a Python that is not installed is named and skipped
.venv/bin/nox -s lowest     one session; with -R in the environment that it left
.venv/bin/nox -- -x         what stands behind -- goes to pytest
"""

from __future__ import annotations

import os
from pathlib import Path

import nox
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

nox.needs_version = ">=2026.8.10"  # passes over the commands of a pyenv that has that Python switched off
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False

ROOT = Path(__file__).parent
PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
# What requirements-dev.txt has for other checks than the tests.
# The browser and the fuzzer bring many packages whose bounds are their own; their tests are skipped without them.
NO_TEST_TOOLS = {"ruff", "mypy", "nox", "pytest-cov", "coverage", "playwright", "schemathesis", "ray"}
SHOW = "import importlib.metadata as m, sys; print(*(f'{name} {m.version(name)}' for name in sys.argv[1:]), sep=', ')"
# Behind the Pythons on PATH come pyenv's, whether or not pyenv has them switched on.
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
for python in PYTHONS:
    for folder in sorted(PYENV.glob(f"versions/{python}.*/bin")):
        os.environ["PATH"] += os.pathsep + str(folder)


def requirements(file: str) -> list[Requirement]:
    """The packages that a requirements file itself asks for."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("-r ")]


def needed() -> list[Requirement]:
    """What the program and its tests need."""
    tools = [tool for tool in requirements("requirements-dev.txt") if tool.name not in NO_TEST_TOOLS]
    files = ("requirements.txt", "requirements-web.txt", "requirements-video.txt")
    return [asked for file in files for asked in requirements(file)] + tools


def lower_bound(asked: Requirement) -> Requirement:
    """Asks for exactly the version that a requirement has as its lowest: a>=1.2,<2 becomes a==1.2."""
    exact = Requirement(str(asked))
    [lowest_version] = [bound.version for bound in asked.specifier if bound.operator == ">="]
    exact.specifier = SpecifierSet(f"=={lowest_version}")
    return exact


def quick_tests(session: nox.Session, packages: list[Requirement], *tests: str) -> None:
    """Installs packages, says which versions of the program's this gave, and runs the quick tests."""
    session.install(*map(str, packages))
    session.run("python", "-c", SHOW, *(asked.name for asked in requirements("requirements.txt")), log=False)
    session.run("python", "-m", "pytest", "-m", "not slow", *tests, *session.posargs)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """The oldest Python with exactly the lower bounds of the requirements."""
    quick_tests(session, [lower_bound(asked) for asked in needed()])


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """Each Python with the newest packages that there are for it within the requirements."""
    quick_tests(session, needed())
