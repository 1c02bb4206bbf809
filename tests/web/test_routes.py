"""The studio's API: what is offered, how jobs are ordered and refused, what can be had of them, and their events."""

import base64
import io
import json
import re
import struct
import threading
import time
import zipfile
import zlib

import httpx
import jsonschema
import numpy as np
import pytest
from PIL import Image

from nst.config import PRESETS, settings
from nst.images import reader, writer
from nst.web import catalog
from nst.web.routes import events as routes_events
from nst.web.submission import FRAMES, Limits
from tests.support import studio_worker
from tests.support.studio_server import Served, picture, until
from tests.support.studio_worker import Does, costs, png

LIMITS = Limits(file_bytes=300_000, body_bytes=1_000_000, pixels=250_000, epochs=1000, image_size=1024)


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr(routes_events, "POLL_INTERVAL", 0.02)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One studio for the tests that only ask it, or that order what they alone look at."""
    served = Served(tmp_path_factory.mktemp("shared"), limits=LIMITS)
    yield served
    served.close()


@pytest.fixture(scope="module")
def painted(shared):
    """A job that is finished."""
    return shared.paint(epochs=4, style_name=["strokes", "ink"])


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """A studio in which nothing is ever painted."""
    served = Served(
        tmp_path_factory.mktemp("waiting"), limits=LIMITS, command=studio_worker.command("never-ready")
    )  # fmt: skip
    yield served
    served.close()


def opened(answer):
    """The picture of an answer: its format and its size."""
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as found:
        assert answer.headers["content-type"] == Image.MIME[found.format]
        return found.format, found.size


# --- what is offered ---


def test_health(waiting):
    answer = waiting.web.get("/api/health")
    assert answer.json() == {
        "status": "ok", "version": "0.1.0", "workers": [{"state": "starting"}], "queued": 0, "running": 0
    } | {"queued": answer.json()["queued"]}  # fmt: skip
    before = answer.json()["queued"]
    waiting.order()
    assert waiting.web.get("/api/health").json()["queued"] == before + 1


@pytest.mark.parametrize("kind", ["contents", "styles"])
def test_samples_are_what_they_say(shared, kind):
    found = shared.web.get(f"/api/{kind}").json()
    assert len(found) >= 3
    for sample in found:
        assert opened(shared.web.get(sample["url"])) == ("JPEG", (sample["width"], sample["height"]))
        assert max(opened(shared.web.get(sample["url"], params={"size": 64}))[1]) == 64
        assert sample["title"] == sample["name"].capitalize()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/contents/strokes", 404), ("/api/styles/chelsea", 404), ("/api/styles/..%2fchelsea", 404),
        ("/api/contents/Chelsea", 422), ("/api/contents/chelsea?size=15", 422), ("/api/contents/chelsea?size=1e3", 422),
        ("/api/nothing", 404), ("/api", 404), ("/nothing", 404), ("/%00", 404), ("/" + "x" * 5000, 404), ("/%ff", 404),
        ("/..%2f..%2f..%2fetc/passwd", 404), ("/%2e%2e/%2e%2e/app.py", 404), ("/..%5capp.py", 404),
        ("//etc/passwd", 404),
        ("/api/jobs/0123456789abcdef", 404), ("/api/jobs/0123456789ABCDEF", 422), ("/api/jobs/", 404),
        ("/api/jobs/0123456789abcdef%0a", 422), ("/api/jobs/0123456789abcdef%00", 422),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_in_one_form(shared, path, status):
    answer = shared.web.get(path)
    assert answer.status_code == status
    assert set(answer.json()) == {"message", "field"}
    assert answer.json()["message"]


def test_networks_have_one_default(shared):
    found = {network["name"]: network for network in shared.web.get("/api/networks").json()}
    assert set(found) == {"preview", "vgg19", "vgg16"}
    assert found["preview"]["available"]
    (default,) = (network for network in found.values() if network["default"])
    assert default["available"]
    for network in found.values():
        assert network["available"] or "fetches it" in network["about"]


def test_settings_are_the_programs(shared):
    found = shared.web.get("/api/settings").json()
    assert [setting["name"] for setting in found["settings"]] == [
        setting.name for setting in settings() if setting.name not in catalog.HIDDEN
    ]
    by_name = {setting["name"]: setting for setting in found["settings"]}
    assert by_name["epochs"]["at_least"] == 1
    assert by_name["epochs"]["at_most"] == found["limits"]["epochs"] == 1000
    assert by_name["image_size"]["at_most"] == found["limits"]["image_size"] == 1024
    assert by_name["learning_rate"]["above"] == 0
    assert by_name["optimizer"]["choices"] == ["adam", "lbfgs"]
    assert {preset["name"] for preset in found["presets"]} == set(PRESETS)
    for preset in found["presets"]:
        assert set(preset["settings"]) == set(by_name)
    assert found["default_preset"] in PRESETS


def test_every_preset_is_taken_with_its_own_settings(waiting):
    """What the page shows of a preset it may send back whole."""
    for preset in waiting.web.get("/api/settings").json()["presets"]:
        same = preset["settings"]
        answer = waiting.ask_for(same, preset=preset["name"])
        assert answer.status_code == 202, answer.text
        assert answer.json()["settings"] == same


def test_the_page_is_served(shared):
    answer = shared.web.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/api/jobs/..%2f..", "//elsewhere.example/%2e%2e"])
def test_nobody_is_sent_elsewhere(shared, path):
    answer = shared.web.get(f"{shared.address}{path}")
    assert answer.status_code == 404 or answer.headers["location"].startswith(f"{shared.address}/")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/jobs", {"GET", "POST"}), ("DELETE", "/api/health", {"GET"}), ("GET", "/api/token", {"POST"}),
        ("POST", "/api/jobs/0123456789abcdef", {"GET", "DELETE"}), ("GET", "/generate_stylised_image", {"POST"}),
        ("PATCH", "/api/jobs/0123456789abcdef/cancel", {"POST"}), ("POST", "/", {"GET", "HEAD"}),
    ],
)  # fmt: skip
def test_other_methods_are_not_taken(shared, method, path, allowed):
    answer = shared.web.request(method, path)
    assert answer.status_code == 405
    assert answer.json() == {"message": "this address does not support that method", "field": None}
    assert set() < set(re.split(r", *", answer.headers["allow"])) <= allowed


# --- ordering ---


def test_an_order_is_a_job(waiting):
    answer = waiting.ask_for({"epochs": 60, "alpha": 30}, style_name=["strokes", "ink"])
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/jobs/{job['id']}"
    assert answer.headers["cache-control"] == "no-store"
    assert (job["state"], job["preset"], job["network"], job["epochs"]) == ("queued", "coursera", "preview", 60)
    assert (job["settings"]["alpha"], job["settings"]["beta"]) == (30.0, 40.0)
    assert job["content"] == {"title": "Chelsea", "url": f"/api/jobs/{job['id']}/content"}
    assert [style["title"] for style in job["styles"]] == ["Strokes", "Ink"]
    assert (job["result"], job["video"], job["files"], job["frames"], job["troubles"]) == (False, False, [], [], [])
    assert waiting.job(job["id"]) == job


def test_what_is_not_said_is_the_studios_own(waiting):
    job = waiting.ask_for("", preset=None, network=None).json()
    default = next(network for network in waiting.web.get("/api/networks").json() if network["default"])
    assert (job["preset"], job["network"]) == ("fast", default["name"])


def test_uploads_come_before_samples(waiting):
    files = [picture(), picture("style", "one.png"), picture("style", "two.png")]
    job = waiting.ask_for(content_name=None, style_name="ink", files=files).json()
    assert job["content"]["title"] == "me.png"
    assert [style["title"] for style in job["styles"]] == ["one.png", "two.png", "Ink"]
    for shown in (job["content"], *job["styles"]):
        assert opened(waiting.web.get(shown["url"]))[0] == "JPEG"
    assert opened(waiting.web.get(job["content"]["url"]))[1] == (64, 64)
    assert opened(waiting.web.get(job["content"]["url"], params={"size": 16}))[1] == (16, 16)
    assert waiting.web.get(f"/api/jobs/{job['id']}/styles/3").status_code == 404
    assert waiting.web.get(f"/api/jobs/{job['id']}/styles/-1").status_code == 422


def test_settings_are_read_as_a_person_writes_them(waiting):
    wanted = {"content_layers": "conv4_2=1,conv3_1=0.5", "style_weights": "3,1", "video": "none"}
    job = waiting.ask_for(wanted, style_name=["strokes", "ink"]).json()
    assert {name: job["settings"][name] for name in wanted} == wanted


NUMBERS = "9" * 5000
REFUSED = [
    ({"settings": "no JSON"}, "settings"),
    ({"settings": "[]"}, "settings"),
    ({"settings": "[" * 15_000}, "settings"),
    ({"settings": '{"a":' * 3000}, "settings"),
    ({"settings": f'{{"epochs": {NUMBERS}}}'}, "settings"),
    ({"settings": '{"colour": 1}'}, "settings"),
    ({"settings": '{"": 1}'}, "settings"),
    ({"settings": '{"epochs": "60"}'}, "epochs"),
    ({"settings": '{"epochs": 60.5}'}, "epochs"),
    ({"settings": '{"epochs": true}'}, "epochs"),
    ({"settings": '{"epochs": null}'}, "epochs"),
    ({"settings": '{"epochs": 0}'}, "epochs"),
    ({"settings": '{"epochs": -1}'}, "epochs"),
    ({"settings": '{"epochs": 1001, "print_every": 1000}'}, "epochs"),
    ({"settings": '{"image_size": 1025}'}, "image_size"),
    ({"settings": '{"image_size": 0}'}, "image_size"),
    ({"settings": '{"alpha": NaN}'}, "alpha"),
    ({"settings": '{"alpha": Infinity}'}, "alpha"),
    ({"settings": '{"alpha": -Infinity}'}, "alpha"),
    ({"settings": '{"alpha": 1e999}'}, "alpha"),
    ({"settings": '{"learning_rate": 0}'}, "learning_rate"),
    ({"settings": '{"optimizer": "sgd"}'}, "optimizer"),
    ({"settings": '{"content_layers": "conv9_9=1"}'}, "content_layers"),
    ({"settings": '{"content_layers": [[[]]]}'}, "content_layers"),
    ({"settings": '{"style_weights": "a"}'}, "style_weights"),
    ({"settings": '{"style_weights": "1,2,3"}'}, "style_weights"),
    ({"settings": '{"alpha": 0, "beta": 0}'}, "alpha"),
    ({"settings": '{"init": "/etc/passwd"}'}, "init"),
    ({"settings": '{"init": "content.jpg"}'}, "init"),
    ({"settings": '{"init": "\\u0000"}'}, "init"),
    ({"settings": '{"init": "\\ud800"}'}, "init"),
    ({"settings": f'{{"epochs": {FRAMES + 1}, "print_every": 1}}'}, "print_every"),
    ({"preset": "slow"}, "preset"),
    ({"preset": "\0"}, "preset"),
    ({"network": "vgg11"}, "network"),
    ({"network": "../../etc/passwd"}, "network"),
    ({"network": "x" * 10_000}, "network"),
    ({"content_name": None}, "content"),
    ({"content_name": "strokes"}, "content"),
    ({"content_name": "../images/chelsea"}, "content"),
    ({"content_name": "chelsea\0"}, "content"),
    ({"content_name": "ü" * 10_000}, "content"),
    ({"files": [picture()]}, "content"),
    ({"style_name": None}, "style"),
    ({"style_name": "chelsea"}, "style"),
    ({"style_name": ["strokes"] * 5}, "style"),
    ({"style_name": ["strokes"] * 900}, "style"),
    ({"files": [picture("style")] * 4}, "style"),
    ({"settings": '{"image_size": 16, "scales": 2}'}, "content"),
    ({"settings": '{"style_scale": 0.01}'}, "style"),
    ({"again": "0123456789abcdef"}, "again"),
]


@pytest.mark.parametrize(("order", "field"), REFUSED, ids=lambda value: str(value)[:60])
def test_an_order_that_cannot_be_is_refused(waiting, order, field):
    files = order.get("files")
    before = len(list((waiting.studio.folder / "jobs").iterdir()))
    answer = waiting.ask_for(**{name: value for name, value in order.items() if name != "files"}, files=files)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
    assert len(answer.json()["message"]) < 400
    assert len(list((waiting.studio.folder / "jobs").iterdir())) == before


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"again": "../../etc/passwd"}, "again"), ({"again": "0123456789abcdef\n"}, "again"),
        ({"settings": " " * 20_001}, "settings"), ({"preset": "x" * 20_001}, "preset"),
        ({"content_name": "x" * 20_001}, "content_name"), ({"content": "no file"}, "content"),
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_order_is_refused(waiting, order, field):
    answer = waiting.ask_for(**order)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("body", [b"", b"{}", b"content_name=chelsea&style_name=strokes"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", "nonsense"])
def test_an_order_in_another_form_is_told_what_is_missing(waiting, body, kind):
    answer = waiting.web.post("/api/jobs", content=body, headers={"content-type": kind})
    if body.startswith(b"content_name") and "urlencoded" in kind:
        assert answer.status_code == 202  # which says all that is needed
    else:
        assert (answer.status_code, answer.json()["field"]) == (400, "content")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge(width, height):
    """A PNG that says it has that many pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def zipped():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("picture.png", png())
    return packed.getvalue()


NO_PICTURES = {
    "empty": b"",
    "text": b"just words",
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "zip": zipped(),
    "half": png(64)[:60],
    "huge": huge(50_000, 50_000),
    "larger than the limit": huge(501, 500),
    "no pixels": huge(0, 10),
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("name", NO_PICTURES)
@pytest.mark.parametrize("field", ["content", "style"])
def test_what_is_no_picture_is_refused(waiting, name, field):
    fields = {f"{field}_name": None}
    answer = waiting.ask_for(**fields, files=[picture(field, "me.png", NO_PICTURES[name])])
    assert (answer.status_code, answer.json()["field"]) == (415, field)
    assert "me.png" in answer.json()["message"]


def test_a_part_without_a_file_is_as_none(waiting):
    """A browser sends an empty part without a name for a field in which no file was chosen."""
    raw = (
        b'--x\r\nContent-Disposition: form-data; name="content"; filename=""\r\n\r\n\r\n'
        b'--x\r\nContent-Disposition: form-data; name="style"; filename=""\r\n\r\n\r\n'
        b'--x\r\nContent-Disposition: form-data; name="content_name"\r\n\r\nchelsea\r\n'
        b'--x\r\nContent-Disposition: form-data; name="style_name"\r\n\r\nink\r\n--x--\r\n'
    )
    answer = waiting.web.post("/api/jobs", content=raw, headers={"content-type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json().get("content", {}).get("title")) == (202, "Chelsea"), answer.text


TITLES = {
    "../../etc/passwd": "passwd",
    "C:\\Users\\me\\cat.png": "cat.png",
    "": "picture",
    "/": "picture",
    "日本語 😀.png": "日本語 😀.png",
    "a\tb\nc.png": "a b c.png",
    "x" * 3000: "x" * 80 + "…",
    "\u202egnp.exe": "�gnp.exe",
    '"quoted".png': '"quoted".png',
    "<script>alert(1)<": "<script>alert(1)<",
}


@pytest.mark.parametrize("name", TITLES, ids=lambda name: name[:20])
def test_names_of_files_are_only_shown(waiting, name):
    raw = name.replace('"', "%22").replace("\n", "%0A").encode()
    form = b'--x\r\nContent-Disposition: form-data; name="style_name"\r\n\r\nink\r\n--x\r\n'
    form += (
        b'Content-Disposition: form-data; name="content"; filename="' + raw + b'"\r\n\r\n' + png(64) + b"\r\n--x--\r\n"
    )
    answer = waiting.web.post("/api/jobs", content=form, headers={"content-type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 202, answer.text
    title = TITLES[name].replace('"', "%22") if "\n" not in name else "a b%0Ac.png"
    assert answer.json()["content"]["title"] == title
    files = {path.name for path in (waiting.studio.folder / "jobs" / answer.json()["id"]).iterdir()}
    assert files == {"content", "content.jpg", "style-0", "style-0.jpg"}


@pytest.mark.parametrize(
    "charset", ["utf-16", "utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "hex"]
)
def test_no_charset_of_a_form_makes_trouble(waiting, charset):
    form = (
        b'--x\r\nContent-Disposition: form-data; name="content_name"\r\n\r\n\\ud800\r\n'
        b'--x\r\nContent-Disposition: form-data; name="style"; filename="\\ud800.png"\r\n\r\nno\r\n--x--\r\n'
    )
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    answer = waiting.web.post("/api/jobs", content=form, headers={"content-type": kind})
    assert answer.status_code in (400, 422)
    assert answer.json()["message"]


def test_a_file_has_a_greatest_size(waiting):
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    large = writer.encode(noise, "png")
    assert len(large) > LIMITS.file_bytes
    answer = waiting.ask_for(content_name=None, files=[picture("content", "noise.png", large)])
    assert (answer.status_code, answer.json()["field"]) == (413, "content")
    assert answer.json()["message"].startswith("noise.png is larger than ")


def test_a_picture_is_shown_upright_and_not_too_large(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("large"), command=studio_worker.command("never-ready"))
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.new("RGB", (4096, 1024)).save(turned, "JPEG", exif=exif)
    job = served.ask_for(content_name=None, files=[picture("content", "large.jpg", turned.getvalue())]).json()
    size = opened(served.web.get(job["content"]["url"]))[1]
    served.close()
    assert size == (512, 2048)


# --- ordering again ---


def test_again_takes_what_is_not_given(waiting):
    first = waiting.ask_for(
        {"alpha": 33.0, "style_weights": "2,1"}, content_name=None, style_name="ink", preset="quality",
        files=[picture(), picture("style", "one.png")],
    ).json()  # fmt: skip
    same = {"content_name": None, "style_name": None, "preset": None, "network": None, "again": first["id"]}
    again = waiting.ask_for("", **same).json()
    for name in ("settings", "preset", "network", "epochs"):
        assert again[name] == first[name]
    assert again["content"]["title"] == "me.png"
    assert [style["title"] for style in again["styles"]] == ["one.png", "Ink"]
    urls = [(one["content"]["url"], one["styles"][1]["url"]) for one in (first, again)]
    for before, after in zip(*urls, strict=True):
        assert waiting.web.get(before).content == waiting.web.get(after).content


def test_again_gives_way_to_what_is_given(waiting):
    first = waiting.ask_for({"alpha": 33.0}, preset="quality").json()
    none = {"content_name": None, "style_name": None, "preset": None, "network": None, "again": first["id"]}
    assert waiting.ask_for("", **none | {"content_name": "coffee"}).json()["content"]["title"] == "Coffee"
    styles = waiting.ask_for("", **none | {"style_name": ["ink", "glass"]}).json()["styles"]
    assert [style["title"] for style in styles] == ["Ink", "Glass"]
    changed = waiting.ask_for({"beta": 7}, **none).json()
    assert (changed["settings"]["alpha"], changed["settings"]["beta"], changed["preset"]) == (33.0, 7.0, "quality")
    other = waiting.ask_for({"beta": 7}, **none | {"preset": "fast"}).json()
    assert (other["settings"]["alpha"], other["settings"]["beta"], other["preset"]) == (1e4, 7.0, "fast")


def test_again_of_a_deleted_job_says_so(waiting):
    job = waiting.order()
    waiting.web.delete(f"/api/jobs/{job['id']}")
    answer = waiting.ask_for(again=job["id"])
    assert (answer.status_code, answer.json()["field"]) == (400, "again")


def test_again_of_a_job_whose_pictures_are_gone_says_so(waiting):
    job = waiting.order()
    waiting.studio.folder_of(job["id"]).content.unlink()
    answer = waiting.ask_for("", again=job["id"], content_name=None)
    assert (answer.status_code, answer.json()["field"]) == (400, "content")


# --- what has come of a job ---


def test_the_pictures_of_a_finished_job(shared, painted):
    own = f"/api/jobs/{painted['id']}"
    assert opened(shared.web.get(f"{own}/picture")) == ("PNG", (32, 32))
    assert opened(shared.web.get(f"{own}/picture", params={"v": 3, "size": 16})) == ("JPEG", (16, 16))
    assert opened(shared.web.get(f"{own}/picture", params={"epoch": 2})) == ("PNG", (24, 24))
    assert shared.web.get(f"{own}/picture", params={"epoch": 99}).status_code == 404
    assert shared.web.get(f"{own}/picture", params={"epoch": -1}).status_code == 422
    assert shared.web.get(f"{own}/picture").headers["cache-control"] == "private, max-age=86400"


def test_the_files_of_a_finished_job(shared, painted):
    own, number = f"/api/jobs/{painted['id']}", painted["number"]
    result = shared.web.get(f"{own}/result")
    assert opened(result) == ("PNG", (32, 32))
    assert result.headers["content-disposition"] == f'attachment; filename="Chelsea-{number}.png"'
    assert [file["title"] for file in painted["files"]] == ["JPEG"]
    jpeg = shared.web.get(painted["files"][0]["url"])
    assert opened(jpeg)[0] == "JPEG"
    assert jpeg.headers["content-disposition"] == f'attachment; filename="Chelsea-{number}.jpg"'
    for name in ("contact_sheet.png", "costs.csv", "..%2fcontent", "generated_image.png", "x" * 40):
        assert shared.web.get(f"{own}/files/{name}").status_code == 404
    assert shared.web.get(f"{own}/files/{'x' * 41}").status_code == 422


def test_the_video_of_a_finished_job(shared, painted):
    url = f"/api/jobs/{painted['id']}/video"
    answer = shared.web.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert answer.headers["content-disposition"].startswith("inline")
    assert shared.web.get(url, params={"download": 1}).headers["content-disposition"].startswith("attachment")
    part = shared.web.get(url, headers={"range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, answer.content[4:10])
    assert shared.web.get(url, headers={"range": "bytes=99999-"}).status_code == 416


def test_the_costs_of_a_job(shared, painted):
    url = f"/api/jobs/{painted['id']}/costs"
    rows = [[epoch, *costs(epoch).values(), 0.01 * epoch] for epoch in range(4)]
    assert shared.web.get(url).json() == {"rows": rows}
    table = shared.web.get(url, params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert table.headers["content-disposition"] == f"attachment; filename*=utf-8''Chelsea-{painted['number']}-costs.csv"
    lines = table.text.splitlines()
    assert lines[0] == "epoch,total,content,style,total_variation,seconds"
    assert [[float(value) for value in line.split(",")] for line in lines[1:]] == rows
    assert shared.web.get(url, params={"format": "xml"}).status_code == 422


@pytest.mark.parametrize("name", ["日本語 😀.png", 'a "b" c.png', "ü.png", "-.png"])
def test_files_are_saved_under_any_name(shared, name):
    job = shared.when_ended(shared.ask_for(content_name=None, files=[picture("content", name)]).json()["id"])
    for what in ("result", "video", "costs?format=csv", "files/generated_image.jpg"):
        answer = shared.web.get(f"/api/jobs/{job['id']}/{what}")
        assert answer.status_code == 200
        assert f"-{job['number']}" in answer.headers["content-disposition"]


def test_a_job_without_a_video_has_none(shared):
    job = shared.when_ended(shared.ask_for({"epochs": 2, "video": "none"}).json()["id"])
    assert (job["state"], job["video"]) == ("finished", False)
    assert shared.web.get(f"/api/jobs/{job['id']}/video").status_code == 404


def test_before_a_job_is_painted_there_is_nothing(waiting):
    own = f"/api/jobs/{waiting.order()['id']}"
    for what in ("picture", "picture?epoch=0", "picture?size=64", "result", "video", "files/generated_image.jpg"):
        assert waiting.web.get(f"{own}/{what}").status_code == 404, what
    assert waiting.web.get(f"{own}/costs").json() == {"rows": []}


def test_while_a_job_is_painted_there_is_its_picture_and_no_file(shared):
    job = shared.order(Does.SLOWLY, epochs=1000)
    own = f"/api/jobs/{job['id']}"
    shared.when_painted(job["id"], 1)
    live = shared.web.get(f"{own}/picture")
    assert opened(live)[0] == "JPEG"
    assert live.headers["cache-control"] == "no-store"
    assert opened(shared.web.get(f"{own}/picture?epoch=0"))[0] == "PNG"
    for what in ("result", "video", "files/generated_image.jpg"):
        assert shared.web.get(f"{own}/{what}").status_code == 404
    shared.cancel(job["id"])
    assert shared.when_ended(job["id"])["state"] == "cancelled"


ROUTES = [
    ("GET", ""), ("GET", "/events"), ("GET", "/picture"), ("GET", "/content"), ("GET", "/styles/0"), ("GET", "/result"),
    ("GET", "/files/contact_sheet.png"), ("GET", "/video"), ("GET", "/costs"), ("POST", "/cancel"), ("DELETE", ""),
]  # fmt: skip


@pytest.mark.parametrize(("method", "what"), ROUTES)
def test_a_job_that_is_not_there_is_told_of_everywhere(shared, method, what):
    answer = shared.web.request(method, f"/api/jobs/0123456789abcdef{what}")
    assert answer.status_code == 404
    assert answer.json()["message"] == "there is no such picture: it may have been deleted"


def test_what_has_ended_is_not_cancelled(shared, painted):
    answer = shared.cancel(painted["id"])
    assert (answer.status_code, answer.json()["message"]) == (409, "this picture is already finished")


def test_history_is_read_in_pages(serve):
    served = serve(command=studio_worker.command("never-ready"))
    assert served.web.get("/api/jobs").json() == {"jobs": [], "more": False}
    ids = [served.order()["id"] for _ in range(5)][::-1]
    first = served.web.get("/api/jobs", params={"limit": 2}).json()
    assert ([job["id"] for job in first["jobs"]], first["more"]) == (ids[:2], True)
    rest = served.web.get("/api/jobs", params={"limit": 3, "before": first["jobs"][-1]["number"]}).json()
    assert ([job["id"] for job in rest["jobs"]], rest["more"]) == (ids[2:], False)
    assert rest["jobs"][0] == served.job(ids[2])


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "before=0", "before=-1", f"before={1 << 64}"])
def test_history_has_its_bounds(shared, query):
    answer = shared.web.get(f"/api/jobs?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, query.partition("=")[0])


# --- events ---


def test_a_new_watcher_gets_all_that_has_happened(shared, painted):
    found = shared.watched(painted["id"])
    kinds = [kind for kind, _, _ in found]
    assert kinds == ["state", "start", *["epoch", "picture"] * 4, "picture", "end"]
    assert found[0][1:] == (None, painted)
    assert found[-1][1:] == (None, painted)
    epochs = [data for kind, _, data in found if kind == "epoch"]
    assert epochs[1] == {"epoch": 1, **costs(1), "seconds": 0.01, "seconds_left": 0.02}
    assert [data["epoch"] for kind, _, data in found if kind == "picture"] == [0, 1, 2, 3, 3]
    numbers = [number for kind, number, _ in found if kind not in ("state", "end")]
    assert numbers == sorted(set(numbers))


def test_a_watcher_goes_on_after_what_it_has_seen(shared, painted):
    whole = shared.watched(painted["id"])
    for place in (1, 4, len(whole) - 2):
        rest = shared.watched(painted["id"], Last_Event_ID=str(whole[place][1]))
        assert rest == [whole[0], *whole[place + 1 :]]


@pytest.mark.parametrize("header", ["", "garbage", "-1", "1.5", "1e3", "²", "٣", "0x10", "9" * 5000, "null"])
def test_a_header_that_is_no_number_of_ours_begins_at_the_start(shared, painted, header):
    whole = shared.watched(painted["id"])
    with shared.web.stream(
        "GET", f"/api/jobs/{painted['id']}/events", headers={"last-event-id": header.encode("utf-8")}
    ) as answer:
        text = answer.read().decode()
    assert text.count("\nid: ") == len(whole) - 2


@pytest.mark.parametrize("number", [(1 << 62), (1 << 63) - 1, 10**19 - 1])
def test_a_number_that_is_still_to_come_gets_only_the_end(shared, painted, number):
    kinds = [kind for kind, _, _ in shared.watched(painted["id"], Last_Event_ID=str(number))]
    assert kinds == ["state", "end"]


def test_troubles_are_events(shared):
    job = shared.paint(Does.TROUBLE)
    messages = [data["message"] for kind, _, data in shared.watched(job["id"]) if kind == "trouble"]
    assert messages == job["troubles"]
    assert len(messages) == 2


def test_events_come_as_they_happen(shared):
    job = shared.order(Does.SLOWLY, epochs=1000)
    with shared.watching(job["id"]) as events:
        seen = []
        for kind, _, data in events:
            seen.append((kind, data))
            if kind == "epoch" and data["epoch"] == 3:
                shared.cancel(job["id"])
    states = [(data["state"], data["cancelling"]) for kind, data in seen if kind == "state"]
    assert states[0] == ("queued", False) or states[0] == ("running", False)
    assert ("running", True) in states or ("cancelled", False) in states
    assert seen[-1] == ("end", shared.job(job["id"]))
    assert [data["epoch"] for kind, data in seen if kind == "epoch"][:4] == [0, 1, 2, 3]


def test_a_watcher_sees_the_queue_move(serve):
    served = serve()
    first = served.order(Does.SLOWLY, epochs=1000)
    served.when_painted(first["id"], 0)
    second, third = served.order(), served.order()
    with served.watching(third["id"]) as events:
        places = [next(events)[2]["place"]]
        served.cancel(second["id"])
        places.append(next(events)[2]["place"])
        served.cancel(first["id"])
        rest = list(events)
    assert places == [1, 0]
    assert rest[-1][0] == "end"
    assert rest[-1][2]["state"] == "finished"


def test_a_stream_ends_when_its_job_is_deleted(waiting):
    job = waiting.order()
    with waiting.watching(job["id"]) as events:
        assert next(events)[0] == "state"
        waiting.web.delete(f"/api/jobs/{job['id']}")
        assert list(events) == []


def test_streams_end_when_the_studio_closes(serve):
    served = serve(command=studio_worker.command("never-ready"))
    job = served.order()
    with served.watching(job["id"]) as events:
        assert next(events)[0] == "state"
        served.studio.closing.set()
        assert list(events) == []


def test_watchers_that_leave_are_forgotten(waiting):
    job = waiting.order()
    for _ in range(5):
        with waiting.watching(job["id"]) as events:
            next(events)
            assert waiting.app.state.watchers == 1
        until(lambda: waiting.app.state.watchers == 0, "the end of the stream")


def test_watchers_are_counted_right_when_many_come_and_go_at_once(waiting):
    job = waiting.order()

    def watch_once():
        with httpx.Client(base_url=waiting.address, trust_env=False) as web, web.stream(
            "GET", f"/api/jobs/{job['id']}/events"
        ) as answer:  # fmt: skip
            next(answer.iter_lines())

    threads = [threading.Thread(target=watch_once) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: waiting.app.state.watchers == 0, "the end of the streams")


def test_watchers_that_leave_in_the_middle_of_much_are_no_mistake(waiting, caplog):
    job = waiting.order()
    for epoch in range(2000):
        waiting.studio.store.record(job["id"], "trouble", {"message": f"{epoch} " + "x" * 500})
    for _ in range(5):
        with waiting.watching(job["id"]) as events:
            for _ in range(100):
                next(events)
    until(lambda: waiting.app.state.watchers == 0, "the end of the streams")
    assert caplog.text == ""


def test_a_quiet_stream_gives_signs_of_life(waiting, monkeypatch):
    monkeypatch.setattr(routes_events, "KEEP_ALIVE", 0.05)
    job = waiting.order()
    with waiting.web.stream("GET", f"/api/jobs/{job['id']}/events") as answer:
        comments = (line for line in answer.iter_lines() if line.startswith(":"))
        assert [next(comments) for _ in range(3)] == [": keep-alive"] * 3
        assert answer.headers["cache-control"] == "no-store"


def test_only_so_many_may_watch(waiting, monkeypatch):
    monkeypatch.setattr(routes_events, "WATCHERS", 1)
    job = waiting.order()
    with waiting.watching(job["id"]) as events:
        next(events)
        answer = waiting.web.get(f"/api/jobs/{job['id']}/events")
        assert (answer.status_code, answer.json()["message"]) == (
            503,
            "too many pages are watching jobs: try again later",
        )
    until(lambda: waiting.app.state.watchers == 0)
    with waiting.watching(job["id"]) as events:
        assert next(events)[0] == "state"


# --- the one call ---


def one_call(served, data=None, **fields):
    return served.web.post("/generate_stylised_image", files={"file": ("me.png", data or png(64))}, data=fields)


def test_one_call_paints(shared):
    answer = one_call(shared, style_image_string="ink")
    assert answer.status_code == 200
    found = reader.read(io.BytesIO(base64.b64decode(answer.json()["encoded_img"])))
    assert found.shape == (32, 32, 3)
    job = shared.web.get("/api/jobs?limit=1").json()["jobs"][0]
    assert (job["content"]["title"], [style["title"] for style in job["styles"]]) == ("me.png", ["Ink"])


def test_one_call_needs_no_style(shared):
    assert one_call(shared).status_code == 200


def test_one_call_is_refused_as_an_order_is(shared, waiting):
    assert one_call(shared, style_image_string="monet").status_code == 400
    assert one_call(shared, data=b"no picture").status_code == 415
    assert shared.web.post("/generate_stylised_image").status_code == 422
    assert shared.web.post("/generate_stylised_image", data={"file": "text"}).status_code == 422


@pytest.fixture
def doing(monkeypatch):
    """Has orders without settings do something other than to paint."""
    from nst.web import submission

    read = submission.read_settings

    def choose(does):
        text = json.dumps(studio_worker.settings(does, epochs=500))

        def chosen(preset, network, _, limits, earlier=None):
            return read("coursera", network, text, limits, earlier)

        monkeypatch.setattr(submission, "read_settings", chosen)

    return choose


def test_one_call_that_fails_says_why(shared, doing):
    doing(Does.FAIL)
    answer = one_call(shared)
    assert (answer.status_code, answer.json()["message"]) == (500, "the picture is too beautiful")


def newest_running(served):
    jobs = served.web.get("/api/jobs?limit=1").json()["jobs"]
    return jobs[0] if jobs and jobs[0]["state"] == "running" and jobs[0]["epoch"] else None


@pytest.fixture
def calling(serve, doing):
    """A studio, the answer of a call that takes long, and how to wait for it."""
    doing(Does.SLOWLY)
    served, answers = serve(), []
    thread = threading.Thread(target=lambda: answers.append(one_call(served)))
    thread.start()
    job = until(lambda: newest_running(served))

    def answer():
        thread.join(20)
        return answers[0]

    return served, job, answer


def test_one_call_that_is_cancelled_says_so(calling):
    served, job, answer = calling
    served.cancel(job["id"])
    assert (answer().status_code, answer().json()["message"]) == (500, "the picture was cancelled")


def test_one_call_ends_when_the_studio_closes(calling):
    served, _, answer = calling
    served.studio.closing.set()
    assert answer().status_code == 503


def test_one_call_that_hangs_up_is_cancelled(serve, doing):
    doing(Does.SLOWLY)
    served = serve()
    with httpx.Client(base_url=served.address, timeout=0.5, trust_env=False) as web, pytest.raises(httpx.ReadTimeout):
        web.post("/generate_stylised_image", files={"file": ("me.png", png(64))})
    job = served.web.get("/api/jobs").json()["jobs"][0]
    assert served.when_ended(job["id"])["state"] == "cancelled"


def test_ping(shared):
    assert shared.web.get("/ping").json() == "alive"


# --- the description ---


@pytest.fixture(scope="module")
def described(shared):
    return shared.web.get("/api/openapi.json").json()


def operations(described):
    return [(path, method, it) for path, methods in described["paths"].items() for method, it in methods.items()]


def test_every_error_is_described_as_one(described):
    assert described["openapi"].startswith("3.1")
    for path, method, operation in operations(described):
        assert {"401", "403", "421", "422"} <= set(operation["responses"]), (path, method)
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, (path, method, status)
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_every_part_of_the_description_is_there(described):
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)):
        jsonschema.Draft202012Validator.check_schema(described["components"]["schemas"][name])
    identifiers = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(set(identifiers)) == len(identifiers)
    for path, method, operation in operations(described):
        assert operation.get("description") or operation.get("summary"), (path, method)
        named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_page_loads_scripts_from_elsewhere(shared, path):
    assert shared.web.get(path).status_code == 404


def test_health_is_quick_while_pictures_are_decoded(serve, monkeypatch):
    """Decoding a large picture holds nobody else up."""
    from nst.web import submission

    go_on, inside = threading.Event(), threading.Event()
    stored = submission.store_picture

    def slowly(*arguments):
        inside.set()
        assert go_on.wait(20)
        return stored(*arguments)

    monkeypatch.setattr(submission, "store_picture", slowly)
    served = serve()
    threads = [threading.Thread(target=served.order) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert inside.wait(20)
    began = time.monotonic()
    assert served.web.get("/api/health").status_code == 200
    assert not go_on.is_set()
    assert time.monotonic() - began < 20
    go_on.set()
    for thread in threads:
        thread.join()
