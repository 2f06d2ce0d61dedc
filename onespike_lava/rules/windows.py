"""Rules of kernels that slide over a plane."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from onespike_lava.layers import MaxPool, Shape, Synapse
from onespike_lava.limits import NEURONS_MAX


def window_rules(part: MaxPool | Synapse, source: Shape) -> Iterator[str]:
    """Kernel, stride, padding and dilation of a part that reads a source (C, H, W)."""
    window = part.window
    kernel = part.kernel if isinstance(part, MaxPool) else part.weight.shape[2:]
    parts = (kernel, window.stride, window.padding, window.dilation)
    if [len(each) for each in parts] != [2, 2, 4, 2]:
        yield (
            f"kernel {tuple(kernel)}, stride {window.stride}, padding {window.padding} and "
            f"dilation {window.dilation} must have 2, 2, 4 and 2 numbers"
        )
    elif min(*kernel, *window.stride, *window.dilation) < 1 or min(window.padding) < 0:
        yield (
            f"kernel {tuple(kernel)}, stride {window.stride} and dilation {window.dilation} must "
            f"be positive and padding {window.padding} not negative"
        )
    elif isinstance(part, MaxPool) and max(window.padding) >= max(*kernel):
        yield f"padding {window.padding} reaches beyond the kernel {tuple(kernel)} of a pool"
    elif prod(window.padded(source)) > NEURONS_MAX:
        yield (
            f"padding {window.padding} makes {window.padded(source)} of {source}, more than "
            f"{NEURONS_MAX} values; use less padding"
        )
