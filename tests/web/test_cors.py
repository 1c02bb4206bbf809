"""Pages of other sites, to which the user opened the studio with `--allow_origin`."""

import pytest

from nst.web.security import origin
from tests.support import studio_worker
from tests.support.studio_server import TOKEN, Served
from tests.support.studio_worker import png

OTHER = "http://localhost:3000"


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A studio with a token that is open to another site."""
    served = Served(
        tmp_path_factory.mktemp("opened"), command=studio_worker.command("never-ready"), host="0.0.0.0", token=TOKEN,
        origins=(OTHER, "https://example.org"),
    )  # fmt: skip
    yield served
    served.close()


def ask(served, method, path, sent_by=OTHER, token=TOKEN, **options):
    headers = {"origin": sent_by, "sec-fetch-site": "cross-site", **options.pop("headers", {})}
    if token:
        headers["authorization"] = f"Bearer {token}"
    return served.web.request(method, path, headers=headers, **options)


def cors(answer):
    return {name[15:]: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def preflight(served, path, method="POST", names="authorization", **more):
    asked = {"access-control-request-method": method, "access-control-request-headers": names}
    return ask(served, "OPTIONS", path, token="", headers=asked, **more)


@pytest.mark.parametrize(
    ("path", "method"),
    [("/generate_stylised_image", "POST"), ("/api/jobs", "POST"), ("/api/jobs/0123456789abcdef", "DELETE")],
)
def test_a_preflight_is_answered_without_the_token(opened, path, method):
    answer = preflight(opened, path, method, "authorization,content-type,last-event-id")
    assert answer.status_code == 200
    found = cors(answer)
    assert found["allow-origin"] == OTHER
    assert method in found["allow-methods"]
    assert "allow-credentials" not in found
    assert "permissions-policy" in answer.headers


def test_the_legacy_call_and_the_api_can_be_used(opened):
    call = {"files": {"file": ("me.png", b"no picture")}}
    answer = ask(opened, "POST", "/generate_stylised_image", **call)
    assert (answer.status_code, answer.json()["field"]) == (415, "file")
    assert cors(answer)["allow-origin"] == OTHER
    for path, status in (("/api/health", 200), ("/api/nothing", 404), ("/ping", 200), ("/api/jobs?limit=0", 422)):
        answer = ask(opened, "GET", path, sent_by="https://example.org")
        assert (answer.status_code, cors(answer)["allow-origin"]) == (status, "https://example.org")
        assert "origin" in answer.headers["vary"].lower()
    files = {"content": ("me.png", png(64)), "style_name": (None, "ink"), "network": (None, "preview")}
    answer = ask(opened, "POST", "/api/jobs", files=files)
    assert answer.status_code == 202
    assert "location" in cors(answer)["expose-headers"].lower()


def test_its_refusals_can_be_read(opened):
    answer = ask(opened, "GET", "/api/health", token="")
    assert (answer.status_code, cors(answer)["allow-origin"]) == (401, OTHER)


def test_the_cookie_of_the_page_is_none_of_its_business(opened):
    """Browsers send it to another port of the same machine, and would let any page there act as the user."""
    with_cookie = opened.web.get(f"/?token={TOKEN}").headers["set-cookie"].partition(";")[0]
    headers = {"cookie": with_cookie}
    assert opened.web.post("/api/jobs/0123456789abcdef/cancel", headers=headers).status_code == 404
    for method, path in (("POST", "/api/jobs/0123456789abcdef/cancel"), ("GET", "/api/jobs")):
        assert ask(opened, method, path, token="", headers=headers).status_code == 401
    opened.web.cookies.clear()


@pytest.mark.parametrize(
    "sent_by",
    ["http://evil.example", "null", "http://localhost:3001", "https://localhost:3000", OTHER + ".evil.example"],
)
def test_other_sites_are_refused_as_before(opened, sent_by):
    answer = ask(opened, "POST", "/api/jobs/0123456789abcdef/cancel", sent_by=sent_by)
    assert (answer.status_code, cors(answer)) == (403, {})
    assert cors(preflight(opened, "/api/jobs", sent_by=sent_by)) == {}


def test_only_the_api_is_shared(opened):
    for path in ("/", "/favicon.svg"):
        assert cors(ask(opened, "GET", path)) == {}
    assert ask(opened, "POST", "/").status_code == 403


def test_the_name_of_the_studio_is_checked_all_the_same(opened):
    answer = ask(opened, "GET", "/api/health", headers={"host": "evil.example"})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://localhost:3000", "http://localhost:3000"), ("HTTPS://Example.org/", "https://example.org"),
        ("https://example.org:443", "https://example.org"), ("http://[::1]:80", "http://[::1]"),
        ("http://example.org:8080", "http://example.org:8080"),
    ],
)  # fmt: skip
def test_an_origin_is_written_as_browsers_send_it(url, sent):
    assert origin(url) == sent


@pytest.mark.parametrize(
    "url", ["*", "null", "", "example.org", "localhost:3000", "file:///x", "http://a/b", "http://a?b", "http://u@a",
            "http://a:port", "http://", "ws://a"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(url):
    with pytest.raises(ValueError, match=r"origin|[Pp]ort"):
        origin(url)
