"""Paints a sample through the library. Content, style and picture side by side become output/demo/contact_sheet.png."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # nst, where it is not installed

import nst  # noqa: E402

network = nst.load_network("auto", say=print)
config = nst.TransferConfig.from_preset("fast", contact_sheet=True)
progress = nst.Callbacks(on_step=lambda step: print(f"epoch {step.epoch}: total cost {step.costs.total:.4g}"))
content, style = ROOT / "images/coffee.jpg", ROOT / "images/mosaic.jpg"
result = nst.stylize(content, style, "output/demo", network, config, callbacks=progress)
print("painted", result.files["picture"])
