"""Max pools over single spikes."""

from __future__ import annotations

import numpy as np

from onespike_lava.engines.numba.kernels.intrinsics import largest_16
from onespike_lava.engines.numba.kernels.loops.plain import plain, u
from onespike_lava.engines.numba.kernels.records import LANES


@plain
def pool(arena, p, images):  # type: ignore[no-untyped-def]
    """Do a `Pool`, which passes the first spike of each window.

    Payloads fall with the phase, so that the first spike is the largest byte. Codes rise with it,
    and 0 is silence: `(code - 1) ^ 255` turns 1, 2, .. 255, 0 into 255, 254, .. 1, 0 (0 - 1 wraps
    to 255), so that a maximum in vectors serves here too, and the way back is the same reversed.
    """
    flip, shift = np.uint8(255), np.uint8(1)
    for n in range(images):
        for y in range(p.height):
            for x in range(p.width):
                to = u(p.start + n * p.out + y * p.below + x * p.pixel)
                corner = p.source + n * p.image + y * p.down * p.line + x * p.right * p.pixel
                if p.codes == 0:
                    taps = (p.rows, p.columns, p.apart * p.line, p.beside * p.pixel)
                    for c in range(0, p.pixel, LANES):
                        largest_16(arena, to + u(c), corner + c, *taps)
                    continue
                for c in range(p.pixel):
                    arena[to + u(c)] = 0
                for r in range(p.rows):
                    for k in range(p.columns):
                        at = u(corner + r * p.apart * p.line + k * p.beside * p.pixel)
                        for c in range(p.pixel):
                            value = np.uint8(arena[at + u(c)] - shift) ^ flip
                            arena[to + u(c)] = max(arena[to + u(c)], value)
                for c in range(p.pixel):
                    arena[to + u(c)] = np.uint8((arena[to + u(c)] ^ flip) + shift)
