"""Timed neurons as a Lava Process."""
