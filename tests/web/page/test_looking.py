"""Looking at pictures and going on with them, in a real browser: zoom, curve, comparison, more epochs, copies."""

from __future__ import annotations

import json
import re
import zipfile

import pytest

from tests.support.studio_page import FINISHED, choose, paint, settings, small

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it").expect


def painted(page, *, epochs=30, size=64, scales=1, content="Chelsea", style="Strokes"):
    """Paints a small picture, and leaves its page open."""
    choose(page, content, style)
    small(page, epochs=epochs, size=size)
    settings(page, scales=scales)
    paint(page)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    return page.url.partition("#/job/")[2]


@pytest.fixture(scope="module")
def pair(server, browser):
    """The ids of two finished pictures, which are only looked at: the first has two sizes."""
    page = browser.new_page()
    page.goto(server.address)
    first = painted(page, epochs=12, size=64, scales=2)
    page.get_by_role("link", name="NST Studio").click()
    page.get_by_role("button", name="Strokes", exact=True).click()
    second = painted(page, epochs=8, size=96, style="Ink")
    page.close()
    return first, second


def at(server, view, *ids):
    return f"{server.address}#/{view}/{chr(47).join(ids)}"


def job(page, id):
    return page.evaluate("async id => (await fetch(`/api/jobs/${id}`)).json()", id)


def size_of(page, selector=".viewer .pane img"):
    return page.locator(selector).last.evaluate("image => [image.offsetWidth, image.offsetHeight]")


def wider(page, view, width):
    """Waits until the pictures of a view are shown wider than that."""
    images = f"[...document.querySelectorAll('{view} .pane img')]"
    page.wait_for_function(f"width => {images}.every(image => image.offsetWidth > width)", arg=width)


def test_a_click_opens_the_picture_to_be_looked_at_closely(server, pair, open_page):
    page = open_page(at(server, "job", pair[0]))
    expect(page.get_by_test_id("picture-size")).to_have_text("64 × 48 pixels")
    page.locator(".stage").click()
    viewer = page.locator("dialog.viewer")
    expect(viewer.locator(".pane")).to_be_focused()
    fitted = size_of(page)
    assert fitted[0] > 1000, "all of it fills the window"
    page.keyboard.press("1")
    expect(viewer.get_by_role("status", name="Size")).to_have_text("100 %")
    assert size_of(page) == [64, 48]
    page.keyboard.press("0")
    expect(viewer.get_by_role("button", name="Fit")).to_have_attribute("aria-pressed", "true")
    page.mouse.move(640, 500)
    page.mouse.wheel(0, -400)
    page.wait_for_function(
        "width => document.querySelector('.viewer .pane img').offsetWidth > 1.5 * width", arg=fitted[0]
    )
    place = "() => document.querySelector('.viewer .pane img').style.transform"
    before = page.evaluate(place)
    page.mouse.down()
    page.mouse.move(500, 450, steps=3)
    page.mouse.up()
    assert page.evaluate(place) != before, "it was dragged"
    before = page.evaluate(place)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"before => ({place})() !== before", arg=before)
    page.mouse.dblclick(640, 500)
    page.wait_for_function("width => document.querySelector('.viewer .pane img').offsetWidth === width", arg=fitted[0])
    viewer.get_by_role("button", name="Before and after").click()
    slider = viewer.get_by_label("Before and after", exact=True).last
    expect(slider).to_have_attribute("aria-valuetext", re.compile("50 %"))
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(page.get_by_role("button", name="Enlarge")).to_be_visible()


def test_two_fingers_zoom(server, pair, open_page):
    page = open_page(at(server, "job", pair[0]), viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Enlarge").tap()
    page.locator(".viewer .pane").wait_for()
    fitted = size_of(page)
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (150, 400))
    touch("touchStart", (150, 400), (240, 400))
    for step in range(1, 6):
        touch("touchMove", (150 - 12 * step, 400), (240 + 12 * step, 400))
    touch("touchEnd")
    page.wait_for_function(
        "width => document.querySelector('.viewer .pane img').offsetWidth > 1.8 * width", arg=fitted[0]
    )
    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


def test_the_curve_says_what_an_epoch_cost_and_where_the_size_changed(server, pair, open_page):
    page = open_page(at(server, "job", pair[0]))
    rows = page.evaluate("async id => (await (await fetch(`/api/jobs/${id}/costs`)).json()).rows", pair[0])
    expect(page.locator(".curve .size-mark text")).to_have_text(["32 × 24", "64 × 48"])
    readout = page.get_by_test_id("readout")
    expect(readout).to_have_text("Epoch 11, 64 × 48 (latest)")
    slider = page.get_by_label("Costs at an epoch")
    slider.focus()
    slider.press("Home")
    expect(readout).to_have_text("Epoch 0, 32 × 24")
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^Epoch 1, 32 × 24: Total .*, Style .*, Content "))
    assert rows[1][0] == 1
    frame = page.locator(".curve-frame")
    box = frame.bounding_box()
    frame.hover(position={"x": box["width"] - 20, "y": 100})
    expect(readout).to_have_text("Epoch 11, 64 × 48")
    expect(page.locator(".pointed circle")).to_have_count(3)
    page.get_by_role("button", name=re.compile("^Total")).click()
    expect(page.locator(".curve-frame .line")).to_have_count(2)


def test_two_pictures_are_compared_side_by_side(server, pair, open_page):
    page = open_page(at(server, "job", pair[0]))
    page.get_by_role("button", name="Compare with…").click()
    page.locator(".picker-list").get_by_role("link", name=re.compile("Chelsea in the style of Ink")).first.click()
    expect(page.get_by_role("heading", name="Comparison")).to_be_focused()
    assert page.url.endswith(f"#/compare/{pair[0]}/{pair[1]}")
    panes = page.locator(".comparison .pane img")
    expect(panes).to_have_count(2)

    def widths():
        return panes.evaluate_all("images => images.map(image => image.offsetWidth)")

    before = widths()
    assert abs(before[0] - before[1]) <= 2, "pictures of different sizes are as large"
    page.locator(".comparison .pane").first.hover()
    page.mouse.wheel(0, -300)
    wider(page, ".comparison", 1.4 * before[0])
    places = panes.evaluate_all("images => images.map(image => image.style.transform)")
    page.locator(".comparison .pane").last.focus()
    page.keyboard.press("ArrowRight")
    moved = "(image, number) => image.style.transform !== places[number]"
    page.wait_for_function(
        f"places => [...document.querySelectorAll('.comparison .pane img')].every({moved})", arg=places
    )
    rows = page.locator(".comparison-tables section").first.locator("tbody tr")
    found = {row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in rows.all()}
    assert found["Style"] == ["Strokes", "Ink"]
    assert found["Pixels"] == ["64 × 48", "96 × 72"]
    assert (found["Epochs"], found["Scales"]) == (["12", "8"], ["2", "1"])
    assert "Content" not in found
    page.get_by_role("button", name="Slider").click()
    expect(page.get_by_label("Before and after", exact=True)).to_have_value("50")
    page.get_by_role("link", name="Swap").click()
    expect(rows.filter(has_text="Style").first.locator("td").first).to_have_text("Ink")


def test_a_finished_picture_is_painted_for_more_epochs(server, open_page):
    page = open_page(server.address)
    id = painted(page, epochs=20)
    page.get_by_label("More epochs").fill("0")
    page.get_by_role("button", name="Paint more epochs").click()
    expect(page.get_by_text(re.compile("whole number from 1 to"))).to_be_visible()
    page.get_by_label("More epochs").fill("10")
    page.get_by_role("button", name="Paint 10 more epochs").click()
    expect(page.get_by_text(re.compile("^30 epochs in"))).to_be_visible(timeout=FINISHED)
    expect(page.get_by_test_id("readout")).to_contain_text("Epoch 29")
    assert job(page, id)["epochs"] == 30
    rows = page.evaluate("async id => (await (await fetch(`/api/jobs/${id}/costs`)).json()).rows", id)
    assert [row[0] for row in rows] == list(range(30))


def test_a_cancelled_picture_is_resumed_and_another_tab_follows(server, open_page):
    page = open_page(server.address)
    choose(page)
    small(page, epochs=2000, size=128)
    paint(page)
    page.wait_for_function("() => document.querySelector('article.job progress')?.value > 3", timeout=FINISHED)
    page.get_by_role("button", name="Cancel").click()
    resume = page.get_by_role("button", name=re.compile("^Resume: .* epochs left"))
    expect(resume).to_be_visible(timeout=FINISHED)
    id = page.url.partition("#/job/")[2]
    reached = job(page, id)["epoch"]
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("button", name=re.compile("^Resume"))).to_be_visible()
    resume.click()
    page.wait_for_function(
        "epoch => document.querySelector('article.job progress')?.value > epoch", arg=reached, timeout=FINISHED
    )
    expect(other.get_by_role("button", name="Cancel")).to_be_visible(timeout=FINISHED)
    page.get_by_role("button", name="Cancel").click()
    expect(resume).to_be_visible(timeout=FINISHED)
    assert job(page, id)["epoch"] > reached
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_role("button", name="Paint", exact=True)).to_be_visible()
    expect(other.get_by_text("Picture not found")).to_be_visible()
    expect(other.get_by_role("button", name="Delete")).to_have_count(0)


def test_one_click_paints_it_in_another_style(server, open_page):
    page = open_page(server.address)
    id = painted(page, epochs=12)
    page.get_by_role("button", name="Paint in the style of Glass").click()
    page.get_by_role("link", name="Open it in the style of Glass").click()
    expect(page.get_by_role("heading", name="Chelsea in the style of Glass")).to_be_visible()
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    found = job(page, page.url.partition("#/job/")[2])
    assert (found["settings"], found["network"]) == (job(page, id)["settings"], job(page, id)["network"])


def test_a_painted_picture_becomes_the_content_or_the_style_of_the_next(server, pair, open_page):
    page = open_page(at(server, "job", pair[1]))
    page.get_by_role("button", name="Use as content").click()
    expect(page.locator(".easel img")).to_be_visible()
    expect(page.locator(".easel")).to_contain_text(re.compile(r"Chelsea painted \d+"))
    page.go_back()
    page.get_by_role("button", name="Use as style").click()
    expect(page.locator(".tile.chosen")).to_have_count(1)
    expect(page.locator(".tile.chosen")).to_contain_text(re.compile(r"Chelsea painted \d+"))


def test_painting_again_chooses_a_sample_style_once(server, pair, open_page):
    page = open_page(at(server, "job", pair[1]))
    page.get_by_role("button", name="Paint again with these settings").click()
    ink = page.get_by_role("button", name="Ink", exact=True)
    expect(ink).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-area=styles]").get_by_text("Ink", exact=True)).to_have_count(1)


def test_pictures_links_and_commands_are_copied_and_all_is_downloaded(server, pair, open_page, tmp_path):
    page = open_page(at(server, "job", pair[0]))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    said = page.locator(".said")
    page.get_by_role("button", name="Copy picture").click()
    expect(said).to_have_text("Picture copied.")
    copied = """async () => {
        const [item] = await navigator.clipboard.read();
        const bitmap = await createImageBitmap(await item.getType("image/png"));
        return [bitmap.width, bitmap.height];
    }"""
    assert page.evaluate(copied) == [64, 48]
    page.get_by_role("button", name="Copy link").click()
    expect(said).to_have_text("Link copied.")
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link.endswith(f"/#/job/{pair[0]}")
    assert "token" not in link
    page.get_by_role("button", name="Copy command").click()
    expect(said).to_have_text("Command copied.")
    command = page.evaluate("() => navigator.clipboard.readText()")
    assert command.startswith("python nst_main.py --content=content-Chelsea.jpg --style=style-1-Strokes.jpg")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download with settings (ZIP)").click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert {"content-Chelsea.jpg", "settings.json", "command.txt"} < {*archive.namelist()}
        assert json.loads(archive.read("settings.json"))["command"] == command


def test_an_address_of_no_picture_is_not_asked_for_again(server, open_page):
    page = open_page(at(server, "job", "zzz"), tolerate="422|404")
    expect(page.get_by_text("Picture not found")).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3500)
    assert not [url for url in asked if "/jobs/zzz" in url]


def test_axe_finds_nothing_in_the_viewer_the_picker_and_the_comparison(server, pair, open_page, axe):
    page = open_page(at(server, "job", pair[0]), reduced_motion="reduce")
    page.get_by_role("button", name="Enlarge").click()
    page.locator(".viewer").get_by_role("button", name="Before and after").click()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Compare with…").click()
    other = page.locator(".picker-list").get_by_role("link").first
    expect(other).to_be_visible()
    assert axe(page) == []
    other.click()
    expect(page.locator(".comparison .pane img")).to_have_count(2)
    assert axe(page) == []
    page.get_by_role("button", name="Slider").click()
    assert axe(page) == []
