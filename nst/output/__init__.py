"""The files that a run writes: pictures, videos, costs, settings and checkpoints."""
