"""What `import nst` offers: the names of `__all__`, each from where it is made, and nothing heavy before it is used."""

import ast
import importlib
import os
import subprocess
import sys

import pytest

import nst
from tests.conftest import ROOT


def test_the_public_names():
    assert sorted(nst.__all__) == sorted(
        [
            *("stylize", "stylize_video", "TransferConfig", "PRESETS", "Result", "Step"),
            *(
                "Callbacks",
                "MaskInputs",
                "Provenance",
                "Steering",
                "SteeringChange",
                "Excerpt",
                "load_network",
                "fetch_network",
                "Network",
                "read_image",
            ),
            *(
                "BusyError",
                "DivergedError",
                "FetchError",
                "PictureError",
                "CheckpointError",
                "VideoError",
                "WeightsError",
            ),
            "__version__",
        ]
    )
    assert set(nst.__all__) <= set(dir(nst))


def test_each_is_what_its_module_makes():
    for name in set(nst.__all__) - {"__version__"}:
        module, _, attribute = nst._HOMES[name].partition(":")
        assert getattr(nst, name) is getattr(importlib.import_module(module), attribute or name)


def test_type_checkers_see_the_same_names():
    tree = ast.parse((ROOT / "nst/__init__.py").read_text())
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {name: home.partition(":") for name, home in nst._HOMES.items()}
    assert seen == {name: (module, attribute or name) for name, (module, _, attribute) in homes.items()}


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'nst' has no attribute 'paint_it_black'"):
        getattr(nst, "paint_it" + "_black")


def test_nothing_heavy_is_imported_with_the_package():
    code = "import sys, nst; nst.TransferConfig; sys.exit(bool({'numpy', 'tensorflow', 'PIL'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_package_leaves_nothing_in_the_home_folder(tmp_path):
    """A user without one found a folder called `~` in the current one, with Keras' settings."""
    code = "import nst, sys; nst.stylize, nst.stylize_video; sys.exit('keras' in sys.modules)"
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    assert not list(tmp_path.iterdir())
