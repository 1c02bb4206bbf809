"""The life of a job: painted in turn, cancelled, crashed, interrupted, deleted."""

import functools
import os
import shutil
import signal
import sqlite3
import threading

import psutil
import pytest

from nst.output import checkpoint
from nst.web import slot
from nst.web.service import Keep, Studio
from nst.web.slot import Grace
from nst.web.submission import Limits
from nst.web.uploads import preview
from tests.support import studio_worker
from tests.support.studio_server import until
from tests.support.studio_worker import Does, costs

GRACE = Grace(step=0.3, save=0.3, restart=0.05)


@pytest.fixture
def serve(serve):
    """Studios that wait for their workers for less time than a real network would need."""
    return functools.partial(serve, grace=GRACE)


def workers():
    """The worker processes that this process has started."""
    children = psutil.Process().children()
    return {str(child.pid) for child in children if any("studio_worker" in word for word in child.cmdline())}


def files_of(served, job):
    return served.studio.folder / "jobs" / job["id"]


def test_the_fake_worker_keeps_its_state_where_the_real_one_does():
    assert studio_worker.STATE == checkpoint.FOLDER


def test_a_job_is_painted(serve):
    served = serve()
    first = served.submit(epochs=4)
    assert (first["state"], first["place"], first["epoch"], first["picture"]) == (
        "queued",
        0,
        None,
        None,
    )
    job = served.when_ended(first["id"])
    assert (job["state"], job["reason"], job["troubles"], job["place"]) == ("finished", "", [], None)
    assert (job["epoch"], job["picture"], job["frames"], job["costs"]) == (
        3,
        3,
        [0, 1, 2, 3],
        {**costs(3), "temporal": None},
    )
    assert (job["width"], job["height"], job["result"], job["video"]) == (400, 300, True, True)
    assert job["created"] <= job["started"] <= job["ended"]
    assert job["seconds_left"] is None


def test_jobs_are_painted_in_turn_and_know_their_positions(serve):
    served = serve()
    first = served.submit(Does.SLOWLY, epochs=1000)
    served.when(first["id"], "running")
    waiting = [served.submit() for _ in range(3)]
    assert [job["place"] for job in waiting] == [0, 1, 2]
    served.cancel(waiting[1]["id"])
    assert served.job(waiting[2]["id"])["place"] == 1
    served.cancel(first["id"])
    ended = [served.when_ended(job["id"]) for job in waiting]
    assert [job["state"] for job in ended] == ["finished", "cancelled", "finished"]
    assert ended[0]["ended"] <= ended[2]["started"]


def test_two_slots_paint_two_at_a_time(serve):
    served = serve(slots=2)
    jobs = [served.submit(Does.SLOWLY, epochs=1000) for _ in range(3)]
    for job in jobs[:2]:
        served.when_painted(job["id"], 0)
    assert served.job(jobs[2]["id"])["place"] == 0
    health = served.web.get("/api/health").json()
    assert (health["running"], health["queued"], len(health["workers"])) == (2, 1, 2)
    for job in jobs:
        served.cancel(job["id"])
    assert {served.when_ended(job["id"])["state"] for job in jobs} == {"cancelled"}


def test_a_queued_job_is_cancelled_at_once(serve):
    served = serve(command=studio_worker.command("never-ready"))
    job = served.submit()
    answer = served.cancel(job["id"])
    assert (answer.status_code, answer.json()["state"], answer.json()["cancelling"]) == (202, "cancelled", False)
    assert served.job(job["id"])["place"] is None


def test_a_running_job_is_cancelled_after_its_step_and_keeps_its_picture(serve):
    served = serve()
    job = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(job["id"], 2)
    before = workers()
    answer = served.cancel(job["id"])
    assert answer.status_code == 202
    assert answer.json()["cancelling"] or answer.json()["state"] == "cancelled"
    ended = served.when_ended(job["id"])
    assert (ended["state"], ended["reason"], ended["cancelling"], ended["result"]) == ("cancelled", "", False, True)
    assert ended["picture"] >= 2
    assert served.web.get(f"/api/jobs/{job['id']}/picture").status_code == 200
    assert ended["checkpoint"] == (files_of(served, job) / "run" / checkpoint.FOLDER / "state-0.npz").stat().st_size > 0
    assert served.paint()["state"] == "finished"
    assert workers() == before  # it needed no new one


@pytest.mark.parametrize("does", [Does.HANG, Does.SAVE_FOREVER])
def test_a_job_that_does_not_stop_is_killed_and_keeps_its_picture(serve, does):
    served = serve()
    job = served.submit(does, epochs=100)
    served.when_painted(job["id"], 2)
    before = workers()
    served.cancel(job["id"])
    ended = served.when_ended(job["id"])
    assert (ended["state"], ended["reason"], ended["picture"], ended["result"]) == ("cancelled", "", 2, True)
    for what in ("picture", "result"):
        assert served.web.get(f"/api/jobs/{job['id']}/{what}").headers["content-type"] == "image/jpeg"
    assert served.paint()["state"] == "finished"
    assert workers() != before


def test_cancelling_twice_is_no_mistake(serve):
    served = serve()
    job = served.submit(Does.HANG, epochs=100)
    served.when_painted(job["id"], 2)
    assert [served.cancel(job["id"]).status_code for _ in range(2)] == [202, 202]
    assert served.when_ended(job["id"])["state"] == "cancelled"


def test_a_job_that_is_cancelled_as_it_begins_is_cancelled(serve):
    served = serve()
    for _ in range(8):
        job = served.submit(Does.SLOWLY, epochs=100)
        until(lambda: served.studio.store.count("running"))
        served.cancel(job["id"])
        assert served.when_ended(job["id"])["state"] == "cancelled"


CRASHES = {
    Does.CRASH: "the painting process crashed (SIGSEGV); the last picture is kept",
    Does.EXIT: "the painting process ended with status 3: the cat sat on the keyboard",
    Does.FAIL: "the picture is too beautiful",
    Does.OUT_OF_MEMORY: "the system killed the painting process, probably because memory ran out: use a smaller size",
}


@pytest.mark.parametrize("does", CRASHES)
def test_a_crash_fails_its_job_and_no_other(serve, does):
    served = serve()
    job, other = served.submit(does, epochs=10), served.submit()
    ended = served.when_ended(job["id"])
    assert (ended["state"], ended["reason"]) == ("failed", CRASHES[does])
    assert (ended["epoch"], ended["picture"], ended["result"], ended["seconds_left"]) == (2, 2, True, None)
    assert served.web.get(f"/api/jobs/{job['id']}/picture").status_code == 200
    assert served.when_ended(other["id"])["state"] == "finished"


def test_output_that_is_not_a_message_is_ignored(serve):
    assert serve().paint(Does.BABBLE)["state"] == "finished"


def test_troubles_are_reported(serve):
    job = serve().paint(Does.TROUBLE)
    assert job["state"] == "finished"
    assert [trouble.partition(":")[0] for trouble in job["troubles"]] == [
        "the video cannot be written", "the contact sheet cannot be written",
    ]  # fmt: skip


def test_costs_that_are_not_finite_are_null(serve):
    served = serve()
    job = served.paint(Does.NOT_FINITE)
    none = {"total": None, "content": None, "style": 1.0, "total_variation": None}
    assert job["costs"] == none | {"temporal": None}
    assert served.web.get(f"/api/jobs/{job['id']}/costs").json()["rows"][0][1:5] == [None, None, 1.0, None]
    epochs = [data for kind, _, data in served.watched(job["id"]) if kind == "epoch"]
    assert {name: epochs[0][name] for name in none} == none


@pytest.mark.parametrize("broken", [studio_worker.command("broken"), ["/not/there"]])
def test_jobs_wait_for_a_worker_that_cannot_start(serve, broken, caplog):
    command = [*broken]
    served = serve(command=command)
    job = served.submit()
    until(lambda: "worker-0" in caplog.text, "a message in the log")
    assert served.web.get("/api/health").json()["workers"] == [{"state": "starting"}]
    assert served.job(job["id"])["state"] == "queued"
    command[:] = studio_worker.command()  # as if it were repaired
    assert served.when_ended(job["id"])["state"] == "finished"


def test_the_log_says_why_a_worker_cannot_start(serve, caplog):
    serve(command=studio_worker.command("broken"))
    until(lambda: "there is no module named tensorflow" in caplog.text, "the reason in the log")


def test_a_worker_that_dies_while_it_waits_is_replaced(serve):
    served = serve()
    until(lambda: served.studio.states() == ["ready"])
    (worker,) = workers()
    os.kill(int(worker), signal.SIGKILL)
    assert served.paint()["state"] == "finished"


# --- the end of the studio ---


def test_an_interrupted_picture_resumes_when_the_studio_is_opened_again(serve):
    served = serve()
    job, other = served.submit(Does.SLOWLY, epochs=30), served.submit()
    served.when_painted(job["id"], 3)
    served.close()
    served = serve()
    ended = served.when_ended(job["id"])
    assert (ended["state"], ended["epoch"]) == ("finished", 29)
    epochs = [data["epoch"] for kind, _, data in served.watched(job["id"]) if kind == "epoch"]
    assert epochs == list(range(30))  # it did not begin anew
    assert served.when_ended(other["id"])["state"] == "finished"


def test_a_closed_studio_says_that_its_job_waits(serve):
    served = serve()
    job = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(job["id"], 1)
    served.close()
    again = Studio(served.studio.folder, command=["/not/there"])
    found = again.store.read(job["id"])
    assert (found.state, found.starts) == ("queued", 0)
    again.store.close()


ENDINGS = {
    "starting": (studio_worker.command("never-ready"), None),
    "broken": (studio_worker.command("broken"), None),
    "ready": (studio_worker.command(), None),
    "painting": (studio_worker.command(), Does.SLOWLY),
    "hanging": (studio_worker.command(), Does.HANG),
    "saving forever": (studio_worker.command(), Does.SAVE_FOREVER),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_studio_ends_in_every_state(tmp_path, name):
    command, does = ENDINGS[name]
    studio = Studio(tmp_path, command=command, grace=GRACE)
    if does is not None:
        request = {"content": "c", "styles": [], "preset": "coursera", "network": "preview"}
        config = {"seed": int(does), "epochs": 1000, "print_every": 20}
        job = studio.store.add({**request, "config": config}, most=1)
        folder = studio.folder_of(job.id)
        folder.path.mkdir()
        for file in (folder.content, preview(folder.content)):
            file.write_bytes(studio_worker.png())
    studio.start()
    if does is not None:
        until(lambda: (studio.store.read(job.id).progress.get("epoch") or 0) >= 2)
    elif name == "ready":
        until(lambda: studio.states() == ["ready"])
    else:
        until(lambda: workers() or name == "broken")
    closing = threading.Thread(target=studio.stop)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()


def test_a_worker_that_starts_while_the_studio_ends_is_ended_too(tmp_path, monkeypatch):
    """It starts after `stop` has halted its slot: nothing else would end it."""
    studio = Studio(tmp_path, command=studio_worker.command("never-ready"), grace=GRACE)
    started, halted = threading.Event(), threading.Event()

    class Late(slot.Worker):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            started.set()
            halted.wait(10)

    halt = slot.Slot.halt

    def halt_first(one):
        halt(one)
        halted.set()

    monkeypatch.setattr(slot, "Worker", Late)
    monkeypatch.setattr(slot.Slot, "halt", halt_first)
    studio.start()
    started.wait(10)
    closing = threading.Thread(target=studio.stop)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()


def test_a_killed_server_loses_no_job(serve):
    """The file says running, as a kill leaves it; the worker's state is there."""
    served = serve()
    job = served.submit(Does.SLOWLY, epochs=20)
    served.when_painted(job["id"], 3)
    served.close()
    as_if_killed(served, job, starts=1)
    served = serve()
    assert served.when_ended(job["id"])["state"] == "finished"


def test_a_job_that_was_begun_three_times_fails_and_can_be_resumed(serve):
    served = serve()
    job = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(job["id"], 3)
    served.close()
    as_if_killed(served, job, starts=3)
    served = serve()
    ended = served.job(job["id"])
    assert (ended["state"], ended["reason"]) == ("failed", "the studio ended 3 times while painting this picture")
    assert ended["checkpoint"] == (files_of(served, job) / "run" / checkpoint.FOLDER / "state-0.npz").stat().st_size > 0
    assert ended["resumable"]
    assert served.studio.store.read(job["id"]).size > 0
    assert served.paint()["state"] == "finished"


def as_if_killed(served, job, starts):
    change(served, "state = 'running', starts = ?", starts, job)


def change(served, columns, value, job):
    """Changes columns of a job in the studio's file."""
    base = sqlite3.connect(served.studio.folder / "studio.sqlite")
    with base:
        base.execute(f"UPDATE jobs SET {columns} WHERE id = ?", (value, job["id"]))
    base.close()


# --- deleting ---


def test_a_job_is_deleted_with_its_files(serve):
    served = serve()
    job = served.paint()
    assert served.web.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert served.web.get(f"/api/jobs/{job['id']}").status_code == 404
    assert not files_of(served, job).exists()


def test_a_queued_job_is_deleted_and_never_painted(serve):
    served = serve()
    first = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(first["id"], 0)
    job = served.submit()
    assert served.web.delete(f"/api/jobs/{job['id']}").status_code == 204
    served.cancel(first["id"])
    served.when_ended(first["id"])
    assert served.paint()["state"] == "finished"
    assert not files_of(served, job).exists()


def test_a_running_job_is_not_deleted_and_continues(serve):
    served = serve()
    job = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(job["id"], 0)
    answer = served.web.delete(f"/api/jobs/{job['id']}")
    assert (answer.status_code, answer.json()["message"]) == (409, "this picture is being painted: cancel it first")
    assert not served.job(job["id"])["cancelling"]
    served.cancel(job["id"])
    served.when_ended(job["id"])
    assert served.web.delete(f"/api/jobs/{job['id']}").status_code == 204


def test_old_jobs_are_deleted(serve):
    served = serve(keep=Keep(days=1))
    old, young = served.paint(), served.paint()
    change(served, "ended = ended - ?", 90_000, old)
    served.studio.tidy()
    assert served.studio.store.ids() == {young["id"]}
    assert not files_of(served, old).exists()
    assert files_of(served, young).exists()


def test_the_oldest_jobs_are_deleted_when_the_disk_is_used_up(serve):
    served = serve()
    jobs = [served.paint() for _ in range(4)]
    sizes = [job.size for job in served.studio.store.ended()]
    on_disk = [path.stat().st_size for path in files_of(served, jobs[0]).rglob("*") if path.is_file()]
    assert sizes[0] == sum(on_disk) > 0
    served.studio.keep = Keep(disk=sizes[3] + sizes[2])
    served.studio.tidy()
    assert served.studio.store.ids() == {job["id"] for job in jobs[2:]}


def test_the_pictures_of_a_job_cancelled_in_the_queue_count_too(serve):
    served = serve(command=studio_worker.command("never-ready"))
    job = served.submit()
    served.cancel(job["id"])
    (ended,) = served.studio.store.ended()
    assert ended.size == sum(path.stat().st_size for path in files_of(served, job).iterdir()) > 0


def test_queued_and_running_jobs_are_never_deleted_for_space(serve):
    served = serve(keep=Keep(days=0, disk=0))
    running, queued = served.submit(Does.SLOWLY, epochs=1000), served.submit()
    served.when_painted(running["id"], 0)
    served.studio.tidy()
    assert served.studio.store.ids() == {running["id"], queued["id"]}


def test_folders_that_belong_to_no_job_are_removed_at_the_start(serve):
    served = serve()
    job = served.paint()
    served.close()
    stray = served.studio.folder / "jobs" / "0123456789abcdef"
    shutil.copytree(files_of(served, job), stray)
    (served.studio.folder / "jobs" / "a file").write_text("")
    served = serve()
    assert not stray.exists()
    assert served.web.get(f"/api/jobs/{job['id']}/picture").status_code == 200


# --- a disk that is full ---


@pytest.fixture
def full_disk(monkeypatch):
    """Switches on and off that the studio's file takes nothing."""
    from nst.web.store import Store

    transaction = Store.transaction
    full = threading.Event()

    def failing(self):
        if full.is_set():
            raise sqlite3.OperationalError("database or disk is full")
        return transaction(self)

    monkeypatch.setattr(Store, "transaction", failing)
    return full


def test_a_slot_survives_a_full_disk(serve, full_disk):
    served = serve()
    job, other = served.submit(Does.SLOWLY, epochs=1000), served.submit()
    served.when_painted(job["id"], 1)
    full_disk.set()
    until(lambda: served.studio.states() != ["painting"], "a slot that stopped painting")
    assert served.job(job["id"])["state"] == "running"  # nothing else can be kept yet
    full_disk.clear()
    ended = served.when_ended(job["id"])
    assert (ended["state"], ended["reason"]) == (
        "failed", "the progress of this picture could not be saved; is the disk full?",
    )  # fmt: skip
    assert served.when_ended(other["id"])["state"] == "finished"


def test_a_studio_whose_disk_is_full_ends(serve, full_disk):
    served = serve()
    job = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(job["id"], 1)
    full_disk.set()
    until(lambda: served.studio.states() != ["painting"])
    served.close()


def test_a_submission_to_a_full_disk_is_refused_with_a_message(serve, full_disk):
    served = serve()
    full_disk.set()
    answer = served.post_job()
    assert (answer.status_code, answer.json()["message"]) == (
        507,
        "the studio cannot save this: database or disk is full",
    )
    assert list((served.studio.folder / "jobs").iterdir()) == []


def test_the_queue_has_an_end(serve):
    served = serve(command=studio_worker.command("never-ready"), limits=Limits(queue=2))
    jobs = [served.submit() for _ in range(2)]
    answer = served.post_job()
    assert (answer.status_code, answer.json()) == (
        429, {"message": "the queue is full: wait until some of its pictures are finished", "field": None},
    )  # fmt: skip
    served.cancel(jobs[0]["id"])
    assert served.submit()["place"] == 1
    assert len(list((served.studio.folder / "jobs").iterdir())) == 3
