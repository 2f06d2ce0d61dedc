"""A wrong engine, to see that comparisons find it."""

import numpy as np

from onespike_lava.engines import numpy as vectorised
from onespike_lava.layers import Spiking


def one_phase_late(network, data, wait, record):
    """A wrong engine: one spike of one sample comes one phase late."""
    result = vectorised.run(network, data, wait, True)
    index = next(i for i, layer in enumerate(network.layers) if isinstance(layer, Spiking))
    place = np.argwhere((result.codes[index] > 0) & (result.codes[index] < network.phases))[0]
    result.codes[index][tuple(place)] += 1
    return result


def one_phase_late_once(run):
    def late(network, data, wait, record, progress):
        vectorised.run = run
        return one_phase_late(network, data, wait, record)

    return late
