"""The painter of a cluster's worker with a state after every epoch; the worker imports it."""

from nst import state
from nst.hands import StylePainter


class OftenPainter(StylePainter):
    def __init__(self):
        super().__init__()
        state._SECONDS, state._SHARE = 0.0, 1e9
