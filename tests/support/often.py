"""The painter of a cluster's worker with a state after every epoch; the worker imports it."""

from nst.batch.cluster.worker import StylePainter
from nst.output import checkpoint


class OftenPainter(StylePainter):
    def __init__(self):
        super().__init__()
        checkpoint._SECONDS, checkpoint._SHARE = 0.0, 1e9
