"""The one-call API of the previous system."""

import base64
import io
import json
import threading

import httpx
import pytest

from nst.images import reader
from tests.support import studio_worker
from tests.support.studio_server import until
from tests.support.studio_worker import Does, png


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


def test_one_call_is_refused_as_a_submission_is(shared, waiting):
    no_file = shared.web.post("/generate_stylised_image")
    no_picture = shared.web.post("/generate_stylised_image", data={"file": "text"})
    for answer, status, field in (
        (one_call(shared, style_image_string="monet"), 400, "style_image_string"),
        (one_call(shared, data=b"no picture"), 415, "file"),
        (no_file, 422, "file"),
        (no_picture, 422, "file"),
    ):
        assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text


@pytest.fixture
def doing(monkeypatch):
    """Makes jobs without settings do something other than paint."""
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
    with httpx.Client(base_url=served.address, timeout=2, trust_env=False) as web, pytest.raises(httpx.ReadTimeout):
        web.post("/generate_stylised_image", files={"file": ("me.png", png(64))})
    job = served.web.get("/api/jobs").json()["jobs"][0]
    assert served.when_ended(job["id"])["state"] == "cancelled"


def test_ping(shared):
    assert shared.web.get("/ping").json() == "alive"
