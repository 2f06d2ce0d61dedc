"""Values of options, for the command line too, which shows them without loading NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from onespike_lava.limits import WEIGHTINGS

CHOICES = {
    "weighting": WEIGHTINGS,
    "normalisation": ("max", "p99.9", "mse"),
    "scale": ("channel", "layer"),
    "levels": ("auto", "base", "data"),
    "correct": ("none", "bias", "weights"),
    "rounding": ("nearest", "least"),
    "input_coding": ("binary", "single"),
    "pool": ("own", "merge"),
}
"""Values of the options that are words."""

PAPER: Mapping[str, str] = MappingProxyType(
    {"normalisation": "max", "levels": "base", "correct": "none"}
)
"""Options of the paper's own method; the defaults of `Recipe` lose less on held-out data.

How weights are rounded to int8 the paper leaves open, so `rounding` is not among them.
"""

TAKEN_APART = 128
"""Samples that a report takes a network apart on, unless told otherwise."""

PHASES = (8, 12, 16, 24)
"""`T` of a search where none are given."""

WAITS: tuple[int | str, ...] = ("0.5T", "0.75T", "T")
"""Waits of a search where none are given: Table VIII loses little down to some half of `T`."""

ENERGIES = ("fp32", "int8", "fp32_exact", "int8_exact", "fp32_snn", "int8_snn")
"""Energy ratios that can be a goal: the keys of `Energy.ratios`."""
