"""Engine `numba` beside engine `reference`."""

from dataclasses import replace

import numpy as np

from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Input, Synapse, Window
from tests.networks import Maker


def assert_parity(network, x, wait=None):
    expected = network.run(x, "reference", wait, record=True)
    found = network.run(x, "numba", wait, record=True)
    assert first_difference(found, expected) is None
    assert found.spikes == expected.spikes
    assert found.scores.dtype == np.int64
    brief = network.run(x, "numba", wait)
    assert (brief.scores == expected.scores).all()
    assert brief.spikes == expected.spikes
    assert brief.codes == {}


def largest(sign):
    """A proven network whose sums reach the limit of the state, and samples uint8 as floats.

    A convolution of weights of 127 and -128, mostly of one sign, of bytes of 255.
    """
    rng = np.random.default_rng(3)
    make = Maker(rng, 8, 1.3, "graded")
    make.layers.append(Input("input", (32, 8, 8), 8, np.zeros(1), np.ones(1)))
    weight = np.zeros((32, 32, 3, 3), np.int8)
    weight[:, :28] = 127 if sign > 0 else -128
    weight[1:16, :28] = rng.choice([127, -128], (15, 28, 3, 3))
    at = make.spiking([Synapse(0, weight, Window((1, 1), (1,) * 4))], (32, 8, 8))
    layer = make.layers[at]
    base = np.linspace(1, 2**23 // (int(layer.threshold_table[0]) + 1), 32).astype(np.int32)
    make.layers[at] = replace(layer, threshold_base=base, bias=np.arange(32, dtype=np.int32))
    make.readout(at, 1)
    x = rng.choice([0.0, 255.0], (3, 32, 8, 8), p=(0.3, 0.7))
    x[0] = 255
    return make.network(), x
