"""No view of the page has a fault that axe knows: in light, in dark, and in forced colours."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support.studio_server import PATIENCE, until

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it").expect
TOKEN = "0123456789abcdef"


def compose(page, jobs):
    page.goto(f"{jobs.address}/#/")
    page.get_by_role("group", name="Sample pictures").get_by_role("button", name="Chelsea").click()
    page.get_by_role("button", name="Ink", exact=True).click()
    page.locator("details", has_text="More settings").first.evaluate("element => { element.open = true; }")
    expect(page.get_by_role("region", name="Your pictures").get_by_role("link").first).to_be_visible()


def compose_with_a_problem(page, jobs):
    compose(page, jobs)
    page.locator("#field-epochs").fill("0")
    page.get_by_role("button", name="Paint", exact=True).click()
    expect(page.locator("#field-epochs")).to_have_attribute("aria-invalid", "true")


def finished(page, jobs):
    page.goto(f"{jobs.address}/#/job/{jobs.finished}")
    expect(page.get_by_role("link", name="Download picture")).to_be_visible()


def running(page, jobs):
    page.goto(f"{jobs.address}/#/job/{jobs.running()}")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()


def missing(page, jobs):
    page.goto(f"{jobs.address}/#/job/0123456789abcdef")
    expect(page.get_by_role("heading", name="Picture not found")).to_be_visible()


def gallery(page, jobs):
    jobs.running()
    page.goto(f"{jobs.address}/#/gallery")
    page.get_by_role("checkbox").first.check(force=True)
    expect(page.get_by_role("region", name="Selection")).to_be_visible()


def reference(page, jobs):
    page.goto(f"{jobs.address}/docs")
    expect(page.get_by_role("heading", name="API reference")).to_be_visible()


def token_form(page, jobs):
    page.context.clear_cookies()
    page.goto(f"{jobs.address}/docs")
    page.goto(f"{jobs.address}/")
    expect(page.get_by_role("heading", name="This studio is locked")).to_be_visible()


VIEWS = [compose, compose_with_a_problem, finished, running, gallery, missing, reference, token_form]
"""How to get to each view. A new view goes here, before the form, which ends the visit."""


class Jobs:
    """Jobs of the studio, in each state."""

    def __init__(self, server):
        self.address = f"http://127.0.0.1:{server.port}"
        headers = {"authorization": f"Bearer {TOKEN}"}
        self.web = httpx.Client(base_url=self.address, headers=headers, timeout=PATIENCE, trust_env=False)
        self.finished = self.paint(30, 64, lambda job: job["state"] == "finished")
        self.painting = ""

    def paint(self, epochs, size, when):
        """The id of a new job, as soon as it is as asked."""
        settings = json.dumps({"epochs": epochs, "image_size": size, "scales": 1})
        form = {"content_name": "chelsea", "style_name": ["ink", "strokes"], "settings": settings}
        answer = self.web.post("/api/jobs", data=form)
        assert answer.status_code == 202, answer.text
        job = answer.json()["id"]
        until(lambda: when(self.web.get(f"/api/jobs/{job}").json()), "it", 60)
        return job

    def running(self):
        """The id of a job that is being painted; a new one if the last has ended meanwhile."""
        if not self.painting or self.web.get(f"/api/jobs/{self.painting}").json()["state"] != "running":
            self.painting = self.paint(2000, 256, lambda job: job["epoch"])
        return self.painting

    def stop(self):
        """Ends what is being painted."""
        self.web.post(f"/api/jobs/{self.painting}/cancel")

    def close(self):
        self.stop()
        self.web.close()


@pytest.fixture(scope="module")
def jobs(server):
    found = Jobs(server)
    yield found
    found.close()


def what_is_chosen_differs(page):
    style = page.get_by_role("button", name="Ink", exact=True)
    other = page.get_by_role("button", name="Mosaic", exact=True)
    frame = "element => getComputedStyle(element).boxShadow"
    assert style.evaluate(frame) != "none"
    assert other.evaluate(frame) == "none"
    fill = "element => getComputedStyle(element).backgroundColor"
    paint = page.get_by_role("button", name="Paint", exact=True)
    assert paint.evaluate(fill) != page.locator("body").evaluate(fill)


def the_bar_has_a_frame(page):
    bar = page.locator("article.job progress").first
    assert bar.evaluate("element => getComputedStyle(element).borderTopWidth") == "1px"


IN_FORCED_COLOURS = {compose: what_is_chosen_differs, running: the_bar_has_a_frame}
"""What can be told apart there without the page's own colours."""


def test_axe_finds_a_faint_text_in_its_scheme_alone(open_page, axe):
    page = open_page("about:blank")
    faint = "@media (prefers-color-scheme: dark) and (forced-colors: none) { p { color: #222; background: #000; } }"
    page.set_content(f"<html lang=en><title>A</title><style>{faint}</style><main><h1>A</h1><p>Faint</p></main>")
    (line,) = axe(page)
    assert line.startswith("dark: color-contrast: ")


def test_axe_finds_nothing(server, open_page, jobs, axe):
    page = open_page(server.address, tolerate="401|404", reduced_motion="reduce")
    found = {}
    for view in VIEWS:
        view(page, jobs)
        if check := IN_FORCED_COLOURS.get(view):
            page.emulate_media(forced_colors="active", color_scheme="light")
            check(page)
        found[view.__name__] = axe(page)
        if view is gallery:
            jobs.stop()  # no longer needed, it would take the time of the rest
    assert {name: lines for name, lines in found.items() if lines} == {}
