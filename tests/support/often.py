"""The painter of a cluster's worker with a checkpoint after every epoch; the worker imports it."""

from nst.batch.cluster.worker import style_painter
from nst.output import checkpoint


def often_painter():
    checkpoint._SECONDS, checkpoint._SHARE = 0.0, 1e9
    return style_painter()
