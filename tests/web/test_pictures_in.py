"""What the studio makes of the pictures that it is sent: very large ones, and those that it painted itself."""

import io

import numpy as np
import pytest
from PIL import Image

from nst.config import TransferConfig
from nst.images import reader, writer
from nst.output import metadata
from nst.web import uploads
from nst.web.submission import Limits
from tests.support.studio_server import picture


def large(tmp_path, kind, width=9000, height=6000, mode="RGB", **options):
    path = tmp_path / f"large.{kind}"
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(path, **options)
    return path


class Upload:
    """An uploaded file, as Starlette has it."""

    def __init__(self, path):
        self.filename, self.file = path.name, io.BytesIO(path.read_bytes())


@pytest.mark.parametrize("progressive", [False, True])
def test_a_photo_of_54_megapixels_is_taken_and_kept_smaller(tmp_path, progressive):
    source = large(tmp_path, "jpg", progressive=progressive)
    stored = uploads.store(Upload(source), tmp_path / "content", "content", Limits())
    assert stored[:4] == ("content", "large.jpg", (1500, 2250), 0)
    assert reader.size(tmp_path / "content") == (1500, 2250)
    assert reader.size(uploads.preview(tmp_path / "content")) == (1365, 2048)
    kept = reader.read(tmp_path / "content")
    assert [int(kept[at, 2000, 0]) for at in (0, 750, 1499)] == pytest.approx([0, 127, 255], abs=2)


def test_what_is_transparent_stays_so(tmp_path):
    path = tmp_path / "large.png"
    canvas = Image.new("RGBA", (4300, 40), (200, 30, 30, 0))
    canvas.paste((200, 30, 30, 255), (0, 0, 2150, 40))
    canvas.save(path)
    uploads.store(Upload(path), tmp_path / "style", "style", Limits(image_size=1024))
    found, opacity = reader.read_with_alpha(tmp_path / "style")
    assert found.shape == (19, 2048, 3)
    assert (int(opacity[9, 10]), int(opacity[9, 2000])) == (255, 0)


def test_a_usual_photo_is_kept_as_it_came(tmp_path):
    source = large(tmp_path, "jpg", 1200, 900)
    uploads.store(Upload(source), tmp_path / "content", "content", Limits())
    assert (tmp_path / "content").read_bytes() == source.read_bytes()


def test_a_large_jpeg_is_decoded_smaller_only_where_it_may(tmp_path):
    source = large(tmp_path, "jpg", 1600, 1200)
    sizes = {least: reader.read_with_alpha(source, least=least)[0].shape[:2] for least in (None, 801, 800, 300, 100)}
    assert sizes == {None: (1200, 1600), 801: (1200, 1600), 800: (600, 800), 300: (300, 400), 100: (150, 200)}


def test_a_painted_picture_says_how_it_was_painted(waiting, content):
    config = TransferConfig.from_preset("fast", epochs=123, image_size=0, init="me.png", strength=0.7)
    details = {"network": {"name": "narrow VGG-19 to conv5_1 (16 to 128 channels)"}}
    data = writer.encode(content, "png", text=metadata.notes(config, details))
    answer = waiting.web.post("/api/preview", files={"file": picture(data=data)[1]}).json()
    assert (answer["width"], answer["height"]) == content.shape[1::-1]
    painted = answer["painted"]
    assert painted["network"] == "preview"
    expected = {"epochs": 123, "strength": 0.7, "optimizer": "lbfgs", "image_size": 1024, "init": "content"}
    assert {name: painted["settings"][name] for name in expected} == expected
    assert waiting.post_job(painted["settings"]).status_code == 202


def test_a_picture_of_another_program_says_nothing(waiting, content):
    for text in ({}, {"nst": "no JSON"}, {"nst": '{"settings": {"epochs": -1}}'}):
        data = writer.encode(np.ascontiguousarray(content), "png", text=text)
        answer = waiting.web.post("/api/preview", files={"file": picture(data=data)[1]}).json()
        assert answer["painted"] is None


def test_styles_of_an_earlier_job_mix_with_others(waiting):
    first = waiting.submit(style_name=["ink", "glass", "leaves"])
    mixed = waiting.submit(again=first["id"], style_name="mosaic", again_style=["2", "0"])
    assert [style["title"] for style in mixed["styles"]] == ["Mosaic", "Leaves", "Ink"]
    kept = waiting.submit(again=first["id"], style_name=None, again_style="1")
    assert [style["title"] for style in kept["styles"]] == ["Glass"]
    for wrong, message in (("3", "has no style picture 3"), (["0", "1", "2", "0"], "at most 4 style pictures")):
        answer = waiting.post_job(again=first["id"], again_style=wrong)
        assert (answer.status_code, answer.json()["field"]) == (400, "style")
        assert message in answer.json()["message"]
