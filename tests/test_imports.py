"""The plan of the house: imports point one way, and TensorFlow comes in by few doors."""

import ast

from tests.conftest import ROOT

ORDER = [
    *("values", "config", "machine", "files", "places", "scratch", "loading"),
    *("bombs", "decoding", "images", "encoding", "colors", "flow", "cuts"),
    *("scipy_misc", "dropped", "tf1"),
    *("matfile", "matconvnet", "kerasfile", "weights", "package_files", "connection", "transport", "package_index"),
    "fetching",
    *("state", "layers", "masks", "scales", "tiling", "memory", "vgg", "costs", "distances", "sessions", "pieces"),
    *("objective", "optimizers", "updates", "bench", "transfer"),
    *("video", "footage", "plot", "sheet", "progress", "stamp", "folder", "record", "run"),
    *("reel", "painter", "shoot", "moving"),
    *("worklist", "outcome", "journal", "summary", "engines", "estimate", "parcels", "hands", "rayhome"),
    *("slots", "cluster", "cancelling", "lastwords", "console", "commandline", "download", "batch", "filming"),
]
WEB = [
    *("store", "catalogue", "orders", "crew", "worker", "studio", "views", "guard", "replies"),
    *("offers", "watch", "jobs", "legacy", "app", "__main__"),
]
"""The studio, over all of them."""
TENSORFLOW = {
    *(
        "nst/vgg.py",
        "nst/costs.py",
        "nst/distances.py",
        "nst/sessions.py",
        "nst/pieces.py",
        "nst/objective.py",
        "nst/optimizers.py",
    ),
    *("nst/updates.py", "nst/transfer.py", "nst/tf1.py", "nst_utils.py"),
}


def imported(path):
    """(module, whether it is imported only for type checking) for every import of a file."""
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


def test_every_module_has_its_place():
    assert sorted(ORDER) == sorted(path.stem for path in (ROOT / "nst").glob("[!_]*.py"))


def test_a_module_imports_only_modules_above_it():
    for place, name in enumerate(ORDER):
        used = {module.split(".")[1] for module in imported(ROOT / "nst" / f"{name}.py") if module.startswith("nst.")}
        assert not (used & set(ORDER)) - set(ORDER[:place]), f"nst/{name}.py imports {used}"


def test_the_studio_has_an_order_of_its_own():
    assert sorted(WEB) == sorted(path.stem for path in (ROOT / "nst" / "web").glob("*.py") if path.stem != "__init__")
    for place, name in enumerate(WEB):
        used = {module.removeprefix("nst.web.").split(".")[0] for module in imported(ROOT / "nst/web" / f"{name}.py")}
        assert not (used & set(WEB)) - set(WEB[:place]), f"nst/web/{name}.py imports {used}"


def test_only_nst_utils_changes_other_libraries():
    for path in [*(ROOT / "nst").rglob("*.py"), ROOT / "nst_main.py"]:
        if path.name != "dropped.py":
            assert not {"nst.tf1", "nst.dropped", "nst.scipy_misc"} & set(imported(path)), path.name


def test_nothing_but_the_studio_needs_the_studio():
    for path in [*(ROOT / "nst").glob("*.py"), ROOT / "nst_main.py", ROOT / "nst_utils.py"]:
        assert not any(module.startswith("nst.web") for module in imported(path)), path.name


def test_tensorflow_comes_in_by_few_doors():
    for path in [*(ROOT / "nst").rglob("*.py"), ROOT / "nst_main.py", ROOT / "nst_utils.py"]:
        name = path.relative_to(ROOT).as_posix()
        uses = any(module.split(".")[0] == "tensorflow" for module in imported(path))
        assert uses == (name in TENSORFLOW), name
