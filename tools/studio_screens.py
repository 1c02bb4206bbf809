"""Takes the documentation's picture of the studio at work: on a desk, on a phone, and in dark mode.

Needs Playwright and a chromium. Usage: python tools/studio_screens.py
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from absl import app, flags
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

_OUTPUT = flags.DEFINE_string("output", str(ROOT / "images/gallery/studio.jpg"), "file for the picture, .jpg or .png")
_HEIGHT = 760
_GAP = 24
_SEEN = 150  # epochs after which the picture is taken


def main(_: list[str]) -> None:
    """Starts a studio, paints in it, and looks at it in three windows."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "nst.web", "--port=0", f"--data_dir={folder}"]
        studio = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert studio.stdout is not None
        lines = iter(studio.stdout.readline, "")  # VGG-19 may have to come first
        address = next(filter(None, (re.search(r"http://\S+", line) for line in lines)))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                shots = _look(browser, address[0])
                browser.close()
        finally:
            studio.terminate()
            studio.wait()
    width = sum(shot.width for shot in shots) + _GAP * (len(shots) - 1)
    sheet = Image.new("RGB", (width, _HEIGHT), "white")
    left = 0
    for shot in shots:
        sheet.paste(shot, (left, 0))
        left += shot.width + _GAP
    sheet.save(_OUTPUT.value, quality=88)


def _look(browser: Any, address: str) -> list[Image.Image]:
    """A picture being painted, seen on a desk, on a phone and in the dark."""
    desk = browser.new_context(viewport={"width": 1180, "height": _HEIGHT}).new_page()
    desk.goto(address)
    for content, style in (("Rocket", "Glass"), ("Coffee", "Mosaic"), ("Chelsea", "Strokes")):
        _choose(desk, content, style)
        if content == "Chelsea":
            desk.locator("#field-epochs").fill("200")
        desk.get_by_role("button", name="Paint", exact=True).click()
        if content != "Chelsea":
            desk.get_by_role("link", name="Download picture").wait_for(timeout=120_000)
            desk.get_by_role("link", name="NST Studio").click()
    desk.wait_for_function(f"() => document.querySelector('article.job progress')?.value > {_SEEN}", timeout=60_000)
    phone = browser.new_context(viewport={"width": 390, "height": _HEIGHT}, is_mobile=True).new_page()
    phone.goto(desk.url)
    dark = browser.new_context(viewport={"width": 620, "height": _HEIGHT}, color_scheme="dark").new_page()
    dark.goto(address)
    _choose(dark, "Coffee", "Mosaic")
    dark.evaluate("window.scrollTo(0, 0)")
    dark.wait_for_load_state("networkidle")
    return [Image.open(io.BytesIO(page.screenshot())).convert("RGB") for page in (desk, phone, dark)]


def _choose(page: Any, content: str, style: str) -> None:
    """Takes one sample and one style."""
    page.get_by_role("group", name="Sample pictures").get_by_role("button", name=content).click()
    for pressed in page.locator("button.tile[aria-pressed=true]").all():
        pressed.click()
    page.get_by_role("button", name=style, exact=True).click()


if __name__ == "__main__":
    app.run(main)
