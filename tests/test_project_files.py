"""The files that a code host and a package index read."""

import re
import subprocess
import tomllib

import pytest

import nst
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
yaml = pytest.importorskip("yaml")


def test_the_citation_has_the_version_and_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["version"]) == nst.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    for required in ("cff-version", "message", "title"):
        assert citation[required]


def test_the_workflow_runs_what_ci_runs_on_known_pythons():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    job = workflow["jobs"]["run"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    assert {f"Programming Language :: Python :: {each}" for each in job["strategy"]["matrix"]["python"]} <= {
        *PROJECT["classifiers"]
    }
    assert workflow["permissions"] == {"contents": "read"}


def test_the_issue_template_asks_for_what_is_needed():
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/bug_report.yml").read_text())
    assert {"problem", "command", "version", "system"} <= {part["id"] for part in form["body"]}
    assert form["name"]
    assert form["description"]


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_what_a_page_names_is_there(name):
    text = (ROOT / name).read_text()
    for target in re.findall(r"\]\((?!http|#)([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
    for path in re.findall(r"`((?:nst|tests|\.ci)/[\w/.-]+)`", text):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"bash (\.ci/\w+)", text):
        assert subprocess.run(["bash", "-n", ROOT / path], check=False).returncode == 0


def test_the_command_says_its_version(command, tmp_path):
    done = command("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"nst {nst.__version__}\n", "")
