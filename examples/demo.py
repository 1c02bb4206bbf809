"""Paints one pair through the library; content, style and picture side by side become output/demo.png."""

import argparse
import sys
from pathlib import Path

from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # nst, where it is not installed

from nst import TransferConfig, load_network, read_image
from nst.utils import locations
from nst.utils.tf_import import quiet_stderr

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("epochs", type=int, nargs="?", default=50, help="updates of the picture (default: %(default)s)")
try:
    config = TransferConfig.from_preset("fast", epochs=parser.parse_args().epochs)
except ValueError as error:
    parser.error(str(error))
content, style = (read_image(locations.folders("images")[-1] / name) for name in ("coffee.jpg", "mosaic.jpg"))
network = load_network("auto", say=print)
with quiet_stderr():  # TensorFlow's start-up lines are not about painting
    from nst import stylize

    result = stylize(content, style, None, network, config)

figure = Figure(figsize=(15, 4), layout="constrained")
for axes, picture in zip(figure.subplots(1, 3), (content, style, result.picture), strict=True):
    axes.imshow(picture)
    axes.axis("off")
Path("output").mkdir(exist_ok=True)
figure.savefig("output/demo.png")
