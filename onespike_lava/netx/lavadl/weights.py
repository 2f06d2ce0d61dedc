"""Weights of a plain lava-dl file, numbers of up to 9 bits, as int8 and a shift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import FormatError
from onespike_lava.netx.lavadl.keys import check_whole

SHIFT = 6
"""Bits by which stock LIF shifts its input, its bias and its threshold."""

LOW, HIGH = -(2**7), 2**7 - 1
"""What int8 holds."""


def small_weights(
    matrices: Sequence[tuple[str, NDArray[Any]]],
) -> tuple[list[NDArray[np.int8]], int]:
    """Weights `W` of one layer as int8 `w` with fraction bits `F`, `W << 6 == w << F`.

    matrices : path and values of each; even ones are halved, as SLAYER's all can be
    """
    for path, values in matrices:
        check_whole(path, values)
        if values.size == 0:
            raise FormatError(f"{path}: {list(values.shape)} holds nothing; export it again")
    halved = all(not (values % 2).any() for _, values in matrices)
    for path, values in matrices:
        low, high = (LOW * 2, HIGH * 2) if halved else (LOW, HIGH)
        if values.min() < low or values.max() > high:
            raise FormatError(
                f"{path}: {values.min():g}..{values.max():g} is outside {low}..{high}, what "
                f"{'even' if halved else 'odd'} weights may be; quantise them to 8 bits"
            )
    if halved:
        return [(values // 2).astype(np.int8) for _, values in matrices], SHIFT + 1
    return [values.astype(np.int8) for _, values in matrices], SHIFT


def whole_weights(weight: NDArray[np.int8], bits: int) -> NDArray[np.float32] | None:
    """`W` of `w` and `F`, None where lava-dl's weights do not reach that far.

    bits : 0..8; below 6 only for layers that forget nothing, whose scale is free
    """
    found = weight.astype(np.float32) * 2.0 ** (max(bits, SHIFT) - SHIFT)
    fits = found.min() >= LOW * 2 and found.max() <= HIGH * 2
    odd = (found % 2).any() and (found.min() < LOW or found.max() > HIGH)
    return found if fits and not odd else None
