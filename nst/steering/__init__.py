"""Steering: changes of a painting while it is painted, and what they make of its objective."""
