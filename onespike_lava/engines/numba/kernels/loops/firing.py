"""Phases of neurons that `connect` cannot decide: thresholds per neuron, several spikes.

Potentials are int32 `[image][H * W][C]` without padding, outputs lie in padded buffers.
Thresholds are products of two int32 and may pass 2**31, hence int64.
"""

from __future__ import annotations

import numpy as np

from onespike_lava.engines.numba.kernels.loops.plain import plain, u


@plain
def search(numbers, arena, wide, p, images):  # type: ignore[no-untyped-def]
    """Do a `Search`, from the last phase to the first: what stays is the first that is reached."""
    for n in range(images):
        for y in range(p.height):
            for x in range(p.width):
                place = (y * p.width + x) * p.pixel
                v = u(p.potential // 4 + n * p.height * p.width * p.pixel + place)
                h = u(p.base // 4 + place)
                o = u(p.start + n * p.image + y * p.line + x * p.pixel)
                for c in range(p.pixel):
                    found = 0
                    for k in range(p.last - 1, p.first - 1, -1):
                        limit = np.int64(numbers[h + u(c)]) * numbers[u(p.table // 4 + k)]
                        value = numbers[u(p.values // 4 + k)]
                        found = value if wide[v + u(c)] >= limit else found
                    if p.keep == 0 or arena[o + u(c)] == 0:
                        arena[o + u(c)] = found


@plain
def several(numbers, arena, wide, p, images):  # type: ignore[no-untyped-def]
    """Do a `Several`, phase by phase, since each spike lowers what the next is compared with."""
    for n in range(images):
        for y in range(p.height):
            for x in range(p.width):
                place = (y * p.width + x) * p.pixel
                v = u(p.potential // 4 + n * p.height * p.width * p.pixel + place)
                h = u(p.base // 4 + place)
                skip = n * p.image + y * p.line + x * p.pixel
                for c in range(p.pixel):
                    sent = 0
                    for i in range(p.most):  # spikes of earlier steps stand in the first planes
                        at = u(numbers[u(p.planes // 4 + i)] + skip + c)
                        if p.keep == 0:
                            arena[at] = 0
                        sent += arena[at] != 0
                    for k in range(p.first, p.last):
                        if sent == p.most:
                            break
                        last = sent == p.most - 1
                        factor = numbers[u((p.table if last else p.resets) // 4 + k)]
                        limit = np.int64(numbers[h + u(c)]) * factor
                        if wide[v + u(c)] >= limit:
                            at = u(numbers[u(p.planes // 4 + sent)] + skip + c)
                            arena[at] = numbers[u(p.values // 4 + k)]
                            sent += 1
                            if not last:
                                wide[v + u(c)] -= np.int32(limit)
