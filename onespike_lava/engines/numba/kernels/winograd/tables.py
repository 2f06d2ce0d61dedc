"""Numbers of the Winograd transforms F(4x4, 3x3) in whole numbers.

A tile of 4 x 4 outputs reads 6 x 6 inputs `d`. With `B` of Lavin and Gray (arXiv:1509.09308, Sec.
4.3) and rows of `G` and `A` scaled to whole numbers, `A [(G g G^T) * (B d B^T)] A^T` is the tile of
outputs, each multiplied by `9 * 2**(s[i] + s[j])`.

Inputs are bytes and weights lie within -128 .. 127, so that what is multiplied fits 16 bits: `B d
B^T` is at most 17,340 in magnitude, `G g G^T` at most 6,272. Sums are taken modulo 2**32. Times the
inverse of 9 there they are the outputs times `2**(s[i] + s[j])`, and shifted down again, with their
sign, the outputs: exact, since these have no more than 32 - 6 bits. The proof of 24 bits holds for
positive and negative weights apart, so the sum of one source alone is below 2**24 as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OUTPUTS, INPUTS = 4, 6
"""Rows and columns of a tile of outputs, and of the inputs that it reads."""

POSITIONS = INPUTS * INPUTS
"""Products of a tile for each weight kernel."""

G = np.array([(6, 0, 0), (-1, -1, -1), (-1, 1, -1), (1, 2, 4), (1, -2, 4), (0, 0, 6)])
"""Rows of the transform of weights."""

SHIFTS = (3, 2, 1, 1)
"""`s`: outputs of a row or column come out multiplied by `3 * 2**s`."""

NINTH = pow(9, -1, 2**32)
"""What undoes a factor of 9, modulo 2**32."""


def transformed(weight: NDArray[np.int8]) -> NDArray[np.int16]:
    """`G g G^T` of kernels int8[O, I, 3, 3] as int16[O, I, 36]."""
    wide = G @ weight.astype(np.int32) @ G.T
    return wide.reshape(*weight.shape[:2], POSITIONS).astype(np.int16)


def packed(weight: NDArray[np.int8], lanes: int) -> NDArray[np.int16]:
    """Weights as the kernel reads them, int16[O / lanes, 36, I / 2, lanes, 2].

    lanes : channels of a block
    """
    outputs, inputs = weight.shape[:2]
    split = transformed(weight).reshape(outputs // lanes, lanes, inputs // 2, 2, POSITIONS)
    return np.ascontiguousarray(split.transpose(0, 4, 2, 1, 3))
