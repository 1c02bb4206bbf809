import json

import numpy as np
import pytest

from nst.config import TransferConfig
from nst.images import writer
from nst.output import metadata

PICTURE = np.zeros((4, 5, 3), np.uint8)


def test_a_picture_carries_its_settings(tmp_path):
    config = TransferConfig(alpha=3, style_layers={"conv2_1": 1}, style_weights=(1, 2), contact_sheet=True)
    path = tmp_path / "me.png"
    writer.write(path, PICTURE, text=metadata.notes(config, {"network": {"name": "a network"}, "content": "ünï.jpg"}))
    assert metadata.read(path) == (config, "a network")


def test_settings_of_an_older_version_take_todays_defaults(tmp_path):
    path = tmp_path / "me.png"
    writer.write(path, PICTURE, text={"nst": json.dumps({"settings": {"epochs": 7}})})
    assert metadata.read(path) == (TransferConfig(epochs=7), "")


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        (None, "contains no settings"),
        ("{", "cannot be used"),
        ("[]", "cannot be used"),
        ("{}", "cannot be used"),
        (json.dumps({"settings": {"epochs": 0}}), "epochs is 0"),
        (json.dumps({"settings": {"of_tomorrow": 0}}), "unknown settings: of_tomorrow"),
        (json.dumps({"settings": {}, "network": "x"}), "cannot be used"),
        ("[" * 100_000, "cannot be used"),
    ],
)
def test_a_picture_without_usable_settings_is_a_sentence(tmp_path, note, sentence):
    path = tmp_path / "me.png"
    writer.write(path, PICTURE, text={"nst": note} if note else {})
    with pytest.raises(ValueError, match=sentence) as raised:
        metadata.read(path)
    assert str(path) in str(raised.value)


def test_a_file_that_is_no_png_is_a_sentence(tmp_path):
    path = tmp_path / "me.png"
    for data in (b"", b"GIF89a", writer.encode(PICTURE, "jpg"), writer.encode(PICTURE, "png")[:40]):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="is not a readable PNG"):
            metadata.read(path)
    with pytest.raises(FileNotFoundError):
        metadata.read(tmp_path / "nobody.png")
