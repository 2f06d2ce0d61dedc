"""Networks with scores for every place of a plane."""

from dataclasses import replace

import numpy as np

from onespike_lava.layers import Readout, Synapse, Window
from tests.networks import Maker


def dense(classes, blocks=(1, 1), sigmoid=False):
    """A network with scores for every place of a plane [4, 6], or one `blocks` times as large."""
    make = Maker(np.random.default_rng(3), 8, 1.3, "graded")
    at = make.conv(make.input((2, 4, 6)), 5, window=Window(padding=(1, 1, 1, 1)))
    channels = classes * int(np.prod(blocks))
    weight = make.weight((channels, 5, 1, 1))
    bias = make.rng.integers(-99, 99, channels).astype(np.int32)
    synapses = (Synapse(at, weight),)
    readout = make.named(Readout, (channels, 4, 6), synapses, bias, 0.001, make.growth(at))
    make.layers.append(replace(readout, blocks=blocks))
    network = make.network()
    note = (("sigmoid_left_out", "last"),)
    return replace(network, provenance=note) if sigmoid else network
