"""What the worker process reports when files of a job cannot be written."""

import pytest

from nst.config import TransferConfig
from nst.images import writer
from nst.web.worker import Painter
from nst.web.worker_process import JobFolder


@pytest.mark.parametrize(
    ("blocked", "kinds"), [("progress.mp4", ["trouble", "done"]), ("generated_image.png", ["trouble", "failed"])]
)
def test_only_the_loss_of_the_picture_fails_a_job(tmp_path, content, style, monkeypatch, blocked, kinds):
    files = JobFolder(tmp_path / "job")
    files.content.parent.mkdir(parents=True)
    files.content.write_bytes(writer.encode(content, "png"))
    files.style(0).write_bytes(writer.encode(style, "png"))
    (tmp_path / "refuge").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "refuge"))
    messages = []

    def send(kind, **values):
        messages.append((kind, values))
        if kind == "epoch" and values["epoch"] == 0:
            (files.run / blocked / "in").mkdir(parents=True)

    config = TransferConfig.from_preset("fast", epochs=2, image_size=64)
    painter = Painter(send)
    painter.paint(
        str(tmp_path / "job"),
        {"config": config.to_json(), "content": "content.png", "styles": [""], "network": "preview"},
    )
    found = [kind for kind, _ in messages]
    assert [kind for kind in dict.fromkeys(found) if kind in ("trouble", "done", "failed")] == kinds
    if kinds[-1] == "failed":
        assert messages[-1][1]["reason"].startswith("the picture could not be saved in the folder of the studio")
        assert len(list((tmp_path / "refuge").glob("nst-*/generated_image.png"))) == 1
