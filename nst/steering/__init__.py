"""Steering: changing the strength, weights and masks of a picture while it is being painted."""
