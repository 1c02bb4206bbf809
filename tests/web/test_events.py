"""The event streams of the studio's jobs."""

import threading

import httpx
import pytest

from nst.web.routes import events as routes_events
from tests.support import studio_worker
from tests.support.studio_server import until
from tests.support.studio_worker import Does, costs


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


def test_a_watcher_resumes_after_the_last_event(shared, painted):
    whole = shared.watched(painted["id"])
    for place in (1, 4, len(whole) - 2):
        rest = shared.watched(painted["id"], Last_Event_ID=str(whole[place][1]))
        assert rest == [whole[0], *whole[place + 1 :]]


@pytest.mark.parametrize("header", ["", "garbage", "-1", "1.5", "1e3", "²", "٣", "0x10", "9" * 5000, "null"])
def test_a_last_event_id_that_is_not_a_number_is_ignored(shared, painted, header):
    whole = shared.watched(painted["id"])
    with shared.web.stream(
        "GET", f"/api/jobs/{painted['id']}/events", headers={"last-event-id": header.encode("utf-8")}
    ) as answer:
        text = answer.read().decode()
    assert text.count("\nid: ") == len(whole) - 2


@pytest.mark.parametrize("number", [(1 << 62), (1 << 63) - 1, 10**19 - 1])
def test_a_last_event_id_of_the_future_gets_only_the_end(shared, painted, number):
    kinds = [kind for kind, _, _ in shared.watched(painted["id"], Last_Event_ID=str(number))]
    assert kinds == ["state", "end"]


def test_troubles_are_events(shared):
    job = shared.paint(Does.TROUBLE)
    messages = [data["message"] for kind, _, data in shared.watched(job["id"]) if kind == "trouble"]
    assert messages == job["troubles"]
    assert len(messages) == 2


def test_events_come_as_they_happen(shared):
    job = shared.submit(Does.SLOWLY, epochs=1000)
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
    first = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(first["id"], 0)
    second, third = served.submit(), served.submit()
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
    job = waiting.submit()
    with waiting.watching(job["id"]) as events:
        assert next(events)[0] == "state"
        waiting.web.delete(f"/api/jobs/{job['id']}")
        assert list(events) == []


def test_streams_end_when_the_studio_closes(serve):
    served = serve(command=studio_worker.command("never-ready"))
    job = served.submit()
    with served.watching(job["id"]) as events:
        assert next(events)[0] == "state"
        served.studio.closing.set()
        assert list(events) == []


def test_watchers_that_leave_are_forgotten(waiting):
    job = waiting.submit()
    for _ in range(5):
        with waiting.watching(job["id"]) as events:
            next(events)
            assert waiting.app.state.watchers == 1
        until(lambda: waiting.app.state.watchers == 0, "the end of the stream")


def test_watchers_are_counted_right_when_many_come_and_go_at_once(waiting):
    job = waiting.submit()

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


def test_watchers_that_leave_amid_many_events_cause_no_error(waiting, caplog):
    job = waiting.submit()
    for epoch in range(2000):
        waiting.studio.store.record(job["id"], "filler", {"message": f"{epoch} " + "x" * 500})
    for _ in range(5):
        with waiting.watching(job["id"]) as events:
            for _ in range(100):
                next(events)
    until(lambda: waiting.app.state.watchers == 0, "the end of the streams")
    assert caplog.text == ""


def test_a_quiet_stream_is_kept_alive(waiting, monkeypatch):
    monkeypatch.setattr(routes_events, "KEEP_ALIVE", 0.05)
    job = waiting.submit()
    with waiting.web.stream("GET", f"/api/jobs/{job['id']}/events") as answer:
        comments = (line for line in answer.iter_lines() if line.startswith(":"))
        assert [next(comments) for _ in range(3)] == [": keep-alive"] * 3
        assert answer.headers["cache-control"] == "no-store"


def test_only_so_many_may_watch(waiting, monkeypatch):
    monkeypatch.setattr(routes_events, "WATCHERS", 1)
    job = waiting.submit()
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
