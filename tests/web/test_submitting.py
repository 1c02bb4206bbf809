"""Submitting jobs to the studio: forms, uploads, settings, errors, and starting from an earlier job."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from nst.images import writer
from nst.web.submission import FRAMES
from tests.support import studio_worker
from tests.support.studio_server import Served, opened, picture
from tests.support.studio_worker import png


def test_a_submission_becomes_a_job(waiting):
    answer = waiting.post_job({"epochs": 60, "alpha": 30}, style_name=["strokes", "ink"])
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


def test_missing_fields_have_the_studios_defaults(waiting):
    job = waiting.post_job("", preset=None, network=None).json()
    default = next(network for network in waiting.web.get("/api/networks").json() if network["default"])
    assert (job["preset"], job["network"]) == ("fast", default["name"])


def test_uploads_come_before_samples(waiting):
    files = [picture(), picture("style", "one.png"), picture("style", "two.png")]
    job = waiting.post_job(content_name=None, style_name="ink", files=files).json()
    assert job["content"]["title"] == "me.png"
    assert [style["title"] for style in job["styles"]] == ["one.png", "two.png", "Ink"]
    for shown in (job["content"], *job["styles"]):
        assert opened(waiting.web.get(shown["url"]))[0] == "JPEG"
    assert opened(waiting.web.get(job["content"]["url"]))[1] == (64, 64)
    assert opened(waiting.web.get(job["content"]["url"], params={"size": 16}))[1] == (16, 16)
    assert waiting.web.get(f"/api/jobs/{job['id']}/styles/3").status_code == 404
    assert waiting.web.get(f"/api/jobs/{job['id']}/styles/-1").status_code == 422


def test_settings_may_be_written_as_text(waiting):
    wanted = {"content_layers": "conv4_2=1,conv3_1=0.5", "style_weights": "3,1", "video": "none"}
    job = waiting.post_job(wanted, style_name=["strokes", "ink"]).json()
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


@pytest.mark.parametrize(("form", "field"), REFUSED, ids=lambda value: str(value)[:60])
def test_an_impossible_submission_is_refused(waiting, form, field):
    files = form.get("files")
    before = len(list((waiting.studio.folder / "jobs").iterdir()))
    answer = waiting.post_job(**{name: value for name, value in form.items() if name != "files"}, files=files)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
    assert len(answer.json()["message"]) < 400
    assert len(list((waiting.studio.folder / "jobs").iterdir())) == before


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"again": "../../etc/passwd"}, "again"), ({"again": "0123456789abcdef\n"}, "again"),
        ({"settings": " " * 20_001}, "settings"), ({"preset": "x" * 20_001}, "preset"),
        ({"content_name": "x" * 20_001}, "content_name"), ({"content": "no file"}, "content"),
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_submission_is_refused(waiting, form, field):
    answer = waiting.post_job(**form)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("body", [b"", b"{}", b"content_name=chelsea&style_name=strokes"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", "nonsense"])
def test_another_content_type_is_reported_as_missing_fields(waiting, body, kind):
    answer = waiting.web.post("/api/jobs", content=body, headers={"content-type": kind})
    if body.startswith(b"content_name") and "urlencoded" in kind:
        assert answer.status_code == 202  # which says all that is needed
    else:
        assert (answer.status_code, answer.json()["field"]) == (400, "content")


def test_a_style_that_is_fully_transparent_is_refused_at_once(waiting):
    stream = io.BytesIO()
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(stream, "PNG")
    answer = waiting.post_job(style_name=None, files=[picture("style", "ghost.png", stream.getvalue())])
    assert (answer.status_code, answer.json()["field"]) == (415, "style")
    assert answer.json()["message"].startswith("ghost.png is fully transparent, so that there is no style in it")
    as_content = waiting.post_job(content_name=None, files=[picture("content", "ghost.png", stream.getvalue())])
    assert as_content.status_code == 202


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
def test_a_file_that_is_not_a_picture_is_refused(waiting, name, field):
    fields = {f"{field}_name": None}
    answer = waiting.post_job(**fields, files=[picture(field, "me.png", NO_PICTURES[name])])
    assert (answer.status_code, answer.json()["field"]) == (415, field)
    assert "me.png" in answer.json()["message"]


def test_an_empty_file_field_counts_as_missing(waiting):
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


def test_files_have_a_maximum_size(waiting):
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    large = writer.encode(noise, "png")
    assert len(large) > waiting.studio.limits.file_bytes
    answer = waiting.post_job(content_name=None, files=[picture("content", "noise.png", large)])
    assert (answer.status_code, answer.json()["field"]) == (413, "content")
    assert answer.json()["message"].startswith("noise.png is larger than ")


def test_a_picture_is_shown_upright_and_not_too_large(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("large"), command=studio_worker.command("never-ready"))
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.new("RGB", (4096, 1024)).save(turned, "JPEG", exif=exif)
    job = served.post_job(content_name=None, files=[picture("content", "large.jpg", turned.getvalue())]).json()
    size = opened(served.web.get(job["content"]["url"]))[1]
    served.close()
    assert size == (512, 2048)


# --- starting from an earlier job ---


def test_again_supplies_missing_fields(waiting):
    first = waiting.post_job(
        {"alpha": 33.0, "style_weights": "2,1"}, content_name=None, style_name="ink", preset="quality",
        files=[picture(), picture("style", "one.png")],
    ).json()  # fmt: skip
    same = {"content_name": None, "style_name": None, "preset": None, "network": None, "again": first["id"]}
    again = waiting.post_job("", **same).json()
    for name in ("settings", "preset", "network", "epochs"):
        assert again[name] == first[name]
    assert again["content"]["title"] == "me.png"
    assert [style["title"] for style in again["styles"]] == ["one.png", "Ink"]
    urls = [(one["content"]["url"], one["styles"][1]["url"]) for one in (first, again)]
    for before, after in zip(*urls, strict=True):
        assert waiting.web.get(before).content == waiting.web.get(after).content


def test_given_fields_override_again(waiting):
    first = waiting.post_job({"alpha": 33.0}, preset="quality").json()
    none = {"content_name": None, "style_name": None, "preset": None, "network": None, "again": first["id"]}
    assert waiting.post_job("", **none | {"content_name": "coffee"}).json()["content"]["title"] == "Coffee"
    styles = waiting.post_job("", **none | {"style_name": ["ink", "glass"]}).json()["styles"]
    assert [style["title"] for style in styles] == ["Ink", "Glass"]
    changed = waiting.post_job({"beta": 7}, **none).json()
    assert (changed["settings"]["alpha"], changed["settings"]["beta"], changed["preset"]) == (33.0, 7.0, "quality")
    other = waiting.post_job({"beta": 7}, **none | {"preset": "fast"}).json()
    assert (other["settings"]["alpha"], other["settings"]["beta"], other["preset"]) == (1e4, 7.0, "fast")


def test_again_of_a_deleted_job_says_so(waiting):
    job = waiting.submit()
    waiting.web.delete(f"/api/jobs/{job['id']}")
    answer = waiting.post_job(again=job["id"])
    assert (answer.status_code, answer.json()["field"]) == (400, "again")


def test_again_of_a_job_whose_pictures_are_gone_says_so(waiting):
    job = waiting.submit()
    waiting.studio.folder_of(job["id"]).content.unlink()
    answer = waiting.post_job("", again=job["id"], content_name=None)
    assert (answer.status_code, answer.json()["field"]) == (400, "content")
