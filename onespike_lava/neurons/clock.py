"""Steps of a layer's own clock."""

from __future__ import annotations


def clock(step: int, start: int, phases: int) -> tuple[int, int]:
    """Sample, negative before the first, and phase in 1..T of a clock that begins at `start`."""
    sample, phase = divmod(step - start - 1, phases)
    return sample, phase + 1
