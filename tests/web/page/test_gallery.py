"""The gallery in a real browser, with several hundred pictures and the real server."""

from __future__ import annotations

import re
import zipfile

import pytest

from tests.support import many_jobs
from tests.support.studio_page import FINISHED, choose, paint, small
from tests.support.studio_process import Server

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it").expect

COUNT = 260


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A studio with many pictures; tests may add to them, and delete the newest."""
    folder = tmp_path_factory.mktemp("studio") / "data"
    many_jobs.fill(folder, COUNT, size=(64, 48))
    started = Server(folder).start()
    yield started
    assert started.stop() == 0
    assert started.said == [], "nothing went wrong in the server"


def at(server, query=""):
    return f"{server.address}#/gallery{query}"


def card(page, number):
    return page.locator("[role=gridcell]", has=page.get_by_text(f"#{number}", exact=True))


def first_numbers(page, count=3):
    found = page.locator("[role=gridcell] .card-title .muted").all_inner_texts()[:count]
    return [int(text.removeprefix("#")) for text in found]


def total(page):
    return page.locator(".gallery-total")


def ask(page, path):
    return page.evaluate("async (path) => (await fetch(path)).json()", path)


def test_the_gallery_has_an_address_and_searches_filters_and_sorts(full, open_page):
    page = open_page(full.address)
    strip = page.get_by_role("region", name="Your pictures")
    expect(strip.get_by_role("listitem")).to_have_count(12)
    strip.get_by_role("link", name=re.compile("in the gallery")).click()
    expect(page.get_by_role("heading", name="Gallery")).to_be_focused()
    assert page.url.endswith("#/gallery")
    expect(page.get_by_role("link", name="Gallery", exact=True)).to_have_attribute("aria-current", "page")
    newest = ask(page, "/api/gallery?limit=1")["cards"][0]["number"]
    expect(page.locator("[role=gridcell]").first).to_contain_text(f"#{newest}")
    page.get_by_role("searchbox", name="Search").fill("cof")
    page.get_by_role("combobox", name="Style").select_option("Glass")
    page.get_by_role("combobox", name="Sort").select_option("oldest")
    found = ask(page, "/api/gallery?q=cof&style=Glass&sort=oldest")
    expect(total(page)).to_contain_text(f"{found['total']} pictures")
    assert 0 < found["total"] < COUNT // 3
    assert first_numbers(page) == [job["number"] for job in found["cards"][:3]]
    assert page.url.endswith("#/gallery?q=cof&style=Glass&sort=oldest")
    page.reload()
    expect(total(page)).to_contain_text(f"{found['total']} pictures")
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("cof")
    page.get_by_role("searchbox", name="Search").fill("nothing is called that")
    expect(page.get_by_text("No pictures match this search.")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("")
    page.get_by_role("searchbox", name="Search").fill("#17")
    expect(total(page)).to_contain_text("1 picture")
    expect(card(page, 17)).to_contain_text(many_jobs.submission(16).preset)


def test_only_the_rows_near_the_window_are_in_the_document_and_all_are_reached(full, open_page):
    page = open_page(at(full))
    expect(page.locator("[role=gridcell]").first).to_be_visible()
    assert page.locator("[role=gridcell]").count() < 60
    loaded = "() => document.querySelector('.gallery-grid').clientHeight"
    before = page.evaluate(loaded)
    for _ in range(40):
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(60)
        if card(page, 1).count():
            break
    card(page, 1).scroll_into_view_if_needed()
    expect(card(page, 1)).to_be_in_viewport()
    assert page.evaluate(loaded) > 2 * before
    assert page.locator("[role=gridcell]").count() < 60
    covers = page.locator("[role=gridcell] .cover img")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.cover img')].every((image) => image.naturalWidth > 0)"
    )
    assert covers.count() > 5


def test_back_finds_the_gallery_as_it_was_left(full, open_page):
    page = open_page(at(full, "?sort=oldest"), tolerate="404")  # these jobs have saved no frames
    expect(page.locator("[role=gridcell]").first).to_be_visible()
    for _ in range(60):  # more than the first page has
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(100)
        if page.evaluate("scrollY") > 7000:
            break
    page.wait_for_timeout(300)
    middle = page.evaluate(
        "() => [...document.querySelectorAll('[role=gridcell]')]"
        ".find((cell) => cell.getBoundingClientRect().top > 100).dataset.id"
    )
    link = page.locator(f"[data-id='{middle}'] a")
    link.scroll_into_view_if_needed()
    where = page.evaluate("scrollY")
    page.locator(f"[data-id='{middle}']").get_by_role("checkbox").check()
    link.click()
    expect(page.locator("article.job h1")).to_be_focused()
    page.go_back()
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    assert abs(page.evaluate("scrollY") - where) < 2
    expect(page.locator(f"[data-id='{middle}']").get_by_role("checkbox")).to_be_checked()
    link.click()
    page.get_by_role("link", name="All pictures").click()
    expect(link).to_be_focused()
    assert page.url.endswith("?sort=oldest")
    page.get_by_role("link", name="Gallery", exact=True).click()
    page.wait_for_function("scrollY === 0")


def test_several_are_selected_by_shift_click_and_downloaded_as_a_zip(full, open_page, tmp_path):
    page = open_page(at(full, "?q=chelsea"))
    cells = page.locator("[role=gridcell]")
    cells.nth(1).hover()
    cells.nth(1).get_by_role("checkbox").check()
    cells.nth(4).locator("a").click(modifiers=["Shift"])
    bar = page.get_by_role("region", name="Selection")
    expect(bar).to_contain_text("4 selected")
    assert "#/gallery" in page.url
    with page.expect_download() as download:
        bar.get_by_role("link", name="Download (ZIP)").click()
    download.value.save_as(tmp_path / "some.zip")
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert len(names) == 8
    assert {name.partition("-")[0] for name in names} == {"Chelsea"}
    for number in (2, 3):
        cells.nth(number).get_by_role("checkbox").uncheck()
    chosen = [cells.nth(number).get_attribute("data-id") for number in (1, 4)]
    expect(bar.get_by_role("link", name="Compare")).to_have_attribute("href", f"#/compare/{chosen[0]}/{chosen[1]}")
    bar.get_by_role("button", name="Select all").click()
    found = ask(page, "/api/gallery?q=chelsea")["total"]
    expect(bar).to_contain_text(f"{found} selected")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all (ZIP)").click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert len(archive.namelist()) == 2 * found


def test_the_selected_are_deleted_after_a_question(full, open_page):
    page = open_page(at(full))
    expect(page.locator("[role=gridcell]").first).to_be_visible()
    before = ask(page, "/api/gallery?limit=1")["total"]
    doomed = first_numbers(page, 3)
    for number in doomed:
        card(page, number).get_by_role("checkbox").check(force=True)
    bar = page.get_by_role("region", name="Selection")
    bar.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Keep them").click()
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete permanently").click()
    expect(total(page)).to_contain_text(f"{before - 3} pictures")
    expect(bar).to_have_count(0)
    expect(page.get_by_role("heading", name="Gallery")).to_be_focused()
    for number in doomed:
        expect(card(page, number)).to_have_count(0)
    assert ask(page, "/api/gallery?limit=1")["total"] == before - 3


def test_the_keyboard_moves_selects_and_opens(full, open_page):
    page = open_page(at(full, "?sort=oldest"), tolerate="404")
    expect(card(page, 1)).to_be_visible()
    columns = int(page.get_by_role("grid").get_attribute("aria-colcount"))
    page.get_by_role("combobox", name="Sort").focus()
    page.keyboard.press("Tab")
    focused = page.locator("[role=gridcell]:focus-within .card-title .muted")
    expect(focused).to_have_text("#1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_text(f"#{2 + columns}")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    bar = page.get_by_role("region", name="Selection")
    expect(bar).to_contain_text("2 selected")
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    page.keyboard.press("Home")
    expect(focused).to_have_text("#1")
    for _ in range(3):
        page.keyboard.press("PageDown")
    far = int(focused.inner_text().removeprefix("#"))
    assert far > 4 * columns
    expect(card(page, far).locator("a")).to_be_in_viewport()
    page.keyboard.press("Control+a")
    expect(bar).to_contain_text(f"{ask(page, '/api/gallery?limit=1')['total']} selected")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("article.job h1")).to_be_focused()


def test_a_picture_grows_in_the_gallery_is_cancelled_there_and_goes_when_deleted_elsewhere(full, open_page):
    page = open_page(full.address, tolerate="404")  # a picture may be asked for as it goes
    choose(page, "Coffee", "Ink")
    small(page, epochs=2000, size=128)
    paint(page)
    number = ask(page, "/api/gallery?limit=1")["cards"][0]
    page.get_by_role("link", name="Gallery", exact=True).click()
    mine = card(page, number["number"])
    expect(mine).to_contain_text("Painting", timeout=FINISHED)
    expect(mine.locator("progress")).to_be_visible()
    mine.get_by_role("button", name="Cancel").click()
    expect(mine).to_contain_text("Cancelled", timeout=FINISHED)
    other = open_page(full.address)
    other.evaluate("id => fetch(`/api/jobs/${id}`, { method: 'DELETE' })", number["id"])
    page.bring_to_front()
    expect(mine).to_have_count(0)


@pytest.mark.parametrize("width", [320, 820])
def test_nothing_is_cut_off_in_a_narrow_window(full, open_page, width):
    page = open_page(at(full), viewport={"width": width, "height": 800}, has_touch=True)
    expect(page.locator("[role=gridcell]").first).to_be_visible()
    page.locator(".pick").nth(1).tap()
    expect(page.get_by_role("region", name="Selection")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
