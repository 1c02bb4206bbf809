"""Steering on the page: sliders that change the picture while it is painted, with a real server and worker."""

from __future__ import annotations

import re

import pytest

from tests.support.studio_page import FINISHED

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright: requirements-dev.txt has it").expect
SUBMIT = """async settings => {
    const form = new FormData();
    form.append("content_name", "chelsea");
    for (const style of ["strokes", "mosaic"]) form.append("style_name", style);
    form.append("preset", "fast");
    form.append("settings", JSON.stringify(settings));
    const answer = await fetch("/api/jobs", { method: "POST", body: form });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).id;
}"""
DRAG = """(slider, values) => {
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    for (const value of values) {
        set.call(slider, value);
        slider.dispatchEvent(new Event("input", { bubbles: true }));
    }
}"""
SLOW = """() => {
    const real = window.fetch;
    let slow = true;
    window.fetch = async (...given) => {
        if (slow && String(given[0]).includes("/steer")) {
            slow = false;
            await new Promise(go => setTimeout(go, 1200));
        }
        return real(...given);
    };
}"""
READ = "async id => (await fetch(`/api/jobs/${id}`)).json()"


def begin(page, server, **settings):
    """A picture of two styles that is being painted, on its page; returns its id."""
    asked = {"image_size": 64, "epochs": 2000, "print_every": 100, "scales": 1, "video": "none", **settings}
    id = page.evaluate(SUBMIT, asked)
    page.evaluate("id => { location.hash = `#/job/${id}`; }", id)
    expect(page.get_by_role("heading", name="Steer", exact=True)).to_be_visible(timeout=FINISHED)
    return id


def test_sliders_steer_the_picture_and_it_can_be_painted_again_so(server, open_page):
    page = open_page(server.address)
    id = begin(page, server)
    strength = page.get_by_label("Style strength")
    expect(strength).to_have_value("16")  # of 20 even steps, the preset's own
    strength.evaluate(DRAG, ["17", "18"])  # one change, sent when it rests
    note = page.get_by_text(re.compile(r"^In effect since epoch \d+\.$"))
    expect(note).to_be_visible()
    expect(strength).to_have_value("18")
    weight = page.get_by_label("Weight of Mosaic")
    weight.fill("0.25")
    changes = page.get_by_role("list", name="Changes during painting").get_by_role("listitem")
    expect(changes).to_have_count(2)
    expect(changes.nth(0)).to_have_text(re.compile(r"^Epoch \d+strength 0\.75$"))
    expect(changes.nth(1)).to_have_text(re.compile(r"^Epoch \d+weights 1 : 0\.25$"))
    expect(page.locator(".curve .mark")).to_have_count(2)
    weight.fill("0")
    page.get_by_label("Weight of Strokes").fill("0")
    expect(page.get_by_role("alert")).to_have_text("At least one style must have some weight.")
    page.reload()
    expect(strength).to_have_value("18")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Steered", exact=True)).to_be_visible(timeout=FINISHED)
    expect(strength).to_have_count(0)
    steering = page.evaluate(READ, id)["steering"]
    page.get_by_role("button", name="Paint again with these changes").click()
    page.wait_for_function("id => !location.hash.endsWith(id)", arg=id)
    expect(changes).to_have_count(len(steering), timeout=FINISHED)
    again = page.evaluate("() => location.hash.split('/').pop()")
    assert page.evaluate(READ, again)["steering"] == steering, "the same changes at the same epochs"
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Steered", exact=True)).to_be_visible(timeout=FINISHED)


def test_a_slow_request_does_not_undo_a_later_one(server, open_page):
    page = open_page(server.address)
    id = begin(page, server)
    page.evaluate(SLOW)
    strength = page.get_by_label("Style strength")
    strength.evaluate(DRAG, ["12"])
    page.wait_for_timeout(400)  # more than a slider rests before it is sent
    strength.evaluate(DRAG, ["18"])
    changes = page.get_by_role("list", name="Changes during painting").get_by_role("listitem")
    expect(changes).to_have_count(2)
    assert page.evaluate(READ, id)["steering"][-1]["strength"] == 0.75, "of the last request"
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Steered", exact=True)).to_be_visible(timeout=FINISHED)
