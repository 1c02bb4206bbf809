"""Jobs that are resumed after their end, also with more epochs; what paints them again; how long checkpoints stay."""

import io
import json
import shlex
import zipfile

import numpy as np
import pytest

from nst import inputs, run
from nst.config import TransferConfig
from nst.images import reader, writer
from nst.output import checkpoint
from nst.web.service import Keep
from nst.web.worker import Painter
from nst.web.worker_process import JobFolder
from tests.support import clips, studio_worker
from tests.support.studio_server import picture
from tests.support.studio_worker import Does


def resume(served, job, epochs=None):
    return served.web.post(f"/api/jobs/{job['id']}/resume", json={"epochs": epochs})


def stopped(served, epochs=200):
    """A job that was cancelled after some epochs."""
    job = served.submit(Does.SLOWLY, epochs)
    served.when_painted(job["id"], 3)
    served.cancel(job["id"])
    return served.when_ended(job["id"])


def epochs_of(served, job):
    return [row[0] for row in served.web.get(f"/api/jobs/{job['id']}/costs").json()["rows"]]


def test_a_finished_picture_is_painted_for_more_epochs(serve):
    served = serve()
    job = served.paint(epochs=4)
    assert (job["resumable"], job["spent"]) == (True, 0)
    assert job["resumable_until"] == pytest.approx(job["ended"] + 7 * 86_400)
    answer = resume(served, job, 6)
    assert answer.status_code == 202, answer.text
    queued = answer.json()
    assert (queued["id"], queued["number"], queued["epochs"]) == (job["id"], job["number"], 10)
    assert (queued["ended"], queued["resumable"], queued["checkpoint"]) == (None, False, 0)
    ended = served.when_ended(job["id"])
    assert (ended["state"], ended["epoch"], ended["epochs"], ended["picture"]) == ("finished", 9, 10, 9)
    assert ended["spent"] == pytest.approx(job["ended"] - job["started"])
    assert epochs_of(served, job) == list(range(10)), "every epoch once"
    assert ended["sizes"][-1] == {"width": 400, "height": 300, "first": 5}
    kinds = [kind for kind, _, _ in served.watched(job["id"])]
    assert (kinds.count("epoch"), kinds[-1]) == (10, "end")


def test_a_cancelled_picture_is_resumed_where_it_ended(serve):
    served = serve()
    job = stopped(served)
    assert job["resumable"]
    assert resume(served, job).json()["epochs"] == 200
    assert served.when_painted(job["id"], job["epoch"] + 3)["epochs"] == 200
    served.cancel(job["id"])
    again = served.when_ended(job["id"])
    assert again["epoch"] > job["epoch"]
    assert epochs_of(served, job) == list(range(again["epoch"] + 1))


def test_a_cancelled_picture_may_be_given_other_epochs(serve):
    served = serve()
    job = stopped(served)
    resume(served, job, 2)
    assert served.when_ended(job["id"])["epochs"] == job["epoch"] + 3


def test_a_failed_picture_is_resumed(serve):
    served = serve()
    job = served.paint(Does.FAIL, epochs=5)
    assert (job["state"], job["resumable"]) == ("failed", False), "some epochs, and no checkpoint of them"
    path = JobFolder(served.studio.folder / "jobs" / job["id"]).run / checkpoint.FOLDER / "state-0.npz"
    path.parent.mkdir()
    path.write_text("2")
    served.studio._settle(job["id"])
    assert served.job(job["id"])["resumable"]
    resume(served, job)
    assert served.when_ended(job["id"])["state"] == "finished"
    assert served.job(job["id"])["reason"] == ""


def test_what_was_cancelled_before_it_began_can_be_queued_again(serve):
    served = serve(command=studio_worker.command("never-ready"))
    job = served.submit()
    served.cancel(job["id"])
    assert resume(served, job).json()["state"] == "queued"


def test_a_resumed_job_waits_behind_those_in_the_queue_and_before_later_ones(serve):
    served = serve()
    older, job = served.paint(), served.paint()
    running = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(running["id"], 0)
    waiting = served.submit()
    assert resume(served, job, 5).json()["place"] == 1
    assert resume(served, older, 5).json()["place"] == 2
    later = served.submit()
    assert [served.job(each["id"])["place"] for each in (waiting, job, older, later)] == [0, 1, 2, 3]
    served.cancel(running["id"])
    assert served.when_ended(job["id"])["started"] < served.when_ended(later["id"])["started"]


@pytest.mark.parametrize(
    ("epochs", "status", "field"),
    [(None, 400, "epochs"), (0, 422, "epochs"), (10**5, 400, "epochs"), ("many", 422, "epochs")],
)
def test_epochs_that_cannot_be_painted_are_refused(shared, painted, epochs, status, field):
    answer = resume(shared, painted, epochs)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert shared.job(painted["id"])["state"] == "finished"


def test_a_job_that_has_not_ended_or_has_no_checkpoint_is_not_resumed(serve):
    served = serve()
    done = served.paint()
    running = served.submit(Does.SLOWLY, epochs=1000)
    assert resume(served, running, 5).status_code == 409
    served.studio._drop_checkpoint(done["id"])
    assert (served.job(done["id"])["checkpoint"], served.job(done["id"])["resumable"]) == (0, False)
    assert resume(served, done, 5).status_code == 409
    assert served.web.post("/api/jobs/0123456789abcdef/resume", json={}).status_code == 404


def test_a_full_queue_takes_no_resumed_job(serve):
    from nst.web.submission import Limits

    served = serve(limits=Limits(queue=1))
    job = served.paint()
    running = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(running["id"], 0)
    served.submit()
    assert resume(served, job, 5).status_code == 429


def test_more_epochs_than_saved_frames_widen_their_distance(serve):
    served = serve()
    job = served.paint(epochs=50)  # each of which is saved
    assert resume(served, job, 400).json()["settings"]["print_every"] == 3
    ended = served.when_ended(job["id"])
    assert ended["frames"] == list(range(0, 450, 3))
    for epoch in (0, 48, 447):
        assert served.web.get(f"/api/jobs/{job['id']}/picture?epoch={epoch}").status_code == 200


def test_old_checkpoints_go_before_their_pictures(serve):
    served = serve()
    old, young = served.paint(), served.paint()
    size = young["checkpoint"]
    assert size > 0
    served.studio.keep = Keep(checkpoint_disk=size)
    served.studio.tidy()
    assert [served.job(job["id"])["checkpoint"] for job in (old, young)] == [0, size]
    served.studio.keep = Keep(disk=sum(job.size for job in served.studio.store.ended()) - size)
    served.studio.tidy()
    assert served.job(young["id"])["checkpoint"] == 0
    assert served.studio.store.ids() == {old["id"], young["id"]}


def test_checkpoints_are_deleted_after_their_days(serve):
    served = serve(keep=Keep(checkpoint_days=0))
    job = served.paint()
    served.studio.tidy()
    assert served.job(job["id"])["checkpoint"] == 0


def test_what_is_resumed_meanwhile_is_not_tidied_away(serve, monkeypatch):
    served = serve()
    done = served.paint()
    running = served.submit(Does.SLOWLY, epochs=1000)
    served.when_painted(running["id"], 0)
    before = served.studio.store.ended()
    resume(served, done, 5)
    monkeypatch.setattr(served.studio.store, "ended", lambda: before)
    served.studio.keep = Keep(days=0, checkpoint_days=0)
    served.studio.tidy()
    assert served.job(done["id"])["state"] == "queued"
    served.studio.keep = Keep()
    served.cancel(running["id"])
    assert served.when_ended(done["id"])["epochs"] == 9


def test_the_archive_has_the_picture_and_what_paints_it_again(shared, painted):
    answer = shared.web.get(f"/api/jobs/{painted['id']}/archive")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert f"Chelsea-{painted['number']}.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        command = shlex.split(archive.read("command.txt").decode())
        document = json.loads(archive.read("settings.json"))
    result = f"Chelsea-{painted['number']}.png"
    assert names == [
        result, "content-Chelsea.jpg", "style-1-Strokes.jpg", "style-2-Ink.jpg", "settings.json", "command.txt"
    ]  # fmt: skip
    assert command[:2] == ["python", "nst_main.py"]
    assert {"--content=content-Chelsea.jpg", "--style=style-2-Ink.jpg", "--preset=coursera", "--epochs=4"} <= {*command}
    assert document["settings"] == painted["settings"]
    assert shared.web.get(f"/api/jobs/{painted['id']}/settings").json() == document
    assert "settings" in shared.web.get(f"/api/jobs/{painted['id']}/settings?download=1").headers["content-disposition"]


def test_the_archive_of_a_masked_and_steered_picture_has_masks_and_steering(serve):
    served = serve()
    left = np.zeros((60, 80, 3), np.uint8)
    left[:, :40] = 255
    files = [picture("content_mask", "left.png", writer.encode(left, "png"))]
    job = served.paint(style_name=["strokes", "ink"], content_mask_for="1", files=files)
    (served.studio.folder_of(job["id"]).run / "steering.json").write_text("[]")
    served.studio.store.note(job["id"], steering=[{"epoch": 1, "strength": 0.7}])
    with zipfile.ZipFile(io.BytesIO(served.web.get(f"/api/jobs/{job['id']}/archive").content)) as archive:
        command = shlex.split(archive.read("command.txt").decode())
        given = [word.partition("=")[2] for word in command if word.startswith(("--content_mask=", "--steer="))]
        assert given == ["content-mask-1.png", "content-mask-2.png", "steering.json"]
        assert archive.read("steering.json") == b"[]"
        everywhere, painted = (reader.read(archive.read(name)) for name in given[:2])
    assert everywhere.min() == 255, "no mask means everywhere"
    np.testing.assert_array_equal(painted, left)


def test_nothing_is_archived_before_the_end(waiting):
    job = waiting.submit()
    assert waiting.web.get(f"/api/jobs/{job['id']}/archive").status_code == 404


@pytest.mark.parametrize("scales", [1, 2])
def test_a_real_picture_with_more_epochs_is_that_of_all_at_once(tmp_path, content, style, scales):
    """A pyramid gives the new epochs to its final size, so it is compared with a run of the same sizes."""
    folder = JobFolder(tmp_path / "job")
    folder.path.mkdir()
    folder.content.write_bytes(writer.encode(content, "png"))
    folder.style(0).write_bytes(writer.encode(style, "png"))
    messages = []
    painter = Painter(lambda kind, **values: messages.append({"kind": kind, **values}))
    config = TransferConfig.from_preset("fast", epochs=4, image_size=64, scales=scales, print_every=1)
    for epochs in (4, 9):
        request = {"config": config.changed(epochs=epochs).to_json(), "content": "content.png", "styles": [""]}
        painter.paint(str(folder.path), {**request, "network": "preview"})
        checkpoint.keep_newest(folder.run)
    begun = [message for message in messages if message["kind"] == "start"]
    assert [start["first"] for start in begun] == [0, 4]
    assert [size["first"] for size in begun[1]["sizes"]] == [0, 2][:scales]
    assert [message["epoch"] for message in messages if message["kind"] == "epoch"] == list(range(9))
    assert (messages[-1]["kind"], messages[-1]["video"]) == ("done", True)
    assert all((folder.run / f"{epoch}.png").exists() for epoch in range(9))
    assert len(clips.decoded(folder.run / "progress.mp4")) == 9 + config.video_fps, "the last is held for a second"
    assert len((folder.run / "costs.csv").read_text().splitlines()) == 10
    if scales == 1:
        given = inputs.prepare(content, style, config.changed(epochs=9))
        whole = run.paint(given, None, painter._network("preview"), config.changed(epochs=9)).picture
        np.testing.assert_array_equal(reader.read(folder.run / "generated_image.png"), whole)
