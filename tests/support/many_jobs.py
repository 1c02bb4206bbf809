"""A studio's folder with many finished jobs and their small pictures, as months of use leave it."""

from __future__ import annotations

import colorsys
import io
from pathlib import Path

from PIL import Image

from nst.config import PRESETS, TransferConfig
from nst.web.service import Studio
from nst.web.submission import Submission

CONTENTS = ("Chelsea", "Coffee", "Rocket", "my photo.png", "Zürich am See.jpg")
STYLES = ("Strokes", "Glass", "Mosaic", "Swirls", "Leaves", "Ink")


def picture(number: int, kind: str, size: tuple[int, int] = (160, 120)) -> bytes:
    """A picture of one colour and a diagonal, which differ with the number, as bytes."""
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(number * 0.618 % 1, 0.5, 0.85))
    found = Image.new("RGB", size, (red, green, blue))
    found.paste((255, 255, 255), (number * 7 % (size[0] - 20), 20, number * 7 % (size[0] - 20) + 20, size[1] - 20))
    file = io.BytesIO()
    found.save(file, kind, quality=80)
    return file.getvalue()


def submission(number: int) -> Submission:
    """What job number so-and-so painted."""
    styles = [STYLES[number % len(STYLES)]]
    if number % 4 == 0:
        styles.append(STYLES[(number + 1) % len(STYLES)])
    preset = tuple(PRESETS)[number % len(PRESETS)]
    return Submission(
        CONTENTS[number % len(CONTENTS)], styles, preset, "preview", TransferConfig.from_preset(preset, model="preview")
    )


def fill(folder: Path, count: int, *, size: tuple[int, int] = (160, 120)) -> list[str]:
    """Writes so many ended jobs; the folder's studio must not be open. Gives their ids, oldest first."""
    studio = Studio(folder)
    ids = []
    with studio.store.transaction():
        for number in range(count):
            wanted = submission(number)
            job = studio.store.add(wanted.to_json(), most=count + 1).id
            run = studio.folder_of(job).run
            run.mkdir(parents=True)
            (run / "generated_image.png").write_bytes(picture(number, "png", size))
            for name in ("content", *(f"style-{index}" for index in range(len(wanted.styles)))):
                (run.parent / name).write_bytes(b"")
                (run.parent / f"{name}.jpg").write_bytes(picture(number + len(name), "jpeg", size))
            studio.store.claim()
            studio.store.record(job, "start", {"first": 0}, width=size[0], height=size[1], network="Preview")
            epoch = wanted.config.epochs - 1
            costs = {"total": 1.0, "content": 0.4, "style": 0.6, "total_variation": 0.0, "temporal": None}
            data = {"epoch": epoch, "seconds": 1.0, "seconds_left": 0.0, **costs}
            studio.store.record(job, "epoch", data, epoch=epoch, costs=costs, seconds_left=0.0, picture=epoch)
            studio.store.set_size(job, 10_000)
            studio.store.end(job, "cancelled" if number % 10 == 9 else "finished")
            ids.append(job)
    studio.store.close()
    return ids
