"""Browsers, studios and pictures of the tests that use the studio's page in a real Chromium."""

import re
import shutil
from pathlib import Path

import pytest

from nst.images import writer
from tests.support.studio_process import Server

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)


SCHEMES = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced": {"color_scheme": "light", "forced_colors": "active"},
    "forced, dark": {"color_scheme": "dark", "forced_colors": "active"},
}


@pytest.fixture(scope="package")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it")
    if not CHROMIUM:
        pytest.skip("needs a chromium: apt-get install chromium")
    sync_api.expect.set_options(timeout=20_000)  # milliseconds: the machine may have other work
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    """One for all files, with what their tests have painted; it asks for its token, which is in its address."""
    started = Server(tmp_path_factory.mktemp("studio") / "data", "--host=0.0.0.0", "--token=0123456789abcdef").start()
    yield started
    assert started.stop() == 0
    assert started.said == [], "nothing went wrong in the server"


@pytest.fixture
def own_server(tmp_path):
    """A server of one test, which ends with it."""
    started = Server(tmp_path / "data").start()
    yield started
    assert started.stop() == 0


@pytest.fixture
def open_page(browser):
    """Opens the studio in a window of its own, and in the end holds it to account for what it did there."""
    contexts, complaints, hosts = [], [], set()

    def open_at(address, *, tolerate="", **options):
        options = {"viewport": {"width": 1280, "height": 900}, **options}
        contexts.append(browser.new_context(accept_downloads=True, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)

        def complain(text):
            if not (tolerate and re.search(tolerate, text)):
                complaints.append(text)

        page.on("console", lambda message: message.type in ("error", "warning") and complain(message.text))
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("request", lambda request: hosts.add(request.url.split("/")[2] if "://" in request.url else ""))
        page.goto(address)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert complaints == []
    assert {host.partition(":")[0] for host in hosts} <= {"127.0.0.1", ""}


@pytest.fixture(scope="session")
def axe():
    """Gives what axe finds on a page, one line each, in every scheme of colours."""
    package = pytest.importorskip("axe_playwright_python", reason="needs axe: requirements-dev.txt has it")
    script = (Path(package.__path__[0]) / "axe.min.js").read_text(encoding="utf-8")
    # Only the rules about colours depend on the scheme; to follow all of them four times takes four times as long.
    rules = [{}, *[{"runOnly": ["color-contrast", "link-in-text-block"]}] * (len(SCHEMES) - 1)]

    def faults(page):
        page.evaluate(script)
        lines = []
        for (name, scheme), options in zip(SCHEMES.items(), rules, strict=True):
            page.emulate_media(**scheme)
            run = "options => axe.run(document, {resultTypes: ['violations'], ...options})"
            for fault in page.evaluate(run, options)["violations"]:
                lines += [
                    f"{name}: {fault['id']}: {node['target']} {node['failureSummary']}" for node in fault["nodes"]
                ]
        return lines

    return faults


@pytest.fixture
def photo(tmp_path, content):
    path = tmp_path / "my photo.png"
    path.write_bytes(writer.encode(content, "png"))
    return path
