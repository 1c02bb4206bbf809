"""The studio's page in a real browser: what a person does there, with a real server and worker on a tiny network."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from nst.images import reader
from nst.output import checkpoint
from tests.support import clips
from tests.support.studio_page import FINISHED, choose, paint, settings, small
from tests.support.studio_server import until

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it").expect
OUTLINED = """() => {
    for (let element = document.activeElement; element; element = element.parentElement) {
        const style = getComputedStyle(element);
        if (style.outlineStyle !== "none" || style.boxShadow !== "none") return true;
    }
    return false;
}"""


def test_an_uploaded_picture_grows_is_finished_and_can_be_saved(server, open_page, photo, tmp_path):
    page = open_page(server.address)
    page.get_by_label("Choose a picture").set_input_files(photo)
    expect(page.get_by_alt_text("Content picture: my photo.png")).to_be_visible()
    page.get_by_role("button", name="Strokes", exact=True).click()
    small(page, epochs=400)
    seen = set()
    page.on("response", lambda answer: "/picture?" in answer.url and seen.add(answer.url))
    paint(page)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    assert len(seen) >= 2, "it was shown while it grew"
    with page.expect_download() as download:
        page.get_by_role("link", name="Download picture").click()
    assert download.value.suggested_filename.startswith("my-photo-")
    download.value.save_as(tmp_path / "saved.png")
    assert reader.read(tmp_path / "saved.png").shape == (46, 64, 3)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download video").click()
    assert download.value.suggested_filename.endswith(".mp4")
    expect(page.get_by_role("img", name=re.compile("cost", re.IGNORECASE)).first).to_be_visible()
    page.get_by_role("button", name="Before and after").click()
    compare = page.get_by_label("Compare with the content picture")
    expect(compare).to_be_focused()
    expect(compare).to_have_attribute("aria-valuetext", re.compile("50 %"))
    for _ in range(3):
        compare.press("ArrowRight")
    expect(compare).to_have_attribute("aria-valuetext", re.compile("53 %"))


def test_a_video_is_painted_frame_by_frame_and_plays(server, open_page, tmp_path):
    clip = clips.write(tmp_path / "my clip.mp4", clips.scene(5), options="-pix_fmt yuv420p")
    page = open_page(server.address)
    page.get_by_label("Choose a picture or video").set_input_files(clip)
    first = page.get_by_alt_text("Content picture: my clip.mp4")
    expect(first).to_be_visible()
    assert first.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [48, 32]
    expect(page.locator(".easel")).to_contain_text("5 frames")
    page.get_by_role("button", name="Strokes", exact=True).click()
    small(page, epochs=20, size=48)
    settings(page, video_end=0.5)  # 4 frames, at 8 a second
    expect(page.locator("#field-temporal_weight")).to_be_visible()
    expect(page.locator("#field-video_fps")).to_have_count(0)
    seen = []
    page.on("response", lambda answer: seen.append(answer) if answer.url.endswith("/video") else None)
    paint(page)
    video = page.locator("video.film")
    expect(video).to_be_visible(timeout=FINISHED)
    expect(page.locator("article.job")).to_contain_text("4 frames in")
    video.evaluate("video => { video.muted = true; return video.play(); }")
    page.wait_for_function("() => document.querySelector('video.film').currentTime > 0.1")
    assert video.evaluate("video => [video.videoWidth, video.videoHeight, video.controls]") == [48, 32, True]
    assert {answer.status for answer in seen} == {206}, "parts of it are asked for"
    page.get_by_role("button", name="Frame 2", exact=True).click()
    expect(page.get_by_alt_text("my clip.mp4 in the style of Strokes, frame 2")).to_be_visible()
    page.get_by_role("button", name="Video", exact=True).click()
    expect(video).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download video").click()
    download.value.save_as(tmp_path / "saved.mp4")
    assert clips.decoded(tmp_path / "saved.mp4").shape == (4, 32, 48, 3)
    page.get_by_role("link", name="NST Studio").click()
    card = page.get_by_role("region", name="Your pictures").get_by_role("link", name="my clip.mp4")
    expect(card.locator(".mark")).to_have_text("Video")
    card.locator(".cover img").evaluate("image => image.decode()")
    page.route("**/video", lambda route: route.fulfill(body="of a kind that no browser plays"))
    card.click()
    expect(page.get_by_text("This browser cannot play the video")).to_be_visible()
    expect(page.get_by_alt_text("my clip.mp4 in the style of Strokes")).to_be_visible()


def test_a_picture_that_browsers_cannot_show_is_shown_by_the_server(server, open_page, content, tmp_path):
    Image.fromarray(content).save(tmp_path / "scan.tiff")
    page = open_page(server.address)
    page.get_by_label("Choose a picture or video").set_input_files(tmp_path / "scan.tiff")
    page.get_by_label("Add your own style").set_input_files(tmp_path / "scan.tiff")
    for place in (".easel", ".tile.chosen"):
        shown = page.locator(f"{place} img")
        expect(shown).to_be_visible()
        assert shown.evaluate("image => image.naturalWidth") == 56


def test_cancel_stops_the_painting_and_keeps_the_picture(server, open_page):
    page = open_page(server.address)
    choose(page)
    small(page, epochs=2000, size=128)
    paint(page)
    expect(page.get_by_alt_text(re.compile("Chelsea in"))).to_be_visible(timeout=FINISHED)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="Download picture")).to_be_visible()
    expect(page.locator("article.job")).to_contain_text("Cancelled")
    again = page.get_by_role("button", name="Paint again with these settings")
    again.click()
    expect(page.locator("#field-epochs")).to_have_value("2000")
    expect(page.get_by_alt_text("Content picture: Chelsea")).to_be_visible()


def test_a_bad_file_and_a_number_out_of_range_are_reported_beside_their_fields(server, open_page, tmp_path):
    page = open_page(server.address, tolerate="415")
    no_picture = tmp_path / "letter.png"
    no_picture.write_text("Dear picture, where are you? " * 10)
    page.get_by_label("Choose a picture").set_input_files(no_picture)
    page.get_by_role("button", name="Ink", exact=True).click()
    sentence = page.locator("section", has=page.get_by_role("heading", name="Content")).get_by_text("letter.png")
    expect(sentence.last).to_be_visible()
    page.get_by_role("button", name="Paint", exact=True).click()
    expect(page.locator("#field-content")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#field-content")).to_be_focused()
    choose(page)
    settings(page, epochs=0)
    page.get_by_role("button", name="Paint", exact=True).click()
    expect(page.locator("#field-epochs")).to_be_focused()
    expect(page.locator("#field-epochs")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("must be a whole number, at least 1")).to_be_visible()


def test_the_slider_sets_the_strength_of_the_style(server, open_page):
    page = open_page(server.address)
    choose(page)
    small(page)
    slider = page.get_by_role("slider", name="Style strength")
    shown = page.locator("output[for=field-strength]")
    expect(shown).to_have_text("0.5 (default)")
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    expect(shown).to_have_text("0.26")
    expect(slider).to_have_attribute("aria-valuetext", "0.26")
    page.get_by_role("group", name="What it does").get_by_role("button", name="0.3", exact=True).click()
    expect(shown).to_have_text("0.3")
    paint(page)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    job = page.evaluate("async () => (await fetch('/api/jobs')).json()")["jobs"][0]
    assert job["settings"]["strength"] == 0.3
    assert job["settings"]["alpha"] == 1e4, "the preset's own is left to the worker"


def test_two_pictures_queue_up_and_show_their_place(server, open_page):
    page = open_page(server.address)
    choose(page)
    small(page, epochs=2000, size=160)
    paint(page)
    page.get_by_role("link", name="NST Studio").click()
    paint(page)
    expect(page.locator("article.job")).to_contain_text(re.compile("next in|queue|waiting", re.IGNORECASE))
    page.get_by_role("link", name="NST Studio").click()
    history = page.get_by_role("region", name="Your pictures")
    waiting = history.locator("li[data-state=queued]")
    expect(waiting).to_have_count(1)
    waiting.get_by_role("button", name=re.compile("^Cancel")).click()
    expect(waiting).to_have_count(0)
    history.locator("li[data-state=running] a").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="Download picture")).to_be_visible()


def test_a_reload_in_mid_job_shows_it_as_before_and_what_is_deleted_is_gone(server, open_page):
    page = open_page(server.address, tolerate="404")
    choose(page, "Coffee", "Mosaic")
    small(page, epochs=2000, size=128)
    paint(page)
    expect(page.get_by_alt_text(re.compile("Coffee in"))).to_be_visible(timeout=FINISHED)
    address = page.url
    page.reload()
    expect(page.get_by_alt_text(re.compile("Coffee in"))).to_be_visible()
    assert page.url == address
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="Download picture")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_role("button", name="Paint", exact=True)).to_be_visible()
    page.goto(address)
    expect(page.get_by_text("Picture not found")).to_be_visible()


@pytest.mark.slow
def test_a_killed_server_is_started_again_and_the_job_goes_on(own_server, open_page):
    server = own_server
    page = open_page(server.address, tolerate="ERR_|Failed to load|EventSource")
    choose(page, "Rocket", "Swirls")
    small(page, epochs=2000, size=128)
    paint(page)
    progress = page.get_by_role("progressbar").first
    page.wait_for_function("() => document.querySelector('article.job progress')?.value > 40", timeout=FINISHED)
    until(lambda: any(server.folder.rglob(f"{checkpoint.FOLDER}/state-1*")), "a state after the first epoch")
    server.kill()
    expect(page.get_by_text("Connection lost, reconnecting…")).to_be_visible()
    state = page.get_by_test_id("server-state")
    expect(state).to_have_attribute("data-state", "unreachable", timeout=FINISHED)
    server.start()
    expect(state).to_have_attribute("data-state", "painting", timeout=FINISHED)
    before = float(progress.evaluate("element => element.value"))
    page.wait_for_function(f"() => document.querySelector('article.job progress')?.value != {before}", timeout=FINISHED)
    expect(page.get_by_text("Connection lost, reconnecting…")).to_have_count(0)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    job = page.evaluate("async () => (await fetch('/api/jobs')).json()")["jobs"][0]
    table = page.evaluate(f"async () => (await fetch('/api/jobs/{job['id']}/costs')).json()")["rows"]
    assert [row[0] for row in table] == list(range(job["epoch"] + 1)), "every epoch once"
    seconds = [row[5] for row in table]
    assert seconds == sorted(seconds), "it went on, and did not begin anew"


def test_all_can_be_done_by_the_keyboard(server, open_page):
    page = open_page(server.address)
    expect(page.get_by_role("button", name="Paint", exact=True)).to_be_visible()

    def tab_to(name):
        for _ in range(120):
            page.keyboard.press("Tab")
            label = page.evaluate(
                "() => { const e = document.activeElement;"
                " return (e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || '').trim(); }"
            )
            if label.startswith(name):
                assert page.evaluate(OUTLINED), f"{name} does not show that it has the focus"
                return
        raise AssertionError(f"{name} is not reached")

    tab_to("Skip to content")
    page.keyboard.press("Enter")
    tab_to("Chelsea")
    page.keyboard.press("Enter")
    tab_to("Glass")
    page.keyboard.press("Space")
    tab_to("Epochs")
    page.keyboard.press("Control+a")
    page.keyboard.type("20")
    tab_to("Paint")
    page.keyboard.press("Enter")
    expect(page.locator("article.job h1")).to_be_focused()
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    expect(page.locator("[aria-live]", has_text="inished")).to_have_count(1)


def test_on_a_phone_nothing_is_cut_off(server, open_page):
    page = open_page(server.address, viewport={"width": 320, "height": 780}, is_mobile=True, has_touch=True)
    paint_button = page.get_by_role("button", name="Paint", exact=True)
    expect(paint_button).to_be_in_viewport()
    choose(page)
    small(page, epochs=20)
    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    expect(page.get_by_text("Take a photo")).to_be_visible()
    paint(page)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    assert page.evaluate(overflow) <= 0


def test_a_studio_for_others_asks_for_its_token(server, open_page):
    page = open_page(f"http://127.0.0.1:{server.port}/", tolerate="401|ERR_")
    page.get_by_label(re.compile("token", re.IGNORECASE)).fill("0123456789abcdef")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Paint", exact=True)).to_be_visible()
    other = open_page(server.address, tolerate="ERR_")
    expect(other.get_by_role("button", name="Paint", exact=True)).to_be_visible()
    assert "token" not in other.url


def test_a_refusal_that_comes_after_the_token_asks_for_no_other(server, open_page):
    page = open_page("about:blank", tolerate="401|ERR_")
    late = []
    page.route("**/api/networks", lambda route: late.append(route), times=1)
    page.goto(f"http://127.0.0.1:{server.port}/")
    page.get_by_label(re.compile("token", re.IGNORECASE)).fill("0123456789abcdef")
    page.keyboard.press("Enter")
    paint_button = page.get_by_role("button", name="Paint", exact=True)
    expect(paint_button).to_be_visible()
    (held,) = late
    with page.expect_response("**/api/networks"):
        held.fulfill(status=401, json={"message": "late"})
    page.wait_for_timeout(300)  # until the page has read it
    expect(paint_button).to_be_visible()
