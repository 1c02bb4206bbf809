"""What the tests of the studio's page do there again and again, as a user would."""

from __future__ import annotations

FINISHED = 60_000
"""Milliseconds that a small picture may take on a machine with other work."""


def settings(page, **values):
    """Types values into the form, wherever it keeps them."""
    more = page.locator("details", has_text="More settings")
    if not more.evaluate("element => element.open"):
        more.locator("summary").first.click()
    for name, value in values.items():
        field = page.locator(f"#field-{name}")
        field.fill(str(value))


def small(page, *, epochs=30, size=64):
    settings(page, image_size=size, epochs=epochs, scales=1)


def paint(page):
    page.get_by_role("button", name="Paint", exact=True).click()
    page.locator("article.job h1").wait_for()


def choose(page, content="Chelsea", style="Strokes"):
    page.get_by_role("group", name="Sample pictures").get_by_role("button", name=content).click()
    page.get_by_role("button", name=style, exact=True).click()
