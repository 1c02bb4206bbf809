"""The engine from pictures to steps, without files: what several tests look at."""

import numpy as np

from nst.engine import initialization, loop, mask_regions
from nst.engine.objective import Objective
from nst.engine.targets import Probe


def measure(content, style, network, config, tile_size=0, mixture=mask_regions.ALONE):
    """The targets of a content and a style picture (or several), float32 `[1, H, W, 3]` in VGG's pixel space."""
    with Probe(network, config) as probe:
        return probe(content, style, tile_size, mixture)


def objective_of(pixels, network, config, tile_size=0, warn=None, mixture=mask_regions.ALONE):
    """The objective for a content and a style picture (or several), float32 `[1, H, W, 3]` in VGG's pixel space."""
    content, style = pixels
    targets = measure(content, style, network, config, tile_size, mixture)
    return Objective(targets, network, config, *content.shape[1:3], tile_size, warn)


def steps(pixels, network, config, rng=None, tile_size=0):
    """The steps from the start that the config names, its noise from `rng` or the config's seed."""
    rng = rng or np.random.RandomState(config.seed)
    start = initialization.blend(pixels[0], config.init, config.noise_ratio, rng)
    with objective_of(pixels, network, config, tile_size) as goal:
        yield from loop.steps(goal, start, config.epochs, network.mean)
