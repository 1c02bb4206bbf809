"""MkDocs hooks for docs/: formulas as MathML, the repository's pictures, and links to files outside docs/.

The pages are written for a code host, where a link such as `../examples/demo.py` works and a fenced `math` block is a
formula. The site has neither, so these hooks copy the pictures, check the other links and turn them into text, and
convert the formulas when the site is built, which spares readers a script.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
_PICTURES = "images/gallery"
_INLINE = re.compile(r"\$`([^`]+)`\$")  # as code hosts write it
_OUTSIDE = re.compile(r"(!?)\[([^\]]*)\]\(\.\./([^)#\s]+)(?:#[^)]*)?\)")
_log = logging.getLogger("mkdocs.hooks.docs_site")  # warnings of mkdocs' loggers fail a strict build


def on_config(config: Any) -> Any:
    """Registers the fence of formulas."""
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {}).setdefault("custom_fences", [])
    fences.append({"name": "math", "class": "math", "format": _formula})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Adds the pictures of the gallery to the site."""
    for path in sorted((ROOT / _PICTURES).rglob("*.*")):
        files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Converts formulas, points pictures to their copies, and replaces links to other files by their text."""

    def inside(link: re.Match[str]) -> str:
        picture, text, path = link.groups()
        if not (ROOT / path).exists():
            _log.warning("%s links to %s, which does not exist", page.file.src_uri, path)
        return f"![{text}]({path})" if picture else text

    # In a span, because Markdown would take <math> at the beginning of a line for a block.
    markdown = _INLINE.sub(lambda formula: f"<span>{convert(formula[1])}</span>", markdown)
    return _OUTSIDE.sub(inside, markdown)


def _formula(source: str, *_: Any, **__: Any) -> str:
    return str(convert(source, display="block"))
