"""Values of options that are none of a recipe; the command line shows them without NumPy."""

from __future__ import annotations

TAKEN_APART = 128
"""Samples that a report takes a network apart on, unless told otherwise."""

WAITS: tuple[int | str, ...] = ("0.5T", "0.75T", "T")
"""Waits of a search where none are given: Table VIII loses little down to some half of `T`."""

ENERGIES = ("fp32", "int8", "fp32_exact", "int8_exact", "fp32_snn", "int8_snn")
"""Energy ratios that can be a goal: the keys of `Energy.ratios`."""

NIR_GAINS = ("second", "step")
"""What `r` of an IF or I in a NIR file is: what it gains in a second or in a step, of a current of
1."""

NIR_RESETS = ("zero", "subtract")
"""What a spike does in a NIR file: `v = v_reset`, or the threshold is taken off."""
