"""Network files in and out, and where they come from."""

from nst.weights.registry import load as load
