"""What the figures of the README come from; each module is run by hand and prints its table."""
