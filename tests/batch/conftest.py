"""Pictures that a tiny network paints in few seconds."""

import numpy as np
import pytest

from nst.images import writer
from tests.support import fake_vgg


@pytest.fixture
def pictures(tmp_path, content, style):
    """A folder of two contents, one style, a broken content and a network."""
    for name, picture in (("one", content), ("two", content[::-1]), ("style", style)):
        (tmp_path / f"{name}.png").write_bytes(writer.encode(np.ascontiguousarray(picture), "png"))
    (tmp_path / "broken.png").write_bytes((tmp_path / "one.png").read_bytes()[:200])
    fake_vgg.write(tmp_path / "net.mat")
    return tmp_path
