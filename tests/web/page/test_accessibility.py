"""No view of the page has a fault that axe knows: in light, in dark, and in forced colours."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import httpx
import pytest

from tests.support.studio_server import until

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it").expect
TOKEN = "0123456789abcdef"
SCHEMES = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
    "forced, dark": {"forced_colors": "active", "color_scheme": "dark"},
}


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


@pytest.fixture(scope="module")
def axe():
    """The script of axe-core."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None:
        pytest.skip("needs axe: requirements-dev.txt has it")
    return (Path(package.origin).parent / "axe.min.js").read_text(encoding="utf-8")


class Jobs:
    """Jobs of the studio, in each state."""

    def __init__(self, server):
        self.address = f"http://127.0.0.1:{server.port}"
        self.web = httpx.Client(base_url=self.address, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False)
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

    def close(self):
        self.web.post(f"/api/jobs/{self.painting}/cancel")
        self.web.close()


@pytest.fixture(scope="module")
def jobs(server):
    found = Jobs(server)
    yield found
    found.close()


def faults(page, axe):
    """What axe finds, one line each."""
    page.evaluate(axe)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{fault['id']}: {node['target']} {node['failureSummary']}" for fault in found for node in fault["nodes"]]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing(server, open_page, jobs, axe, scheme):
    page = open_page(server.address, tolerate="401|404", reduced_motion="reduce", **SCHEMES[scheme])
    found = {}
    for view in VIEWS:
        view(page, jobs)
        found[view.__name__] = faults(page, axe)
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_in_forced_colours_what_is_chosen_can_be_told_from_what_is_not(server, open_page, jobs):
    page = open_page(server.address, forced_colors="active")
    compose(page, jobs)
    style = page.get_by_role("button", name="Ink", exact=True)
    other = page.get_by_role("button", name="Mosaic", exact=True)
    frame = "element => getComputedStyle(element).boxShadow"
    assert style.evaluate(frame) != "none"
    assert other.evaluate(frame) == "none"
    fill = "element => getComputedStyle(element).backgroundColor"
    paint = page.get_by_role("button", name="Paint", exact=True)
    assert paint.evaluate(fill) != page.locator("body").evaluate(fill)
    finished(page, jobs)
    running(page, jobs)
    bar = page.locator("article.job progress").first
    assert bar.evaluate("element => getComputedStyle(element).borderTopWidth") == "1px"
