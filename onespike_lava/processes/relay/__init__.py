"""Spikes added up and passed on, as a Lava Process."""
