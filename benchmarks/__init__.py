"""The measurements behind the figures in docs/; run a module by hand, and it prints its table."""
