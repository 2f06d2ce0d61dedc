"""A Process that fails on purpose."""
