"""README and docs/ tell the truth about the flags, the files, the packages and the messages."""

import re
import tomllib

from packaging.requirements import Requirement

import nst
from nst.config import PRESETS, settings
from nst.output.recorder import CostRow
from nst.utils.fields import written
from nst.weights import registry
from tests.conftest import ROOT
from tools import flags_page

README = (ROOT / "README.md").read_text()
DOCS = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}
PROGRAM = ("requirements.txt", "requirements-web.txt", "requirements-video.txt", "requirements-cluster.txt")
FILES = (*PROGRAM, "requirements-dev.txt")


def section(text, title):
    """The part of a page below a heading, up to the next one of its level."""
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


FLAG_ROWS = re.findall(
    r"^\| `--(\w+)` \|(?: `([^`]+)`)? \| (.+) \|$",
    section(DOCS["flags.md"], "`nst`: a picture or a video"),
    re.MULTILINE,
)


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150


def test_the_flags_page_is_what_its_script_writes():
    assert DOCS["flags.md"] == flags_page.page(), "run .venv/bin/python tools/flags_page.py"


def test_the_flag_tables_have_every_setting_with_its_default_and_help():
    rows = {name: (default, text) for name, default, text in FLAG_ROWS}
    assert {"content_image_filename", "style_image_filename", "output_dir", "model"} < set(rows)
    for setting in settings():
        shown, text = rows.pop(setting.name)
        default = written(setting.default)
        assert shown == default or ("…" in shown and default.startswith(shown.rstrip(",…"))), setting
        assert text.replace("`", "").startswith(setting.help)
        assert all(choice in text for choice in setting.choices)


def test_the_flag_tables_have_the_flags_of_the_help_once_each(command, tmp_path):
    shown = re.findall(r"^  --(\w+)=", command("--help", cwd=tmp_path).stdout, re.MULTILINE)
    assert sorted(name for name, _, _ in FLAG_ROWS) == sorted(shown)
    default, text = next(row[1:] for row in FLAG_ROWS if row[0] == "preset")
    assert default == next(iter(PRESETS))
    assert text.endswith(f": {', '.join(PRESETS)}")


def test_the_preset_tables_have_every_preset():
    for text, title in ((README, "Presets"), (DOCS["flags.md"], "Presets")):
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section(text, title), re.MULTILINE)
        assert rows == [(name, preset.about) for name, preset in PRESETS.items()]


def test_the_preset_table_has_the_settings_that_differ():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|(.*)\|$", section(DOCS["flags.md"], "Presets"), re.MULTILINE)
    usual = {setting.name: setting.default for setting in settings()}
    for name, cell in rows:
        own = {setting.name: setting.default for setting in settings(name)}
        differing = [f"`--{setting}={own[setting]}`" for setting in own if own[setting] != usual[setting]]
        assert cell.strip() == " ".join(differing), f"the row of {name}"


def test_the_two_lines_are_there_to_the_letter():
    venv, pip = "python3 -m venv --without-pip .venv", "python3 -m pip --python .venv install -q -r"
    assert f"{venv} && {pip} requirements.txt && .venv/bin/python nst_main.py --epochs 200\n" in README
    assert f"{venv} && {pip} requirements-dev.txt && .venv/bin/python -m pytest\n" in README
    assert "`uv run nst_main.py --epochs 200`" in README, ".ci/run runs it, with fewer epochs"


def test_what_they_link_to_is_there():
    for folder, pages in ((ROOT, {"README.md": README}), (ROOT / "docs", DOCS)):
        for name, text in pages.items():
            for target in re.findall(r"\]\((?!http|#)([^)#]+)(?:#[^)]*)?\)", text):
                assert (folder / target).exists(), f"{name}: {target}"


def test_the_readme_links_to_every_page():
    assert set(re.findall(r"\]\(docs/([\w-]+\.md)[)#]", README)) == set(DOCS) - {"index.md"}


def test_the_files_of_a_run_are_described():
    for part in ("`costs.csv`", "`config.json`", "`flags.txt`", "`progress.mp4`"):
        assert part in DOCS["resume-and-files.md"]
    assert CostRow._fields == ("epoch", "total", "content", "style", "total_variation", "seconds")
    assert registry.FILES["vgg19"][0] in DOCS["networks.md"]


def test_the_reference_has_every_public_name():
    described = re.findall(r"^::: nst\.(\w+)$", DOCS["api.md"], re.MULTILINE)
    assert sorted(described) == sorted(set(nst.__all__) - {"__version__"})


def test_the_messages_that_are_explained_exist():
    files = [*ROOT.glob("nst_*.py"), *(ROOT / "nst").rglob("*.py")]
    source = " ".join(path.read_text() for path in files)
    source = re.sub(r"\"\s+f?\"", "", source)  # a literal in several parts
    plain = re.sub(r"\{[^{}]*\}", "…", source)
    messages = re.findall(r"^\| `([^`]+)` \|", section(DOCS["troubleshooting.md"], "Messages"), re.MULTILINE)
    assert len(messages) > 30
    for message in messages:
        for part in message.split("…"):
            assert part.strip() in plain, message


def test_every_package_has_its_reason():
    names = [asked.name for asked in requirements(*PROGRAM)]
    rows = re.findall(r"^\| ([\w-]+) \| [^|]+ \| [^|]+ \| [\d.]+ [MG]B \|$", DOCS["getting-started.md"], re.MULTILINE)
    assert sorted(names) == sorted(rows)


def requirements(*files):
    lines = [line for file in files for line in (ROOT / file).read_text().splitlines() if line[:1].isalpha()]
    return [Requirement(line) for line in lines]


def test_the_tested_set_has_every_package_within_its_bounds():
    tested = requirements("constraints.txt")
    for asked in requirements(*FILES):
        versions = [next(iter(package.specifier)).version for package in tested if package.name == asked.name]
        assert versions, f"constraints.txt has no {asked.name}"
        assert all(version in asked.specifier for version in versions), asked


def test_every_package_has_a_lowest_version_for_noxfile_to_run():
    for asked in requirements(*FILES, "requirements-docs.txt"):
        assert [bound.operator for bound in asked.specifier].count(">=") == 1, asked


def test_the_pythons_are_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    minors = [int(name.rpartition(".")[2]) for name in project["classifiers"]]
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert project["requires-python"] == f">=3.{minors[0]},<3.{minors[-1] + 1}"
    assert re.findall(r"Python (3\.\d+) to (3\.\d+)", README) == [(f"3.{minors[0]}", f"3.{minors[-1]}")]
    assert "python=PYTHONS" in (noxfile := (ROOT / "noxfile.py").read_text())
    assert "PYTHONS = nox.project.python_versions(" in noxfile, "it reads them from pyproject.toml"
