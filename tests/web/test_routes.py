"""The studio's API: what it offers, what a finished job provides, and its description."""

import json
import re
import threading
import time

import jsonschema
import pytest

from nst import __version__
from nst.config import PRESETS, settings
from tests.support import studio_worker
from tests.support.studio_server import opened, picture
from tests.support.studio_worker import Does, costs

# --- what is offered ---


def test_health(waiting):
    answer = waiting.web.get("/api/health")
    assert answer.json() == {
        "status": "ok", "version": __version__, "workers": [{"state": "starting"}], "queued": 0, "running": 0
    } | {"queued": answer.json()["queued"]}  # fmt: skip
    before = answer.json()["queued"]
    waiting.submit()
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
def test_every_unknown_address_has_the_same_error(shared, path, status):
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
    assert [setting["name"] for setting in found["settings"]] == [setting.name for setting in settings()]
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
        answer = waiting.post_job(same, preset=preset["name"])
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
def test_other_methods_are_not_supported(shared, method, path, allowed):
    answer = shared.web.request(method, path)
    assert answer.status_code == 405
    assert answer.json() == {
        "message": "this address does not support that method: /docs lists those that it does",
        "field": None,
    }
    assert set() < set(re.split(r", *", answer.headers["allow"])) <= allowed


# --- the results of a job ---


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
    job = shared.when_ended(shared.post_job(content_name=None, files=[picture("content", name)]).json()["id"])
    for what in ("result", "video", "costs?format=csv", "files/generated_image.jpg"):
        answer = shared.web.get(f"/api/jobs/{job['id']}/{what}")
        assert answer.status_code == 200
        assert f"-{job['number']}" in answer.headers["content-disposition"]


def test_a_job_without_a_video_has_none(shared):
    job = shared.when_ended(shared.post_job({"epochs": 2, "video": "none"}).json()["id"])
    assert (job["state"], job["video"]) == ("finished", False)
    assert shared.web.get(f"/api/jobs/{job['id']}/video").status_code == 404


def test_before_a_job_is_painted_there_is_nothing(waiting):
    own = f"/api/jobs/{waiting.submit()['id']}"
    for what in ("picture", "picture?epoch=0", "picture?size=64", "result", "video", "files/generated_image.jpg"):
        assert waiting.web.get(f"{own}/{what}").status_code == 404, what
    assert waiting.web.get(f"{own}/costs").json() == {"rows": []}


def test_while_a_job_is_painted_there_is_its_picture_and_no_file(shared):
    job = shared.submit(Does.SLOWLY, epochs=1000)
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
def test_every_route_reports_an_unknown_job(shared, method, what):
    answer = shared.web.request(method, f"/api/jobs/0123456789abcdef{what}")
    assert answer.status_code == 404
    assert answer.json()["message"] == "there is no such picture: it may have been deleted"


def test_what_has_ended_is_not_cancelled(shared, painted):
    answer = shared.cancel(painted["id"])
    assert (answer.status_code, answer.json()["message"]) == (409, "this picture is already finished")


def test_history_is_read_in_pages(serve):
    served = serve(command=studio_worker.command("never-ready"))
    assert served.web.get("/api/jobs").json() == {"jobs": [], "more": False}
    ids = [served.submit()["id"] for _ in range(5)][::-1]
    first = served.web.get("/api/jobs", params={"limit": 2}).json()
    assert ([job["id"] for job in first["jobs"]], first["more"]) == (ids[:2], True)
    rest = served.web.get("/api/jobs", params={"limit": 3, "before": first["jobs"][-1]["number"]}).json()
    assert ([job["id"] for job in rest["jobs"]], rest["more"]) == (ids[2:], False)
    assert rest["jobs"][0] == served.job(ids[2])


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "before=0", "before=-1", f"before={1 << 64}"])
def test_history_has_its_bounds(shared, query):
    answer = shared.web.get(f"/api/jobs?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, query.partition("=")[0])


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


@pytest.mark.parametrize("path", ["/redoc", "/openapi.json"])
def test_no_page_loads_scripts_from_elsewhere(shared, path):
    assert shared.web.get(path).status_code == 404


def test_health_is_quick_while_pictures_are_decoded(serve, monkeypatch):
    """Decoding a large picture holds nobody else up."""
    from nst.web import uploads

    go_on, inside = threading.Event(), threading.Event()
    stored = uploads.store

    def slowly(*arguments, **options):
        inside.set()
        assert go_on.wait(20)
        return stored(*arguments, **options)

    monkeypatch.setattr(uploads, "store", slowly)
    served = serve()
    threads = [threading.Thread(target=served.submit) for _ in range(4)]
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
