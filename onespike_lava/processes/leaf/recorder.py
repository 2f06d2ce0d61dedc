"""What layers sent, noted where the host can read it.

A Var costs about 15 us a value to fetch, so codes lie in memory that a child process shares
with the host: an anonymous mapping, which ends with them.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Code, Shape
from onespike_lava.model import Model
from onespike_lava.neurons import Values, clock
from onespike_lava.schedule import period, schedule


def shared_zeros(shape: Shape, dtype: Any) -> NDArray[Any]:
    """An array of zeros that children forked from here on write into."""
    values = int(np.prod(shape))
    memory = mmap.mmap(-1, max(1, values * np.dtype(dtype).itemsize))
    return np.frombuffer(memory, dtype, values).reshape(shape)


def noted_zeros(samples: int, code: Code, layer: Shape) -> NDArray[Any]:
    """Room for what is noted of samples: payloads, or sums of `note`, a bit a phase or one."""
    kind = np.uint8 if code.places <= 8 else np.int64
    return shared_zeros((samples, *code.noted_shape(layer)), kind)


class Recorder:
    """Spike counts, scores and codes of the first samples.

    spikes : int64[layers - 1]
    scores : float64[samples, *scores of the readout]
    codes  : for each layer but the readout what its code wants noted, [samples, *noted shape], or
             None
    """

    def __init__(
        self,
        network: Model,
        wait: int,
        samples: int,
        spikes: NDArray[np.int64],
        scores: NDArray[np.float64],
        codes: Sequence[NDArray[Any]] | None,
    ) -> None:
        self.senders = [network.code(index) for index in range(len(network.layers) - 1)]
        self.slots = schedule(network, wait)
        self.period, self.phases, self.samples = period(network), network.phases, samples
        self.spikes, self.scores = spikes, scores
        self.codes = codes and [
            part.reshape(samples, *([code.kept] if code.kept else ()), -1)
            for code, part in zip(self.senders, codes, strict=True)
        ]

    def note(self, step: int, sent: Sequence[Values | None]) -> Values | None:
        """Add what each layer sends in a step; returns scores if a sample is complete."""
        complete = None
        if sent[-1] is not None:
            sample, phase = clock(step, self.slots[-1].integrate, self.period)
            complete = sent[-1] if phase == self.phases else None
            if complete is not None and sample < self.samples:
                self.scores[sample] = complete
        for index, code in enumerate(self.senders):
            payloads = sent[index]
            sample, phase = clock(step, self.slots[index].fire, self.period)
            if payloads is None or not 0 <= sample < self.samples:
                continue
            self.spikes[index] += np.count_nonzero(payloads)
            if self.codes and not code.kept:
                self.codes[index][sample, np.flatnonzero(payloads)] += code.note(phase)
            elif self.codes and phase <= code.kept:
                self.codes[index][sample, phase - 1] = payloads.reshape(-1)
        return complete
