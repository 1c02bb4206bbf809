"""The layers of the program: imports point down only, and TensorFlow comes in by the engine alone."""

import ast
import tomllib

from tests.conftest import ROOT

LAYERS = [
    {"config", "utils"},
    {"images", "weights"},
    {"engine"},
    {"output", "inputs", "steering"},
    {"run", "video"},
    {"assignment", "batch", "cli", "web"},
]
"""Each imports from itself and from those before it; besides, what `BESIDE` says."""
BESIDE = {
    ("config", "utils"),
    ("inputs", "output"),
    ("steering", "inputs"),
    ("steering", "output"),
    ("__init__", "utils"),  # to import TensorFlow without Keras
    *((door, "cli") for door in ("batch.__main__", "web.__main__", "download")),
}
"""Imports within a layer."""
TENSORFLOW = ("nst/engine/", "nst/assignment/tf1.py", "nst_utils.py")


def imported(path):
    """The dotted names that a file imports, but for type checking."""
    found = []
    tree = ast.parse(path.read_text())
    checking = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    typing_only = {id(node) for block in checking for node in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def modules():
    """(dotted name without `nst.`, path) of every module in the package."""
    for path in sorted((ROOT / "nst").rglob("*.py")):
        if "node_modules" not in path.parts:
            yield ".".join(path.relative_to(ROOT / "nst").with_suffix("").parts).removesuffix(".__init__"), path


def layer(package):
    return next(number for number, packages in enumerate(LAYERS) if package in packages)


def test_every_package_has_its_layer():
    there = {name.split(".")[0] for name, _ in modules()} - {"__init__", "download"}
    assert there == set().union(*LAYERS)


def test_every_package_is_installed():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    there = {".".join(path.parent.relative_to(ROOT).parts) for _, path in modules() if path.name == "__init__.py"}
    assert there == {*packages} - {"nst.sample_images", "nst.networks"}


def test_imports_point_down():
    packages = set().union(*LAYERS)
    wrong = []
    for name, path in modules():
        own = name.split(".")[0]
        for other in {module.split(".")[1] for module in imported(path) if module.startswith("nst.")} & packages:
            below = own in packages and layer(other) < layer(own)
            if other != own and not below and not {(own, other), (name, other)} & BESIDE:
                wrong.append(f"nst.{name} imports nst.{other}")
    assert not wrong


def test_no_two_modules_import_each_other():
    found = {f"nst.{name}": imported(path) for name, path in modules() if path.stem != "__init__"}
    below = {name: {other for other in used if other in found and other != name} for name, used in found.items()}
    done, way = set(), []

    def visit(name):
        assert name not in way, " → ".join([*way[way.index(name) :], name])
        if name not in done:
            way.append(name)
            for other in sorted(below[name]):
                visit(other)
            done.add(way.pop())

    for name in sorted(below):
        visit(name)


def test_only_nst_utils_changes_other_libraries():
    for name, path in modules():
        if not name.startswith("assignment"):
            assert not any(module.startswith("nst.assignment") for module in imported(path)), name
    assert not any(module.startswith("nst.assignment") for module in imported(ROOT / "nst_main.py"))


def test_tensorflow_comes_in_by_the_engine():
    for path in [*(path for _, path in modules()), ROOT / "nst_main.py"]:
        name = str(path.relative_to(ROOT))
        if any(module.split(".")[0] == "tensorflow" for module in imported(path)):
            assert name.startswith(TENSORFLOW), name
