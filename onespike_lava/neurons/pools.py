"""Max pools: the first spike of each window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Shape, Window
from onespike_lava.neurons.integration import Values


def pool(
    largest: Values, fired: NDArray[np.bool_], first_phase: bool
) -> tuple[Values, NDArray[np.bool_]]:
    """One step of a max pool: payloads of the windows that spike now for the first time.

    `largest` is each window's largest payload of this step; all spikes of a step carry the
    same one. `first_phase` starts a sample.
    """
    fired = np.zeros_like(fired) if first_phase else fired
    sent = np.where(fired, 0, largest)
    return sent, fired | (largest > 0)


def window_maximum(values: Values, kernel: tuple[int, int], window: Window, size: Shape) -> Values:
    """Largest value under each window, [C, *size] from [C, H, W]; padding is silent."""
    padded = window.pad(values)
    largest = np.zeros((len(values), *size), values.dtype)
    for _, _, part in window.taps(kernel, size):
        np.maximum(largest, padded[:, part[0], part[1]], out=largest)
    return largest
