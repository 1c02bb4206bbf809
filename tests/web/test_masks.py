"""Masks of a submission: taken, checked, stored, shown, kept by `again`, and passed to the run."""

import io

import numpy as np
import pytest
from PIL import Image

from nst.config import TransferConfig
from nst.images import reader, writer
from nst.inputs import MaskInputs
from nst.web.worker import Painter
from nst.web.worker_process import JobFolder
from tests.support import clips
from tests.support.studio_server import picture

NONE = {"content_name": None, "style_name": None, "preset": None, "network": None}


def half(rows=60, columns=80, *, left=255, right=0):
    """A grey mask as a PNG, white on its left."""
    levels = np.full((rows, columns), right, np.uint8)
    levels[:, : columns // 2] = left
    return encoded(Image.fromarray(levels))


def encoded(image, kind="PNG"):
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def regions(rows, columns):
    """A mask of a red and a blue region."""
    colours = np.zeros((rows, columns, 3), np.uint8)
    colours[:, : columns // 2, 0] = colours[:, columns // 2 :, 2] = 255
    return encoded(Image.fromarray(colours))


def mask(over, data, title="mask.png"):
    return picture(f"{over}_mask", title, data)


def levels_of(served, url):
    answer = served.web.get(url)
    assert answer.headers["content-type"] == "image/png"
    return reader.read(answer.content)[..., 0]


def test_masks_are_stored_and_shown(waiting):
    files = [mask("content", half()), mask("content", half(left=0, right=128)), mask("style", half(), "strokes.png")]
    job = waiting.post_job(
        {"style_weights": "3,1"}, style_name=["strokes", "strokes"], style_mask_for="1", files=files
    ).json()
    url = f"/api/jobs/{job['id']}/masks"
    assert job["masks"] == [
        {"over": "content", "style": 0, "url": f"{url}/content/0"},
        {"over": "content", "style": 1, "url": f"{url}/content/1"},
        {"over": "style", "style": 1, "url": f"{url}/style/1"},
    ]
    assert np.array_equal(np.unique(levels_of(waiting, job["masks"][1]["url"])), [0, 128])
    assert levels_of(waiting, job["masks"][2]["url"])[0].tolist() == [255] * 40 + [0] * 40
    assert waiting.web.get(job["masks"][0]["url"], params={"size": 32}).headers["content-type"] == "image/jpeg"
    for wrong, status in ((f"{url}/style/0", 404), (f"{url}/init/0", 422), (f"{url}/content/-1", 422)):
        assert waiting.web.get(wrong).status_code == status
    assert waiting.job(job["id"]) == job


def test_a_job_without_masks_has_none(waiting):
    fields = {"content_name": "chelsea", "style_name": "ink"}
    form = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields)
    # As a browser does where no file is chosen.
    form += '--x\r\nContent-Disposition: form-data; name="content_mask"; filename=""\r\n\r\n\r\n--x--\r\n'
    answer = waiting.web.post("/api/jobs", content=form, headers={"content-type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json()["masks"]) == (202, [])


def test_a_job_of_an_earlier_version_has_no_masks(waiting):
    job = waiting.submit()
    without = "UPDATE jobs SET wanted = json_remove(wanted, '$.content_masks', '$.style_masks') WHERE id = ?"
    waiting.studio.store._rows(without, job["id"])
    assert waiting.job(job["id"])["masks"] == []


def test_a_cutout_is_shown_as_what_it_selects(waiting):
    photo = np.random.default_rng(0).integers(0, 256, (60, 80, 4), dtype=np.uint8)
    photo[..., 3] = 255
    photo[:, 40:, 3] = 0
    job = waiting.post_job(files=[mask("content", encoded(Image.fromarray(photo)))]).json()
    found = levels_of(waiting, job["masks"][0]["url"])
    assert (found[:, :40] == 255).all()
    assert not found[:, 40:].any()


def test_a_coloured_content_mask_is_for_all_styles(waiting):
    files = [mask("content", regions(60, 80)), mask("style", regions(60, 80)), mask("style", regions(60, 80))]
    job = waiting.post_job(style_name=["strokes", "strokes"], files=files).json()
    assert [(each["over"], each["style"]) for each in job["masks"]] == [("content", None), ("style", 0), ("style", 1)]


BLACK = encoded(Image.new("L", (80, 60)))
ONE = {"style_name": "strokes"}
TWO = {"style_name": ["strokes", "ink"]}
REFUSED = {
    "of another shape": (ONE, [mask("content", half(80, 60))], "content_mask", "has another aspect ratio than the c"),
    "style of another shape": (ONE, [mask("style", half(20, 80))], "style_mask", "has another aspect ratio than the s"),
    "black": (ONE, [mask("content", BLACK)], "content_mask", "is black all over: paint white where"),
    "of one shade": (ONE, [mask("content", half(left=200, right=200))], "content_mask", "is of one shade all over"),
    "too few": (TWO, [mask("content", half())], "content_mask", "there is 1 content mask for 2 style pictures"),
    "too many": (ONE, [mask("style", half())] * 2, "style_mask", "there are 2 style masks for 1 style picture"),
    "far too many": (ONE, [mask("content", half())] * 5, "content_mask", "give at most one for each style"),
    "coloured, no partner": (ONE, [mask("content", regions(60, 80))], "content_mask", "there are no style masks"),
    "coloured style": (ONE, [mask("style", regions(60, 80))], "style_mask", "there is no coloured content mask"),
    "of no style": (ONE | {"content_mask_for": "1"}, [mask("content", half())], "content_mask_for", "numbers 0 to 0"),
    "of the same": (TWO | {"content_mask_for": ["1", "1"]}, [mask("content", half())] * 2, "content_mask_for", "twice"),
    "of more": (TWO | {"style_mask_for": ["0", "1"]}, [mask("style", half())], "style_mask_for", "2 of 1 style mask:"),
    "of none": (ONE | {"style_mask_for": "0"}, [], "style_mask_for", "1 of 0 style masks"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_masks_that_cannot_work_are_refused(waiting, name):
    form, files, field, words = REFUSED[name]
    before = len(list((waiting.studio.folder / "jobs").iterdir()))
    answer = waiting.post_job(**form, files=files)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
    assert words in answer.json()["message"]
    assert len(list((waiting.studio.folder / "jobs").iterdir())) == before


def test_a_mask_of_the_transparent_part_is_refused(waiting):
    ghost = np.full((60, 60, 4), 90, np.uint8)
    ghost[:, :30, 3] = 0
    ghost[:, 30:, 3] = 255
    files = [picture("style", "ghost.png", encoded(Image.fromarray(ghost))), mask("style", half(60, 60))]
    answer = waiting.post_job(style_name=None, files=files)
    assert (answer.status_code, answer.json()["field"]) == (400, "style_mask")
    assert "fully transparent" in answer.json()["message"]


@pytest.mark.parametrize(("data", "status"), [(b"no picture", 415), (b"\x89PNG" * 100_000, 413)])
@pytest.mark.parametrize("over", ["content", "style"])
def test_a_file_that_is_no_mask_is_refused(waiting, over, data, status):
    answer = waiting.post_job(files=[mask(over, data, "my mask.png")])
    assert (answer.status_code, answer.json()["field"]) == (status, f"{over}_mask")
    assert answer.json()["message"].startswith("my mask.png ")


def test_a_mask_over_the_first_frame_is_for_the_whole_video(waiting, tmp_path):
    clip = clips.write(tmp_path / "clip.mp4", clips.scene(3), options="-pix_fmt yuv420p").read_bytes()
    video = picture("content", "clip.mp4", clip)
    job = waiting.post_job(content_name=None, files=[video, mask("content", half(32, 48))]).json()
    assert (job["kind"], len(job["masks"])) == ("video", 1)
    answer = waiting.post_job(content_name=None, files=[video, mask("content", half(48, 32))])
    assert answer.json()["field"] == "content_mask"


def test_a_mask_is_previewed_as_it_is_understood(waiting):
    photo = np.full((8, 12, 4), (200, 40, 40, 255), np.uint8)
    photo[:, 6:, 3] = 0
    answer = waiting.web.post(
        "/api/preview", data={"field": "mask"}, files={"file": ("cut.png", encoded(Image.fromarray(photo)))}
    )
    assert answer.json()["kind"] == "picture"
    assert answer.json()["url"].startswith("data:image/png;base64,")
    answer = waiting.web.post("/api/preview", data={"field": "mask"}, files={"file": ("cut.png", b"no picture")})
    assert (answer.status_code, answer.json()["field"]) == (415, "mask")


# --- starting from an earlier job ---


@pytest.fixture(scope="module")
def masked(waiting):
    files = [mask("content", half()), mask("style", half())]
    answer = waiting.post_job(style_name=["ink", "strokes"], content_mask_for="1", style_mask_for="1", files=files)
    return answer.json()


def kept(waiting, masked, files=(), **fields):
    answer = waiting.post_job("", **NONE | {"again": masked["id"]} | fields, files=list(files))
    assert answer.status_code == 202, answer.text
    return [(each["over"], each["style"]) for each in answer.json()["masks"]]


def test_again_keeps_masks_with_their_pictures(waiting, masked):
    assert kept(waiting, masked) == [("content", 1), ("style", 1)]
    assert kept(waiting, masked, content_name="coffee") == [("style", 1)]
    assert kept(waiting, masked, style_name=["ink", "strokes"]) == []
    assert kept(waiting, masked, keep_masks="false") == []
    own = [mask("content", half()), mask("content", half(left=0, right=255))]
    assert kept(waiting, masked, files=own) == [("content", 0), ("content", 1)]


def test_again_keeps_coloured_masks_only_together(waiting):
    files = [mask("content", regions(60, 80)), mask("style", regions(60, 80)), mask("style", regions(60, 80))]
    coloured = waiting.post_job(style_name=["ink", "strokes"], files=files).json()
    assert kept(waiting, coloured) == [("content", None), ("style", 0), ("style", 1)]
    assert kept(waiting, coloured, content_name="rocket") == []


def test_again_shows_the_same_masks(waiting, masked):
    again = waiting.post_job("", **NONE | {"again": masked["id"]}).json()
    for before, after in zip(masked["masks"], again["masks"], strict=True):
        assert waiting.web.get(before["url"]).content == waiting.web.get(after["url"]).content


def test_again_of_a_job_whose_masks_are_gone_says_so(waiting, masked):
    job = waiting.post_job("", **NONE | {"again": masked["id"]}).json()
    waiting.studio.folder_of(job["id"]).mask("style", 1).unlink()
    answer = waiting.post_job("", **NONE | {"again": job["id"]})
    assert (answer.status_code, answer.json()["field"]) == (400, "style_mask")


def test_masks_reach_the_run(tmp_path, content, style):
    """The studio paints what the library paints with the same masks."""
    from nst import run

    config = TransferConfig.from_preset("fast", epochs=2, image_size=64)
    files = JobFolder(tmp_path / "job")
    files.path.mkdir()
    files.content.write_bytes(writer.encode(content, "png"))
    for index, data in ((0, half(40, 56)), (1, half(40, 56, left=0, right=255))):
        files.style(index).write_bytes(writer.encode(style, "png"))
        files.mask("content", index).write_bytes(data)
    files.mask("style", 1).write_bytes(half(48, 32))
    messages = []
    painter = Painter(lambda kind, **values: messages.append((kind, values)))
    request = {
        "config": config.to_json(), "content": "content.png", "styles": ["a", "b"], "network": "preview",
        "content_masks": [True, True], "style_masks": [False, True],
    }  # fmt: skip
    painter.paint(str(files.path), request)
    assert messages[-1][0] == "done", messages[-1]
    masks = MaskInputs([files.mask("content", 0), files.mask("content", 1)], [None, files.mask("style", 1)])
    wanted = run.stylize(
        files.content, [files.style(0), files.style(1)], tmp_path / "wanted", painter._network("preview"), config,
        masks=masks,
    )  # fmt: skip
    assert np.array_equal(reader.read(files.run / "generated_image.png"), reader.read(wanted.files["picture"]))
