"""Videos in the studio: how they are recognised and limited, painted, watched, cancelled, resumed and fetched."""

from __future__ import annotations

import io
import subprocess

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from nst.video import optical_flow
from nst.web.submission import Limits
from tests.support import clips, studio_worker
from tests.support.studio_process import Server
from tests.support.studio_server import Served, opened, picture, until
from tests.support.studio_worker import Does, costs
from tests.web.conftest import LIMITS

FRAMES = 4


def clip(folder, name="my clip.mp4", frames=FRAMES, options=""):
    """The bytes of a small video."""
    encoder = "-c:v libvpx -pix_fmt yuv420p" if name.endswith("webm") else options
    path = clips.write(folder / name, clips.scene(frames), sound="", options=encoder)
    return path.read_bytes()


def gif(frames):
    """The bytes of a GIF."""
    pictures = [Image.fromarray(frame) for frame in clips.scene(frames)]
    written = io.BytesIO()
    pictures[0].save(written, "GIF", save_all=True, append_images=pictures[1:], duration=100)
    return written.getvalue()


@pytest.fixture(scope="module")
def mp4(tmp_path_factory):
    return clip(tmp_path_factory.mktemp("clip"))


def submit(served, data, name="my clip.mp4", does=Does.PAINT, **settings):
    """The answer to a submission of that video."""
    settings = studio_worker.settings(does, **settings)
    return served.post_job(settings, content_name=None, files=[picture(title=name, data=data)])


def shown(served, data, name="a", field="content"):
    return served.web.post("/api/preview", data={"field": field}, files={"file": (name, data)})


# --- what is accepted ---


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.webm", "clip.mkv"])
def test_videos_are_recognised_by_their_content(waiting, tmp_path, name):
    answer = submit(waiting, clip(tmp_path, name, options="-pix_fmt yuv420p"), "holiday")
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["kind"], job["epochs"], job["content"]["title"]) == ("video", FRAMES, "holiday")
    assert opened(waiting.web.get(job["content"]["url"])) == ("JPEG", (48, 32))
    assert (job["frames"], job["result"], job["video"]) == ([], False, False)


def test_a_film_of_an_old_camera_is_recognised(waiting, mp4):
    """QuickTime files once began without the box `ftyp`."""
    assert submit(waiting, mp4.replace(b"ftyp", b"wide", 1), "old.mov").json()["kind"] == "video"


def test_a_gif_is_a_video_if_it_moves(waiting):
    kinds = [submit(waiting, gif(frames), "a.gif").json()["kind"] for frames in (1, 3)]
    assert kinds == ["picture", "video"]


def test_a_picture_is_none(waiting):
    assert waiting.submit()["kind"] == "picture"


def test_a_file_is_shown_before_it_is_submitted(waiting, mp4):
    """What a browser cannot show: a video, and here a TIFF."""
    tiff = io.BytesIO()
    Image.new("RGB", (30, 20)).save(tiff, "TIFF")
    for data, field, kind, frames, size in (
        (mp4, "content", "video", FRAMES, (48, 32)), (gif(3), "content", "video", 3, (48, 32)),
        (gif(3), "style", "picture", 0, (48, 32)), (tiff.getvalue(), "style", "picture", 0, (30, 20)),
    ):  # fmt: skip
        answer = shown(waiting, data, field=field)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["kind"], found["frames"]) == (kind, frames)
        url = httpx.URL(found["url"])
        jpeg = subprocess.run(["base64", "-d"], input=url.path.partition(",")[2].encode(), capture_output=True).stdout
        assert Image.open(io.BytesIO(jpeg)).size == size


def test_a_style_is_no_video(waiting, mp4):
    refusals = (shown(waiting, mp4, "me.mp4", "style"), waiting.post_job(files=[picture("style", "me.mp4", mp4)]))
    for answer in refusals:
        assert (answer.status_code, answer.json()["field"]) == (415, "style")
        assert "me.mp4 is a video, not a picture" in answer.json()["message"]


def test_the_one_call_api_takes_pictures_only(shared, mp4):
    answer = shared.web.post("/generate_stylised_image", files={"file": ("me.mp4", mp4)})
    assert (answer.status_code, answer.json()["field"]) == (415, "file")
    assert shared.web.post("/generate_stylised_image", files={"file": ("me.gif", gif(3))}).status_code == 200
    assert shared.web.get("/api/jobs").json()["jobs"][0]["kind"] == "picture"


@pytest.mark.parametrize(
    ("limits", "status", "message"),
    [
        (LIMITS._replace(video_frames=3), 413,
         "me.mp4 has more than 3 frames, which are 0.1 seconds at 30 frames a second: cut out the part to paint"),
        (LIMITS._replace(video_pixels=1000), 415,
         "me.mp4 has frames of 48×32 pixels, more than the 1,000 that are accepted: save it in a smaller size"),
        (LIMITS._replace(video_bytes=1_000), 413,
         "me.mp4 is larger than 0 MB: cut out the part to paint, or save it in a smaller size"),
    ],
    ids=["frames", "pixels", "bytes"],
)  # fmt: skip
def test_videos_have_limits(serve, mp4, limits, status, message):
    served = serve(limits=limits, command=studio_worker.command("never-ready"))
    for answer in (submit(served, mp4, "me.mp4"), shown(served, mp4, "me.mp4")):
        assert (answer.status_code, answer.json()) == (status, {"message": message, "field": "content"})
    assert list((served.studio.folder / "jobs").iterdir()) == []


def test_a_video_may_be_larger_than_a_picture(serve, mp4):
    served = serve(limits=Limits(file_bytes=1000), command=studio_worker.command("never-ready"))
    assert submit(served, mp4).status_code == 202


def test_a_playlist_that_names_files_of_the_server_is_no_video(waiting, tmp_path, mp4):
    (tmp_path / "secret.mp4").write_bytes(mp4)
    for text in (
        f"ffconcat version 1.0\nfile '{tmp_path}/secret.mp4'\n",
        f'<!--ftypjp2 --><MPD profiles="urn:mpeg:dash:profile:isoff-live:2011"><BaseURL>{tmp_path}</BaseURL></MPD>',
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{tmp_path}/secret.mp4\n#EXT-X-ENDLIST\n",
    ):
        assert shown(waiting, text.encode(), "list.mp4").status_code == 415


def test_a_damaged_video_is_refused_by_its_name(waiting, mp4):
    answer = submit(waiting, mp4[:200], "me.mp4")
    assert (answer.status_code, answer.json()["field"]) == (415, "content")
    assert answer.json()["message"].startswith("me.mp4 cannot be read as a video: ")


def test_without_opencv_the_message_says_what_to_install(waiting, mp4, monkeypatch):
    def missing():
        raise optical_flow.FlowError("optical flow needs OpenCV: install it")

    monkeypatch.setattr(optical_flow, "load_opencv", missing)
    answer = submit(waiting, mp4, "me.mp4")
    assert (answer.status_code, answer.json()["message"]) == (
        415, "me.mp4 is a video: optical flow needs OpenCV: install it"
    )  # fmt: skip
    assert submit(waiting, gif(1), "a.gif").json()["kind"] == "picture"


def test_settings_say_which_kind_they_are_for(waiting):
    only = {setting["name"]: setting["only"] for setting in waiting.web.get("/api/settings").json()["settings"]}
    assert (only["temporal_weight"], only["video"], only["print_every"]) == ("video", "picture", "picture")
    assert (only["epochs"], only["image_size"], only["seed"], only["alpha"]) == (None, None, None, None)


# --- what is kept of one, with the fake worker ---


@pytest.fixture(scope="module")
def filmed(shared, mp4):
    """A finished video of `shared`."""
    return shared.when_ended(submit(shared, mp4).json()["id"])


def test_a_finished_video(shared, filmed):
    own = f"/api/jobs/{filmed['id']}"
    assert (filmed["state"], filmed["epoch"], filmed["epochs"], filmed["frames"]) == ("finished", 3, 4, [0, 1, 2, 3])
    assert filmed["costs"] == {**costs(3), "total_variation": None, "temporal": 0.25}
    assert (filmed["result"], filmed["video"], filmed["files"]) == (True, True, [])
    for number in range(FRAMES):
        assert opened(shared.web.get(f"{own}/picture", params={"epoch": number})) == ("PNG", (24 + number,) * 2)
    assert shared.web.get(f"{own}/picture", params={"epoch": 4}).status_code == 404
    assert opened(shared.web.get(f"{own}/picture")) == ("PNG", (25, 25)), "the one in the middle"


def test_the_file_of_a_finished_video(shared, filmed):
    own = f"/api/jobs/{filmed['id']}"
    whole = shared.web.get(f"{own}/video")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    assert whole.headers["content-disposition"].startswith("inline")
    part = shared.web.get(f"{own}/video", headers={"range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, whole.content[4:10])
    assert part.headers["content-range"] == f"bytes 4-9/{len(whole.content)}"
    saved = shared.web.get(f"{own}/result")
    assert saved.content == whole.content
    name = f'filename="my-clip-{filmed["number"]}.mp4"'
    assert saved.headers["content-disposition"] == f"attachment; {name}"


def test_a_painted_gif_is_a_gif(shared, mp4):
    """What moves may need another format than mp4."""
    job = shared.when_ended(submit(shared, gif(3), "a.gif").json()["id"])
    film = shared.studio.result(shared.studio.store.read(job["id"]))
    film.rename(film.with_suffix(".gif"))
    for what in ("video", "result"):
        answer = shared.web.get(f"/api/jobs/{job['id']}/{what}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")


def test_the_costs_of_a_video_are_those_of_its_frames(shared, filmed):
    url = f"/api/jobs/{filmed['id']}/costs"
    lines = shared.web.get(url, params={"format": "csv"}).text.splitlines()
    assert lines[0] == "frame,total,content,style,temporal,seconds"
    assert [float(value) for value in lines[2].split(",")] == [1, 500, 2, 3, 0.25, 0.01]
    assert len(shared.web.get(url).json()["rows"]) == FRAMES


def test_again_paints_the_video_again(shared, filmed):
    none = dict.fromkeys(("content_name", "style_name", "preset", "network"))
    job = shared.post_job("", again=filmed["id"], **none).json()
    assert (job["kind"], job["epochs"], job["content"]["title"]) == ("video", FRAMES, "my clip.mp4")


def test_a_cancelled_video_has_time_to_be_joined(serve, mp4):
    """More than a picture, whose last step alone would be lost."""
    from nst.web.slot import Grace

    served = serve(grace=Grace(step=0.01, save=0.3, join=10, restart=0.05))
    job = submit(served, mp4, does=Does.SAVE_FOREVER).json()
    served.when_painted(job["id"], 2)
    served.cancel(job["id"])
    slot = served.studio._slots[0]
    until(lambda: getattr(slot._deadline, "interval", 0) > 30, "the time for three frames")
    slot._worker.kill()
    ended = served.when_ended(job["id"])
    assert (ended["state"], ended["frames"], ended["result"]) == ("cancelled", [0, 1, 2], False)
    assert opened(served.web.get(f"/api/jobs/{job['id']}/picture"))[0] == "PNG"


def test_a_closed_studio_paints_the_video_later(serve, mp4):
    served = serve()
    job = submit(served, mp4, does=Does.SLOWLY).json()
    served.when_painted(job["id"], 1)
    served.close()
    served = serve()
    job = served.when_ended(job["id"])
    assert (job["state"], job["frames"]) == ("finished", [0, 1, 2, 3])
    rows = served.web.get(f"/api/jobs/{job['id']}/costs").json()["rows"]
    assert [row[0] for row in rows] == [0, 1, 2, 3]


# --- painted by the real worker ---


class Real:
    """A studio in its own process, with the real worker and the network that comes with the program."""

    def __init__(self, folder):
        self.server = Server(folder / "data").start()
        self.web = httpx.Client(base_url=self.server.address, trust_env=False, timeout=60)

    post_job = Served.post_job
    job, when_painted = Served.job, Served.when_painted

    def when_ended(self, id):
        return until(lambda: (job := self.job(id))["ended"] and job, "the end", seconds=90)

    def frames(self, job):
        folder = self.server.folder / "jobs" / job["id"] / "run" / "frames"
        return {path.name: path.stat().st_mtime_ns for path in folder.glob("[0-9]*.png")}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    studio = Real(tmp_path_factory.mktemp("real"))
    yield studio
    studio.web.close()
    assert studio.server.stop() == 0


def begin(real, data, epochs):
    settings = {"image_size": 48, "epochs": epochs, "scales": 1}
    answer = real.post_job(settings, content_name=None, preset="fast", files=[picture(title="me.mp4", data=data)])
    assert answer.status_code == 202, answer.text
    return answer.json()


def film(real, job, folder):
    """The frames of the painted video."""
    path = folder / "painted.mp4"
    path.write_bytes(real.web.get(f"/api/jobs/{job['id']}/video").content)
    return clips.decoded(path)


def test_a_video_is_painted(real, tmp_path, mp4):
    job = real.when_ended(begin(real, mp4, epochs=4)["id"])
    assert (job["state"], job["reason"], job["troubles"]) == ("finished", "", [])
    assert (job["epoch"], job["epochs"], job["frames"], job["width"], job["height"]) == (3, 4, [0, 1, 2, 3], 48, 32)
    assert job["painted_with"]
    assert job["costs"]["temporal"] > 0
    rows = real.web.get(f"/api/jobs/{job['id']}/costs").json()["rows"]
    assert [row[0] for row in rows] == [0, 1, 2, 3]
    assert rows[0][4] == 0 < rows[1][4], "the first frame has none before it"
    assert film(real, job, tmp_path).shape == (4, 32, 48, 3)


def test_a_part_of_a_video_is_painted_and_all_of_it_again(real, tmp_path, mp4):
    settings = {"image_size": 48, "epochs": 2, "scales": 1}
    files = [picture(title="me.mp4", data=mp4)]
    job = real.post_job(settings, content_name=None, preset="fast", video_end="0.2", files=files).json()
    found = real.when_ended(job["id"])
    frames = found["epochs"]
    assert (found["state"], found["epoch"] + 1) == ("finished", frames)
    assert 0 < frames < FRAMES
    assert len(film(real, found, tmp_path)) == frames
    assert "--video_end=0.2" in real.web.get(f"/api/jobs/{job['id']}/settings").json()["command"]
    none = dict.fromkeys(("content_name", "style_name", "preset", "network"))
    assert real.post_job("", again=job["id"], **none).json()["epochs"] == FRAMES


def test_a_cancelled_video_keeps_its_frames_and_their_film(real, tmp_path):
    job = begin(real, clip(tmp_path, frames=40), epochs=60)
    real.when_painted(job["id"], 1)
    real.web.post(f"/api/jobs/{job['id']}/cancel")
    job = real.when_ended(job["id"])
    assert (job["state"], job["result"]) == ("cancelled", True)
    assert 2 <= len(job["frames"]) == len(real.frames(job)) < 40
    assert len(film(real, job, tmp_path)) == len(job["frames"])


@pytest.mark.slow
def test_a_cancelled_video_is_resumed_from_its_frames(real, tmp_path):
    job = begin(real, clip(tmp_path, frames=8), epochs=25)
    real.when_painted(job["id"], 0)
    real.web.post(f"/api/jobs/{job['id']}/cancel")
    before = real.when_ended(job["id"])
    frames = real.frames(job)
    assert (before["state"], before["resumable"], before["checkpoint"]) == ("cancelled", True, 0)
    assert real.web.post(f"/api/jobs/{job['id']}/resume", json={"epochs": 5}).status_code == 400
    assert real.web.post(f"/api/jobs/{job['id']}/resume").status_code == 202
    after = real.when_ended(job["id"])
    assert (after["state"], after["resumable"], len(real.frames(job))) == ("finished", False, 8)
    assert frames.items() <= real.frames(job).items(), "no frame was painted twice"
    assert len(film(real, job, tmp_path)) == 8


def test_a_video_that_is_cancelled_before_its_first_frame_has_nothing(real, mp4):
    job = begin(real, mp4, epochs=2000)
    until(lambda: real.job(job["id"])["width"], "the start", seconds=90)
    real.web.post(f"/api/jobs/{job['id']}/cancel")
    job = real.when_ended(job["id"])
    assert (job["state"], job["frames"], job["picture"], job["result"]) == ("cancelled", [], None, False)
    for what in ("picture", "video", "result"):
        assert real.web.get(f"/api/jobs/{job['id']}/{what}").status_code == 404


@pytest.mark.slow
def test_a_killed_studio_resumes_a_video_from_its_frames(real, tmp_path):
    job = begin(real, clip(tmp_path, frames=10), epochs=60)
    real.when_painted(job["id"], 2)
    real.server.kill()
    before = real.frames(job)
    assert 3 <= len(before) < 10
    real.server.start()
    job = real.when_ended(job["id"])
    after = real.frames(job)
    assert (job["state"], len(after)) == ("finished", 10)
    assert before.items() <= after.items(), "no frame was painted twice"
    rows = real.web.get(f"/api/jobs/{job['id']}/costs").json()["rows"]
    assert [row[0] for row in rows] == list(range(10))
    pictures = film(real, job, tmp_path)
    assert len(pictures) == 10
    assert np.ptp(pictures) > 50


@pytest.mark.slow
def test_the_frames_of_a_worker_that_dies_become_a_film(real, tmp_path):
    job = begin(real, clip(tmp_path, frames=40), epochs=60)
    real.when_painted(job["id"], 1)
    children = psutil.Process(real.server.process.pid).children()
    (worker,) = (child for child in children if "nst.web.worker" in child.cmdline())
    worker.kill()
    job = real.when_ended(job["id"])
    assert (job["state"], job["reason"].split(",")[0]) == ("failed", "the system killed the painting process")
    assert (job["result"], job["video"], job["resumable"]) == (True, True, True)
    assert 2 <= len(real.frames(job)) < 40
    assert len(film(real, job, tmp_path)) == len(real.frames(job))
