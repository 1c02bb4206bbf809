"""Putting a picture together on the studio's page: files from everywhere, styles, batches, the estimate."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from nst.config import TransferConfig
from nst.images import writer
from nst.output import metadata
from tests.support import clips
from tests.support.studio_page import FINISHED, choose, paint, settings, small
from tests.web.page.conftest import CHROMIUM

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it").expect

DROP = """([selector, files, kind]) => {
    const transfer = new DataTransfer();
    for (const {name, type, data} of files) {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name, {type}));
    }
    const target = document.querySelector(selector);
    const send = (name, Kind, more) => target.dispatchEvent(
        new Kind(name, {bubbles: true, cancelable: true, ...more}));
    if (kind === "paste") return send("paste", ClipboardEvent, {clipboardData: transfer});
    send("dragover", DragEvent, {dataTransfer: transfer});
    window.draggedOver = document.documentElement.dataset.dragging;
    send("drop", DragEvent, {dataTransfer: transfer});
}"""


def png(content, **notes):
    return writer.encode(content, "png", **notes)


def drop(page, selector, *files, kind="drop"):
    """Drops files, each a name and its bytes, on a part of the page, or pastes them there."""
    types = {"png": "image/png", "jpg": "image/jpeg", "mp4": "video/mp4"}
    given = [
        {"name": name, "type": types.get(name.rpartition(".")[2], ""), "data": base64.b64encode(data).decode()}
        for name, data in files
    ]
    page.locator(selector).first.wait_for()
    page.evaluate(DROP, [selector, given, kind])


def jobs(page):
    return page.evaluate("async () => (await fetch('/api/jobs?limit=200')).json()")["jobs"]


def tile(page, name):
    return page.get_by_role("list", name="Styles").get_by_role("button", name=name, exact=True)


def chosen(page):
    return page.locator("button.tile[aria-pressed=true]").all_inner_texts()


def content_of(page, name):
    return page.get_by_alt_text(f"Content picture: {name}")


def test_a_click_replaces_a_style_and_mix_adds_up_to_four(server, open_page):
    page = open_page(server.address)
    choose(page)
    tile(page, "Glass").click()
    assert chosen(page) == ["Glass"]
    for name in ("Ink", "Leaves", "Mosaic"):
        page.get_by_role("button", name=f"Mix in {name}").click()
    page.get_by_role("button", name="Mix in Swirls").click()
    sentence = page.locator("#problem-style")
    expect(sentence).to_have_text("At most 4 styles can be mixed. Remove one from the mix first.")
    assert sorted(chosen(page)) == ["Glass", "Ink", "Leaves", "Mosaic"]
    page.get_by_role("button", name="Remove Leaves from the mix").click()
    expect(sentence).to_have_count(0)
    page.get_by_role("button", name="Remove Mosaic from the mix").click()
    slider = page.get_by_role("slider", name="Glass")
    slider.focus()
    slider.press("End")
    expect(page.locator("output[for=weight-0]")).to_have_text("67 %")
    small(page)
    paint(page)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    (job,) = jobs(page)[:1]
    assert [style["title"] for style in job["styles"]] == ["Glass", "Ink"]
    assert job["settings"]["style_weights"] == "0.667,0.333"
    page.get_by_role("button", name="Paint again with these settings").click()
    expect(page.get_by_role("slider", name="Glass")).to_have_value("100")
    expect(page.get_by_role("slider", name="Ink")).to_have_value("50")
    earlier = page.get_by_role("list", name="Styles").get_by_role("button", name="Glass", exact=True)
    expect(earlier).to_have_count(1)
    page.get_by_role("button", name="Remove Glass from the mix").click()
    page.get_by_role("button", name="Mix in Swirls").click()
    paint(page)
    assert [style["title"] for style in jobs(page)[0]["styles"]] == ["Swirls", "Ink"]


def test_own_styles_come_as_a_mix_and_no_more_than_there_is_room_for(server, open_page, content, tmp_path):
    names = [f"own{number}.png" for number in range(5)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(png(np.roll(content, number * 5, axis=1)))
    page = open_page(server.address)
    page.get_by_label("Add your own style").set_input_files([tmp_path / name for name in names])
    expect(page.locator("#problem-style")).to_have_text("At most 4 styles can be chosen, so own4.png was left out.")
    assert chosen(page) == names[:4]
    tile(page, "Ink").click()
    assert chosen(page) == ["Ink"]
    expect(tile(page, "own0.png")).to_be_visible()
    page.get_by_role("button", name="Remove own0.png").click()
    expect(tile(page, "own0.png")).to_have_count(0)
    tile(page, "own1.png").click()
    assert chosen(page) == ["own1.png"]


def test_what_cannot_be_read_or_is_too_small_is_refused_and_what_was_chosen_stays(server, open_page, photo, content):
    page = open_page(server.address, tolerate="415")
    page.get_by_label("Choose a picture").set_input_files(photo)
    expect(content_of(page, "my photo.png")).to_be_visible()
    sentence = page.locator("#problem-content")
    broken = png(content)
    drop(page, ".easel", ("cut.png", broken[: len(broken) // 2]))
    expect(sentence).to_contain_text("cut.png is a damaged")
    drop(page, ".easel", ("thread.png", png(np.zeros((2, 90, 3), np.uint8))))
    expect(sentence).to_contain_text(
        "thread.png would have 4 pixels on its short side at the smallest scale but needs 16"
    )
    drop(page, ".easel", ("letter.txt", b"Dear picture"))
    expect(sentence).to_contain_text("letter.txt is neither a picture nor a video")
    expect(content_of(page, "my photo.png")).to_be_visible()
    drop(page, "[data-drop=style]", ("dot.png", png(np.zeros((10, 10, 3), np.uint8))))
    expect(page.locator("#problem-style")).to_contain_text("dot.png would have 5 pixels")
    assert chosen(page) == []
    page.get_by_role("group", name="Sample pictures").get_by_role("button", name="Coffee").click()
    expect(sentence).to_have_count(0)


def test_the_draft_survives_a_reload(server, open_page, photo, content, tmp_path):
    (tmp_path / "own.png").write_bytes(png(content))
    page = open_page(server.address)
    page.get_by_label("Choose a picture").set_input_files(photo)
    page.get_by_label("Add your own style").set_input_files(tmp_path / "own.png")
    page.get_by_role("button", name="Mix in Ink").click()
    settings(page, image_size=64, epochs=30, scales=1)
    page.get_by_role("radio", name="As in the assignment").check()
    settings(page, image_size=48, epochs=21)
    page.wait_for_timeout(200)
    page.reload()
    expect(content_of(page, "my photo.png")).to_be_visible()
    assert content_of(page, "my photo.png").evaluate("image => image.decode().then(() => image.naturalWidth)") == 56
    assert sorted(chosen(page)) == ["Ink", "own.png"]
    expect(page.locator("#field-epochs")).to_have_value("21")
    expect(page.get_by_role("radio", name="As in the assignment")).to_be_checked()
    paint(page)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    job = jobs(page)[0]
    assert (job["content"]["title"], [style["title"] for style in job["styles"]]) == (
        "my photo.png",
        ["own.png", "Ink"],
    )
    assert (job["preset"], job["width"], job["settings"]["epochs"]) == ("coursera", 48, 21)


def test_what_it_takes_stands_beside_the_button(own_server, open_page):
    page = open_page(own_server.address)
    choose(page)
    estimate = page.get_by_test_id("estimate")
    expect(estimate).to_have_text("No estimate until this network has painted a picture.")
    small(page)
    paint(page)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    page.get_by_role("link", name="NST Studio").click()
    expect(estimate).to_have_text("Takes a few seconds")
    settings(page, image_size=1024, epochs=2000)
    expect(estimate).to_have_text(re.compile(r"^Takes about \d+ (s|min|h)"))
    page.get_by_role("radio", name="As in the assignment").check()
    settings(page, image_size=1024, epochs=2000, print_every=20)
    expect(estimate).to_have_text(re.compile("^Takes roughly "))
    settings(page, epochs=0)
    expect(estimate).to_have_text("")


def test_each_style_makes_its_own_picture_in_several_seeds(server, open_page, photo):
    page = open_page(server.address)
    before = len(jobs(page))
    page.get_by_label("Choose a picture").set_input_files(photo)
    page.get_by_label("Paint each style separately").check()
    for name in ("Ink", "Glass"):
        tile(page, name).click()
    small(page, epochs=20, size=48)
    variations = page.get_by_label("Variations")
    variations.fill("13")
    page.get_by_role("button", name=re.compile("^Paint")).click()
    expect(page.locator("#problem-variations")).to_contain_text("at most 12")
    variations.fill("2")
    expect(page.locator("#help-variations")).to_contain_text("Seeds 0 to 1, starting from noise over the content")
    uploads = []
    page.on(
        "request",
        lambda request: uploads.append(request) if request.method == "POST" and request.url.endswith("/jobs") else None,
    )
    page.get_by_role("button", name="Paint 4 pictures").click()
    expect(page.locator(".queued")).to_contain_text("4 pictures are in the queue.")
    made = jobs(page)[: len(jobs(page)) - before]
    found = [(job["styles"][0]["title"], job["settings"]["seed"]) for job in reversed(made)]
    assert found == [("Ink", 0), ("Ink", 1), ("Glass", 0), ("Glass", 1)]
    assert {job["settings"]["init"] for job in made} == {"blend"}
    assert {job["content"]["title"] for job in made} == {"my photo.png"}
    sizes = [int(request.headers.get("content-length", 0)) for request in uploads]
    assert len(sizes) == 4
    page.get_by_role("link", name="Watch the first").click()
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)


def test_files_are_dropped_and_pasted_where_the_cards_are(server, open_page, content):
    data = png(content)
    page = open_page(server.address)
    drop(page, "[data-drop=style] .gallery", ("style.png", data))
    assert page.evaluate("window.draggedOver") == "style"
    expect(tile(page, "style.png")).to_have_attribute("aria-pressed", "true")
    drop(page, "#content-heading", ("content.png", data))
    expect(content_of(page, "content.png")).to_be_visible()
    drop(page, "body", ("pasted.png", data), kind="paste")
    expect(content_of(page, "pasted.png")).to_be_visible()
    tile(page, "Ink").focus()
    drop(page, "body", ("pasted style.png", data), kind="paste")
    expect(tile(page, "pasted style.png")).to_have_attribute("aria-pressed", "true")
    drop(page, "#settings-heading", ("what.png", data))
    page.get_by_role("dialog", name="What is this picture for?").get_by_role("button", name="Style").click()
    expect(tile(page, "what.png")).to_have_attribute("aria-pressed", "true")
    assert not page.evaluate("'dragging' in document.documentElement.dataset")


def test_on_a_pictures_page_it_is_asked_what_a_file_is_for(server, open_page, content, tmp_path):
    data = png(content)
    page = open_page(server.address)
    choose(page)
    small(page, epochs=20, size=48)
    paint(page)
    address = page.url
    drop(page, "article.job", ("next.png", data))
    sheet = page.get_by_role("dialog", name="What is this picture for?")
    sheet.get_by_role("button", name="Cancel").click()
    expect(sheet).to_have_count(0)
    assert page.url == address
    drop(page, "body", ("next.png", data), kind="paste")
    sheet.get_by_role("button", name="Content").click()
    expect(content_of(page, "next.png")).to_be_visible()
    page.go_back()
    page.locator("article.job h1").wait_for()
    clip = clips.write(tmp_path / "clip.mp4", clips.scene(3), options="-pix_fmt yuv420p")
    drop(page, "article.job", ("clip.mp4", clip.read_bytes()))
    expect(content_of(page, "clip.mp4")).to_be_visible()


def test_a_painted_picture_restores_its_settings(server, open_page, content):
    config = TransferConfig.from_preset("coursera", epochs=77, image_size=123, strength=0.8, style_scale=2.0)
    data = png(content, text=metadata.notes(config, {"network": {"name": "VGG-19"}}))
    page = open_page(server.address)
    choose(page)
    drop(page, ".easel", ("painted.png", data))
    note = page.locator(".restored")
    expect(note).to_contain_text("painted.png was painted here")
    for name, value in (("epochs", "77"), ("image_size", "123"), ("style_scale", "2")):
        expect(page.locator(f"#field-{name}")).to_have_value(value)
    expect(page.get_by_role("radio", name="As in the assignment")).to_be_checked()
    expect(page.locator("output[for=field-strength]")).to_have_text("0.8")
    note.get_by_role("button", name="Use only the settings").click()
    expect(content_of(page, "Chelsea")).to_be_visible()
    expect(page.locator("#field-epochs")).to_have_value("77")
    page.get_by_role("radio", name="Quick").check()
    drop(page, ".easel", ("painted.png", data))
    note.get_by_role("button", name="Keep my settings").click()
    expect(content_of(page, "painted.png")).to_be_visible()
    expect(page.get_by_role("radio", name="Quick")).to_be_checked()
    expect(page.locator("#field-epochs")).to_have_value("50")


def test_a_photo_of_40_megapixels_is_made_smaller_before_it_is_sent(server, open_page, tmp_path):
    photo = tmp_path / "phone.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # a phone that was held upright
    noise = np.random.default_rng(0).integers(0, 256, (750, 1000, 3), np.uint8)
    Image.fromarray(noise).resize((7680, 5760)).save(photo, quality=90, exif=exif)
    assert photo.stat().st_size > 4_000_000
    page = open_page(server.address)
    sent = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/api/preview") else None)
    page.get_by_label("Choose a picture").set_input_files(photo)
    expect(page.locator(".easel")).to_contain_text("1536 × 2048", timeout=FINISHED)
    expect(content_of(page, "phone.jpg")).to_be_visible()
    (request,) = sent
    assert len(request.post_data_buffer or b"") < photo.stat().st_size / 2
    tile(page, "Ink").click()
    small(page, epochs=20, size=48)
    paint(page)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    assert (jobs(page)[0]["width"], jobs(page)[0]["height"]) == (36, 48)


def test_a_heic_photo_is_shown_and_painted(server, open_page, tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs an encoder of HEIC")
    picture = Image.linear_gradient("L").convert("RGB").resize((64, 48))
    stream = io.BytesIO()
    pillow_heif.from_pillow(picture).save(stream)
    (tmp_path / "phone.heic").write_bytes(stream.getvalue())
    page = open_page(server.address)
    page.get_by_label("Choose a picture").set_input_files(tmp_path / "phone.heic")
    expect(page.locator(".easel")).to_contain_text("64 × 48")


def test_the_camera_takes_the_content(server, browser):
    pretend = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    other = browser.browser_type.launch(executable_path=CHROMIUM, args=pretend)
    try:
        page = other.new_page()
        page.goto(server.address)
        page.get_by_role("button", name="Use the camera").click()
        sheet = page.get_by_role("dialog", name="Take a picture")
        sheet.get_by_role("button", name="Take the picture").click()
        expect(content_of(page, "Camera.jpg")).to_be_visible()
        expect(sheet).to_have_count(0)
    finally:
        other.close()


def test_the_form_as_it_opens(server, open_page):
    """Presets are named for what they do, the assignment last; without a camera there is no button for one."""
    page = open_page(server.address)
    names = page.locator(".presets .card-name")
    expect(names).to_have_text(["Quick fast", "Finest quality", "As in the assignment coursera"])
    expect(page.get_by_role("radio", name="Quick")).to_be_checked()
    expect(page.get_by_role("button", name="Use the camera")).to_have_count(0)


def test_settings_are_explained_by_pictures(server, open_page):
    page = open_page(server.address)
    colours = page.get_by_role("group", name="What it does").filter(has_text="histogram")
    colours.get_by_role("button", name="brightness").click()
    expect(page.locator("#field-preserve_color")).to_have_value("luminance")
    settings(page, epochs=30)  # which unfolds the others
    starts = page.get_by_role("group", name="What it does").filter(has_text="noise")
    starts.get_by_role("button", name="style", exact=True).click()
    expect(page.locator("#field-init")).to_have_value("style")
    pictures = page.locator(".examples img, .card-picture")
    assert pictures.count() == 19
    for index in range(pictures.count()):
        picture = pictures.nth(index)
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 176


def test_a_draft_is_painted_with_the_small_network_and_finished_with_the_other(server, open_page):
    page = open_page(server.address)
    choose(page)
    small(page, epochs=20)
    page.get_by_role("button", name="Draft", exact=True).click()
    page.get_by_role("button", name="Paint it with VGG-19").click(timeout=FINISHED)
    expect(page.get_by_role("link", name="Download picture")).to_be_visible(timeout=FINISHED)
    expect(page.get_by_role("button", name="Paint it with VGG-19")).to_have_count(0)
    finished, draft = jobs(page)[:2]
    assert [draft["network"], finished["network"]] == ["preview", "vgg19"]
    assert finished["settings"] == draft["settings"]
