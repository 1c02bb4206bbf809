"""Animated pictures for tests: a disc that moves over a transparent ground whose hidden colour is a glaring green."""

import numpy as np
from PIL import Image, ImageDraw

HIDDEN = (0, 255, 0)
MILLISECONDS = [2000, 50, 50, 300]


def drawn(number, height=32, width=48, hidden=HIDDEN, opaque=False):
    """A frame as RGBA: a textured disc at another place in each."""
    texture = np.random.default_rng(3).integers(60, 200, (-(-height // 4), -(-width // 4), 3), dtype=np.uint8)
    picture = Image.fromarray(texture.repeat(4, 0).repeat(4, 1)[:height, :width]).convert("RGBA")
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).ellipse((4 * number, 6, 4 * number + 22, 28), fill=255)
    ground = Image.new("RGBA", picture.size, (*hidden, 255 if opaque else 0))
    return Image.composite(picture, ground, mask)


def opacities(count, **options):
    """The opacity of each frame, bool `[count, H, W]`."""
    return np.stack([np.asarray(drawn(number, **options))[..., 3] > 0 for number in range(count)])


def write(path, count=4, milliseconds=MILLISECONDS, loop=0, **options):
    """Writes an animated picture; the suffix of `path` says of which kind."""
    first, *others = [drawn(number, **options) for number in range(count)]
    more = {".webp": {"lossless": True}, ".gif": {"disposal": 2}, ".png": {"disposal": 1}}.get(path.suffix, {})
    looped = {} if loop is None else {"loop": loop}
    first.save(path, save_all=True, append_images=others, duration=milliseconds[:count], **looped, **more)
    return path


def shown(path):
    """The frames of an animated picture as RGBA `[n, H, W, 4]`, and the milliseconds of each, by Pillow."""
    frames, milliseconds = [], []
    with Image.open(path) as picture:
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            frames.append(np.asarray(picture.convert("RGBA")))
            milliseconds.append(round(picture.info.get("duration", 0)))
    return np.stack(frames), milliseconds
