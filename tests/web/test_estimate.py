"""How long a picture will take, as the API says it before the picture is painted."""

import pytest

from nst.config import TransferConfig
from nst.engine import speed
from nst.web import estimate
from nst.web.submission import Limits
from tests.support.studio_server import Served
from tests.support.studio_worker import Does

PICTURE = {"width": 400, "height": 300, "network": "preview", "preset": "coursera"}


def asked(served, **more):
    answer = served.web.post("/api/estimate", json=PICTURE | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A studio in which a picture of 100 epochs took a second."""
    opened = Served(tmp_path_factory.mktemp("estimate"))
    assert asked(opened) == {"seconds": None, "basis": None, "waiting": 0.0}, "nothing is known yet"
    assert opened.paint(epochs=100)["state"] == "finished"
    yield opened
    opened.close()


def test_a_picture_of_the_same_work_takes_as_long(served):
    first = asked(served, settings={"epochs": 100})
    assert first["basis"] == "same"
    assert 0.9 < first["seconds"] < 2, "a second, and what the job took besides its epochs"
    twice = asked(served, settings={"epochs": 200})["seconds"]
    assert twice - first["seconds"] == pytest.approx(1.0, abs=0.05)
    four = asked(served, settings={"epochs": 100, "image_size": 800})["seconds"]
    assert four - first["seconds"] == pytest.approx(3.0, abs=0.2)


def test_other_work_of_the_same_network_is_a_rough_guess(served):
    assert asked(served, preset="fast")["basis"] == "similar"
    assert asked(served, settings={"style_layers": "conv1_1=1"})["basis"] == "similar"
    frames = asked(served, frames=10)
    assert frames["basis"] == "similar"
    assert frames["seconds"] > 9 * asked(served)["seconds"] / 2


def test_another_network_is_not_known(served):
    config = TransferConfig()
    assert estimate.Estimator(served.studio).estimate("vgg19", config, 300, 400) == (None, None)


def test_what_waits_is_added_up(waiting):
    before = asked(waiting)["waiting"]
    waiting.submit()
    assert (before, asked(waiting)["waiting"]) == (0.0, None), "nothing is known of the one that waits"


def test_what_is_being_painted_is_added_to_a_full_queue(serve):
    served = serve(limits=Limits(queue=1))
    served.paint(epochs=100)
    running = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(running["id"], 0)
    served.submit()
    assert asked(served)["waiting"] > 8
    served.cancel(running["id"])


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        ({"settings": {"epochs": 0}}, 400, "epochs"),
        ({"settings": {"content_layers": "conv9_9=1"}}, 400, "content_layers"),
        ({"preset": "best"}, 400, "preset"),
        ({"network": "resnet"}, 400, "network"),
        ({"width": 0}, 422, "width"),
        ({"settings": {"epochs": [1]}}, 422, "settings"),
    ],
)
def test_what_cannot_be_painted_is_refused(waiting, more, status, field):
    answer = waiting.web.post("/api/estimate", json=PICTURE | more)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_a_speed_is_a_line_through_what_was_measured():
    assert speed.fit([(1e9, 1.0)]) == (0.0, 1e-9)
    assert speed.fit([(1e9, 1.0), (3e9, 2.0)]) == pytest.approx((0.5, 5e-10))
    assert speed.fit([(1e9, 2.0), (3e9, 1.0)]).step == 0, "noise made the smaller one slower"
    assert speed.fit([(1e9, 1.0), (1e9, 1.2)]) == pytest.approx((0.0, 1.1e-9))
    with pytest.raises(ValueError, match="no steps"):
        speed.fit([])


def test_the_sizes_are_those_of_the_pyramid():
    config = TransferConfig(epochs=5, scales=2, image_size=64)
    assert speed.sizes(46, 64, config) == [(23, 32, 2), (46, 64, 3)]
    assert speed.sizes(30, 20, TransferConfig(image_size=0)) == [(30, 20, 200)]
