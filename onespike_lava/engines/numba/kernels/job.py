"""What a run asks of the compiled walk, as int64 numbers that its threads share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NEXT, STOP, SIZE, ORIGIN, TOTAL, FORM, STEPS, SPAN = range(8)
"""Places of a job: the next sample that no thread has taken, the sample after the last, samples
that a thread takes at a time, the sample at the start of the data, samples of the whole run, the
type of the data; of networks that step the steps of a sample, and how many of them all layers go
through before the next ones, else 1 and 1."""

INTEGERS, FLOAT32 = range(2)
"""Types of data: integers of the input grid, uint8, or values to be brought onto it."""


def raw(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Samples, at least one, as read-only bytes; copied only where need be."""
    if not values.flags.carray and not (values.flags.c_contiguous and values.flags.aligned):
        values = np.require(values, requirements=("C", "A"))
    view: Any = memoryview(values)  # type: ignore[arg-type,unused-ignore]
    return np.frombuffer(view.toreadonly(), np.uint8)


def job(
    start: int, stop: int, size: int, total: int, form: int, steps: int = 1, span: int = 1
) -> NDArray[np.int64]:
    """A job for the samples `start .. stop - 1` of `total`, data beginning at `start`."""
    return np.array((start, stop, size, start, total, form, steps, span), np.int64)
