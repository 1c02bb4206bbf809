"""Masks in the studio's page: painted with the mouse, fingers and keys, and sent to a real server."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from nst.images import reader
from tests.support.studio_page import FINISHED, choose, paint, small

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it").expect

EVERYWHERE = "It goes everywhere: nothing is painted yet."
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def opened(page, button="Where the style goes"):
    """Opens the editor; gives its board."""
    page.get_by_role("button", name=button).click()
    board = page.get_by_role("application")
    expect(board).to_be_visible()
    page.wait_for_function("() => document.querySelector('.mask-sheet').getBoundingClientRect().width > 50")
    return board


def start(open_page, server, **options):
    page = open_page(server.address, **options)
    choose(page)
    return page, opened(page)


def at(board, x, y):
    """Where a share of the picture is on the screen."""
    box = board.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def stroke(page, board, *points):
    page.mouse.move(*at(board, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*at(board, *point), steps=6)
    page.mouse.up()


def paint_left(page, board):
    page.get_by_role("slider", name="Brush size").fill("0.5")  # of which a quarter is the size
    for x in (0.0, 0.1, 0.2, 0.3):
        stroke(page, board, (x, 0), (x, 1))


def about(page):
    return page.get_by_test_id("about")


def button(page, name):
    return page.get_by_role("dialog").get_by_role("button", name=name, exact=True)


def painted_share(page):
    found = re.search(r"([\d.]+) %", about(page).inner_text())
    return float(found[1]) if found else 0.0


def job_of(page):
    return page.evaluate("async () => (await fetch(`/api/jobs/${location.hash.split('/').at(-1)}`)).json()")


def levels(page, url):
    return reader.read(page.context.request.get(page.evaluate("() => location.origin") + url).body())


def test_painted_masks_reach_the_server_and_are_there_again(server, open_page):
    page = open_page(server.address)
    choose(page)
    page.get_by_role("button", name="Mix in Ink").click()
    board = opened(page, "Where each style goes")
    paint_left(page, board)
    page.get_by_role("radio", name="Where Ink goes").check()
    button(page, "Where no other style goes").click()
    page.get_by_role("radio", name="The part of Ink that is used").check()
    stroke(page, board, (0.5, 0.5), (0.6, 0.5))
    button(page, "Done").click()
    expect(page.get_by_role("button", name="Where each style goes")).to_be_focused()
    expect(page.locator(".easel").get_by_test_id("mask-tint")).to_have_count(2)
    expect(page.get_by_role("button", name="Masks of Ink: where it goes and the part used")).to_be_visible()
    small(page, epochs=4)
    paint(page)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    job = job_of(page)
    assert [(mask["over"], mask["style"]) for mask in job["masks"]] == [("content", 0), ("content", 1), ("style", 1)]
    strokes, ink, part = (levels(page, mask["url"]) for mask in job["masks"])
    assert strokes.shape == (300, 400, 3)
    assert strokes[:, :120].min() == 255
    assert strokes[:, 240:].max() == 0
    assert np.array_equal(ink, 255 - strokes)
    assert 0 < part.mean() < 40
    expect(page.get_by_role("region", name="Made from").get_by_test_id("mask-tint")).to_have_count(3)

    page.get_by_role("button", name="Paint again with these settings").click()
    expect(page.locator(".easel").get_by_test_id("mask-tint")).to_have_count(2)
    board = opened(page, "Where each style goes")
    page.get_by_role("radio", name="Where Ink goes").check()
    button(page, "Clear").click()
    button(page, "Done").click()
    paint(page)
    masks = job_of(page)["masks"]
    assert [(mask["over"], mask["style"]) for mask in masks] == [("content", 0), ("style", 1)]
    assert np.array_equal(levels(page, masks[0]["url"]), strokes)
    page.get_by_role("link", name="NST Studio").click()
    page.get_by_role("group", name="Sample pictures").get_by_role("button", name="Coffee").click()
    expect(page.locator(".easel").get_by_test_id("mask-tint")).to_have_count(0)


def test_what_is_painted_can_be_undone_and_changed_as_a_whole(server, open_page):
    page, board = start(open_page, server)
    expect(about(page)).to_have_text(EVERYWHERE)
    stroke(page, board, (0.3, 0.3), (0.5, 0.3))
    one = painted_share(page)
    stroke(page, board, (0.3, 0.7), (0.5, 0.7))
    assert painted_share(page) == pytest.approx(2 * one, abs=0.2)
    page.keyboard.press("Control+z")
    assert painted_share(page) == one
    button(page, "Undo").click()
    expect(about(page)).to_have_text(EVERYWHERE)
    expect(button(page, "Undo")).to_be_disabled()
    page.keyboard.press("Control+Shift+z")
    assert painted_share(page) == one
    button(page, "Invert").click()
    assert painted_share(page) == pytest.approx(100 - one, abs=0.2)
    page.get_by_text("Erase", exact=True).click()
    stroke(page, board, (0.6, 0.6), (0.8, 0.6))
    assert painted_share(page) == pytest.approx(100 - 2 * one, abs=0.3)
    button(page, "Fill").click()
    expect(about(page)).to_contain_text("all is painted")
    button(page, "Clear").click()
    expect(about(page)).to_have_text(EVERYWHERE)
    stroke(page, board, (0.6, 0.6), (0.8, 0.6))
    assert painted_share(page) == pytest.approx(100 - one, abs=0.3), "to erase at first is: everywhere but here"
    page.get_by_label("Show only the mask").check()
    expect(board.locator("img")).to_be_hidden()


def test_what_was_painted_is_not_lost_by_accident(server, open_page):
    page, board = start(open_page, server)
    page.keyboard.press("Escape")
    expect(board).to_have_count(0)
    board = opened(page)
    stroke(page, board, (0.3, 0.3), (0.5, 0.3))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keep painting").click()
    assert painted_share(page) > 1
    button(page, "Cancel").click()
    page.get_by_role("button", name="Discard", exact=True).click()
    expect(board).to_have_count(0)
    expect(page.get_by_test_id("mask-tint")).to_have_count(0)


def test_a_mask_is_painted_with_keys_alone(server, open_page):
    page, board = start(open_page, server)
    expect(board).to_be_focused()
    said = page.get_by_role("status", name="Mask announcements")
    ring = page.locator(".mask-ring")
    page.keyboard.press("ArrowUp")
    expect(ring).to_be_visible()
    before = ring.bounding_box()
    page.keyboard.press("ArrowLeft")
    assert ring.bounding_box()["x"] < before["x"]
    expect(said).to_have_text("47 % from the left, 46 % from the top, not painted")
    page.keyboard.press("]")
    expect(said).to_have_text("Brush size 15 %")
    assert ring.bounding_box()["width"] > before["width"]
    page.keyboard.press("[")
    page.keyboard.press("Space")
    expect(said).to_contain_text("Painted. It goes to the coloured part")
    one = painted_share(page)
    page.keyboard.down("Space")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.up("Space")
    assert painted_share(page) > 2 * one
    expect(said).to_contain_text("painted")
    page.keyboard.press("e")
    expect(said).to_have_text("Eraser")
    page.keyboard.press("Space")
    page.keyboard.press("Control+z")
    expect(said).to_contain_text("Undone")
    page.keyboard.press("Control+z")
    assert painted_share(page) == one
    page.keyboard.press("+")
    expect(page.get_by_role("button", name="Fit to the window, now 150 %")).to_be_visible()
    page.keyboard.press("0")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(board).to_be_focused()
    button(page, "Done").press("Enter")
    expect(page.get_by_test_id("mask-tint")).to_have_count(1)


def test_fingers_paint_and_zoom(server, open_page):
    page, board = start(open_page, server, **PHONE)
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        places = [dict(zip("xy", at_first(*point), strict=True), id=index) for index, point in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    box = board.bounding_box()

    def at_first(x, y):
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    touch("touchStart", (0.3, 0.3))
    for step in range(6):
        touch("touchMove", (0.3 + 0.05 * step, 0.3))
    touch("touchEnd")
    expect(about(page)).to_contain_text("It goes to the coloured part")
    one = painted_share(page)
    touch("touchStart", (0.4, 0.5))
    touch("touchMove", (0.42, 0.5))
    touch("touchStart", (0.42, 0.5), (0.6, 0.5))
    for step in range(6):
        touch("touchMove", (0.42 - 0.04 * step, 0.5), (0.6 + 0.04 * step, 0.5))
    touch("touchEnd")
    assert board.bounding_box()["width"] > 1.8 * box["width"]
    assert painted_share(page) == one, "two fingers do not paint"
    page.get_by_role("button", name=re.compile("Fit to the window")).click()
    assert board.bounding_box()["width"] == pytest.approx(box["width"], abs=1)
    button(page, "Done").click()
    expect(page.get_by_test_id("mask-tint")).to_have_count(1)


def test_a_mask_may_be_a_file(server, open_page, tmp_path):
    page, board = start(open_page, server, tolerate="415|400")
    grey = np.zeros((60, 80), np.uint8)
    grey[:, 40:] = 255
    chooser = page.get_by_label("Choose a mask file")
    none = np.zeros_like(grey)
    files = {"half.png": grey, "tall.png": grey.T, "red.png": np.dstack([grey, none, none]), "even.png": none + 128}
    for name, pixels in files.items():
        Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / name)
    (tmp_path / "letter.png").write_text("no picture")
    for name, words in (("tall.png", "does not match"), ("red.png", "coloured"), ("letter.png", "letter.png")):
        chooser.set_input_files(tmp_path / name)
        expect(page.get_by_role("alert")).to_contain_text(words)
    expect(about(page)).to_have_text(EVERYWHERE)
    chooser.set_input_files(tmp_path / "half.png")
    expect(about(page)).to_contain_text("50 %")
    expect(page.get_by_role("alert")).to_have_count(0)
    chooser.dispatch_event("cancel", {"bubbles": True})  # the file picker was dismissed, the editor was not
    expect(page.get_by_role("button", name="Discard")).to_have_count(0)
    # One that only the server refuses.
    chooser.set_input_files(tmp_path / "even.png")
    expect(about(page)).to_contain_text("50.2 %")
    button(page, "Done").click()
    page.get_by_role("button", name="Paint", exact=True).click()
    expect(page.locator("#field-content_mask")).to_be_focused()
    expect(page.locator("#problem-content_mask")).to_contain_text("of one shade all over")
    board = opened(page)
    stroke(page, board, (0.3, 0.3), (0.5, 0.3))
    button(page, "Done").click()
    expect(page.locator("#problem-content_mask")).to_have_count(0)


def test_the_part_of_a_style_that_is_used_is_painted_from_its_tile(server, open_page):
    page = open_page(server.address)
    page.get_by_role("button", name="Glass", exact=True).click()
    board = opened(page, "Masks of Glass")
    expect(board).to_have_attribute("aria-label", "The part of Glass that is used, over Glass")
    expect(about(page)).to_have_text("All of it is used: nothing is painted yet.")
    stroke(page, board, (0.3, 0.3), (0.5, 0.5))
    button(page, "Done").click()
    expect(page.locator(".gallery").get_by_test_id("mask-tint")).to_have_count(1)
    page.reload()
    expect(page.locator(".gallery").get_by_test_id("mask-tint")).to_have_count(1)
    page.get_by_role("button", name="Glass", exact=True).click()
    page.get_by_role("button", name="Glass", exact=True).click()
    expect(page.get_by_test_id("mask-tint")).to_have_count(0)


def test_masks_change_while_a_picture_is_painted(server, open_page):
    page = open_page(server.address)
    choose(page)
    small(page, epochs=2000, size=256)
    paint(page)
    expect(page.get_by_role("region", name="Steer")).to_be_visible(timeout=FINISHED)
    board = opened(page)
    paint_left(page, board)
    button(page, "Done").click()
    changes = page.get_by_role("list", name="Changes during painting")
    expect(changes).to_contain_text("new masks", timeout=FINISHED)
    board = opened(page)
    assert painted_share(page) > 30, "the editor has the masks that are in force"
    button(page, "Clear").click()
    button(page, "Done").click()
    expect(changes).to_contain_text("no masks", timeout=FINISHED)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)


def test_an_editor_that_cannot_be_loaded_says_so(server, open_page):
    page = open_page(server.address, tolerate="ERR_FAILED|Failed to load")
    page.route(re.compile("MaskEditor"), lambda route: route.abort())
    choose(page)
    page.get_by_role("button", name="Where the style goes").click()
    expect(page.get_by_role("dialog")).to_contain_text("Reload the page")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Where the style goes").click()
    expect(page.get_by_role("dialog")).to_be_visible()
