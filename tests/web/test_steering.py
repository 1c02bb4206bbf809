"""Steering by the API, with the fake worker and with the real one."""

import json
import threading

import pytest

from nst.config import TransferConfig
from nst.images import reader, writer
from nst.steering.changes import Change
from nst.web.worker import Painter
from nst.web.worker_process import JobFolder
from tests.support.studio_server import picture, until
from tests.support.studio_worker import Does

TWO = {"style_name": ["strokes", "mosaic"]}


def steer(server, id, files=None, **fields):
    return server.web.post(f"/api/jobs/{id}/steer", data=fields, files=files)


def test_a_picture_is_steered_while_it_is_painted(serve):
    server = serve()
    id = server.submit(Does.SLOWLY, epochs=200, **TWO)["id"]
    server.when_painted(id, 2)
    with server.watching(id) as events:
        answer = steer(server, id, strength=0.8, style_weights="1,3")
        assert answer.status_code == 202, answer.text
        assert answer.json()["id"] == id
        asked = server.job(id)["epoch"]
        event = next(data for kind, _, data in events if kind == "steered")
    assert event["strength"] == 0.8
    assert event["style_weights"] == [1.0, 3.0]
    assert event["epoch"] - asked <= 2
    nothing = {"masks": None}
    assert server.job(id)["steering"] == [{**event, **nothing}]
    assert steer(server, id, [picture("content_mask"), picture("content_mask")]).status_code == 202
    second = until(lambda: (found := server.job(id)["steering"])[1:] and found[1])
    assert second["masks"] is True
    assert steer(server, id, no_masks=True).status_code == 202
    until(lambda: server.job(id)["steering"][2:])
    assert server.job(id)["steering"][2]["masks"] is False
    server.cancel(id)
    ended = server.when_ended(id)
    assert len(ended["steering"]) == 3
    refused = steer(server, id, strength=0.5)
    assert refused.status_code == 409
    assert "only a picture that is being painted can be steered, and this one is cancelled" in refused.text


@pytest.mark.parametrize(
    ("fields", "files", "status", "field", "words"),
    [
        ({}, None, 400, None, "nothing changes"),
        ({"strength": "1.5"}, None, 400, "strength", "strength is 1.5"),
        ({"strength": "much"}, None, 422, "strength", "number"),
        ({"style_weights": "1,2,3"}, None, 400, "style_weights", "3 style weights for 2"),
        ({"style_weights": "1;2"}, None, 400, "style_weights", "1;2"),
        ({"style_weights": "0,0"}, None, 400, "style_weights", "0"),
        ({}, [picture("content_mask", data=b"no picture")], 415, "content_mask", "me.png"),
        ({}, [picture("style_mask")] * 3, 400, "style_mask", "there are 3 style masks for 2 style pictures"),
        ({"content_mask_for": "2"}, [picture("content_mask")], 400, "content_mask_for", "numbers 0 to 1"),
    ],
)
def test_changes_that_cannot_be_are_refused(serve, fields, files, status, field, words):
    server = serve()
    id = server.submit(Does.SLOWLY, epochs=200, **TWO)["id"]
    server.when_painted(id, 0)
    answer = steer(server, id, files, **fields)
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert words in answer.json()["message"]
    assert server.job(id)["steering"] == []
    server.cancel(id)


def test_what_waits_has_ended_or_is_unknown_is_not_steered(serve):
    server = serve()
    first, second = (server.submit(Does.SLOWLY, epochs=200)["id"] for _ in range(2))
    server.when_painted(first, 0)
    answer = steer(server, second, strength=0.8)
    assert (answer.status_code, answer.json()["message"].split()[-1]) == (409, "queued")
    assert steer(server, "0" * 16, strength=0.8).status_code == 404
    for id in (second, first):
        server.cancel(id)


def test_the_steering_of_a_job_is_repeated(serve):
    server = serve()
    done = server.paint()
    record = [{"epoch": 1, "strength": 0.8}]
    run = server.studio.folder_of(done["id"]).run
    (run / "steering.json").write_text(json.dumps(record))
    fields = {"again": done["id"], "content_name": None, "style_name": None, "preset": None, "network": None}
    again = server.post_job(repeat_steering="true", **fields).json()
    folder = server.studio.folder_of(again["id"])
    assert json.loads(folder.steering.read_text()) == record
    assert server.studio.store.read(again["id"]).request["repeats"] is True
    plain = server.post_job(**fields).json()
    assert not server.studio.folder_of(plain["id"]).steering.exists()


def test_jobs_of_earlier_versions_have_no_steering(serve):
    server = serve()
    id = server.paint()["id"]
    with server.studio.store.transaction():
        request = server.studio.store.read(id).request
        del request["repeats"]
        server.studio.store._update(id, wanted=json.dumps(request))
    assert server.job(id)["steering"] == []


class Painted:
    """A job of the real worker in this process, which is steered when it says that an epoch is painted."""

    def __init__(self, folder, content, styles, epochs=6):
        self.files = JobFolder(folder)
        folder.mkdir()
        self.files.content.write_bytes(writer.encode(content, "png"))
        for index, style in enumerate(styles):
            self.files.style(index).write_bytes(writer.encode(style, "png"))
        config = TransferConfig.from_preset("fast", epochs=epochs, image_size=64, video="none")
        names = [f"style {index}" for index in range(len(styles))]
        self.request = {"config": config.to_json(), "content": "me", "styles": names, "network": "preview"}
        self.messages = []
        self.plan = {}

    def paint(self):
        painter = Painter(self._take)
        self._painter = painter
        painter.accept(str(self.files.path))
        painter.paint(str(self.files.path), self.request)
        return self.of("steered"), reader.read(self.files.run / "generated_image.png").tobytes()

    def _take(self, kind, **values):
        self.messages.append((kind, values))
        if kind == "epoch" and values["epoch"] in self.plan:
            change = self.plan[values["epoch"]].to_json()
            thread = threading.Thread(target=self._painter.steer, args=(str(self.files.path), change))
            thread.start()
            thread.join()

    def of(self, kind):
        return [values for found, values in self.messages if found == kind]


def test_the_worker_follows_and_repeats(tmp_path, content, style):
    styles = [style, style[::-1]]
    live = Painted(tmp_path / "live", content, styles)
    live.plan = {1: Change(strength=0.9), 3: Change(style_weights=[1, 4])}
    steered, picture_of_live = live.paint()
    assert steered == [{"epoch": 2, "strength": 0.9}, {"epoch": 4, "style_weights": (1.0, 4.0)}]
    assert live.of("trouble") == []
    again = Painted(tmp_path / "again", content, styles)
    again.files.steering.write_bytes((live.files.run / "steering.json").read_bytes())
    assert again.paint() == (steered, picture_of_live)
    damaged = Painted(tmp_path / "damaged", content, styles, epochs=2)
    damaged.files.steering.write_text("[")
    damaged.paint()
    assert "the steering is not repeated" in damaged.of("trouble")[0]["message"]


def test_a_change_for_another_job_is_dropped(tmp_path, content, style):
    painter = Painter(lambda kind, **values: None)
    painter.accept(str(tmp_path / "one"))
    painter.steer(str(tmp_path / "other"), {"strength": 0.9})
    assert painter._steering[1](0) is None
