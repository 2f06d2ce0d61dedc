"""Conversions by several recipes."""

from exporters import PAPER

RECIPES = {
    "default": {},
    "paper": {**PAPER, "base": 1.3},
    "membrane": {"weighting": "membrane", "wait": 12},
    "no shift, own pools, a range": {"shift": False, "pool": "own", "input_range": (-4.0, 4.0)},
    "one spike for an input value": {"input_coding": "single", "phases": 24},
    "bases and spikes of layers": {"bases": {"conv1": 1.2}, "spikes": {"hidden": 3}, "phases": 8},
    "input bits, biases": {"input_bits": 6, "correct": "bias", "rounding": "nearest"},
}
