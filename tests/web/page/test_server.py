"""What the server does for the page, in a real browser: the reference, other origins, sizes, and a late view."""

from __future__ import annotations

import functools
import http.server
import re
import threading

import pytest

from tests.support.studio_page import choose
from tests.support.studio_process import Server

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it").expect
FIRST_VIEW = 100_000
"""Bytes that the first view may take to be usable, but for its pictures."""


def test_the_reference_of_the_api_is_shown_without_other_hosts(server, open_page):
    page = open_page(f"http://127.0.0.1:{server.port}/docs", tolerate="401")
    page.get_by_label("Token").fill("0123456789abcdef")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="API reference")).to_be_visible()
    page.get_by_role("link", name="POST /api/jobs", exact=True).click()
    call = page.get_by_role("region", name="POST /api/jobs", exact=True)
    expect(call).to_be_in_viewport()
    expect(call.get_by_role("rowheader", name="style_name")).to_be_visible()
    expect(call.locator("pre")).to_have_text(re.compile(rf"^curl .*http://127\.0\.0\.1:{server.port}/api/jobs$"))
    call.get_by_role("link", name="Job", exact=True).click()
    expect(page.get_by_role("heading", name="Job", exact=True)).to_be_in_viewport()
    described = page.evaluate("async () => (await fetch('/api/openapi.json')).json()")
    operations = sum(len(methods) for methods in described["paths"].values())
    assert page.locator(".docs-call").count() == operations
    page.reload()
    expect(page.get_by_role("heading", name="Job", exact=True)).to_be_in_viewport()


def test_the_reference_fits_on_a_phone(server, open_page):
    page = open_page(server.address, viewport={"width": 320, "height": 700}, is_mobile=True)
    page.goto(f"http://127.0.0.1:{server.port}/docs")
    expect(page.get_by_role("heading", name="API reference")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_the_first_view_is_small(server, open_page):
    page = open_page(server.address)
    expect(page.get_by_role("button", name="Paint", exact=True)).to_be_visible()
    sizes = page.evaluate(
        "() => Object.fromEntries(['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))"
        ".map(entry => [new URL(entry.name).pathname, entry.encodedBodySize]))"
    )
    # Views that are loaded when the browser has time, and pictures, may be there already.
    named = set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.evaluate("async () => (await fetch('/')).text()")))
    assert any(name.endswith(".js") for name in named)
    assert named <= {*sizes}
    first = {name: sizes[name] for name in ("/", "/api/settings", "/api/networks", *named)}
    assert sum(first.values()) < FIRST_VIEW, first


def test_a_view_that_cannot_be_loaded_says_so_and_is_loaded_again(server, open_page):
    page = open_page(server.address, tolerate="ERR_FAILED|Failed to|dynamically imported|Unable to preload")
    cookies = page.context.cookies()
    page.close()
    page = open_page("about:blank", tolerate="ERR_FAILED|Failed to|dynamically imported|Unable to preload|404")
    page.context.add_cookies(cookies)
    page.route("**/assets/JobView*", lambda route: route.abort())
    page.goto(f"http://127.0.0.1:{server.port}/#/job/0123456789abcdef")
    expect(page.get_by_role("alert")).to_contain_text("could not be shown")
    page.unroute("**/assets/JobView*")
    page.get_by_role("button", name="Reload").click()
    expect(page.get_by_role("heading", name="Picture not found")).to_be_visible()


def test_on_a_phone_on_its_side_the_bar_leaves_room(server, open_page):
    page = open_page(server.address, viewport={"width": 844, "height": 390}, is_mobile=True, has_touch=True)
    choose(page)
    assert page.locator(".paint-bar").bounding_box()["height"] <= 0.14 * 390


CALL = """async ([address, style]) => {
    const body = new FormData();
    body.append("file", new Blob(["no picture"]), "me.png");
    body.append("style_image_string", style);
    try {
        const answer = await fetch(address + "/generate_stylised_image", { method: "POST", body });
        const other = await fetch(address + "/api/jobs/0123456789abcdef", {
            method: "DELETE", headers: { Authorization: "Bearer none" },
        });
        return [answer.status, await answer.json(), other.status];
    } catch (error) {
        return [error.name];
    }
}"""


@pytest.fixture
def elsewhere(tmp_path):
    """The port of a server of another page."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<!doctype html><title>Elsewhere</title><link rel=icon href=data:,>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path / "site")
    ) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield site.server_address[1]
        site.shutdown()


def test_a_page_of_an_allowed_origin_uses_the_legacy_call_and_the_api(tmp_path, elsewhere, open_page):
    started = Server(tmp_path / "data", f"--allow_origin=http://127.0.0.1:{elsewhere}").start()
    try:
        address = f"http://127.0.0.1:{started.port}"
        page = open_page(f"http://127.0.0.1:{elsewhere}/", tolerate="400|404|415")
        status, problem, other = page.evaluate(CALL, [address, "ink"])
        assert (status, problem["field"], other) == (415, "file", 404)
        status, problem, _ = page.evaluate(CALL, [address, "monet"])
        assert (status, problem["field"]) == (400, "style_image_string")
    finally:
        assert started.stop() == 0
