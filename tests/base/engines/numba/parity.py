"""Engine `numba` beside engine `reference`."""

import numpy as np

from onespike_lava.evaluation.comparison import first_difference


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
