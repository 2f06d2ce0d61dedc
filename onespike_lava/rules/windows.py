"""Rules of kernels that slide over a plane."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from onespike_lava.layers import Shape, Window
from onespike_lava.limits import NEURONS_MAX


def window_rules(
    window: Window, kernel: Shape, source: Shape, pools: bool = False
) -> Iterator[str]:
    """Kernel, stride, padding and dilation of what reads a source (C, H, W).

    pools : a window of padding alone has no first spike, so that padding is less than the kernel
    """
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
    elif pools and max(window.padding) >= max(*kernel):
        yield f"padding {window.padding} reaches beyond the kernel {tuple(kernel)} of a pool"
    elif prod(window.padded(source)) > NEURONS_MAX:
        yield (
            f"padding {window.padding} makes {window.padded(source)} of {source}, more than "
            f"{NEURONS_MAX} values; use less padding"
        )
