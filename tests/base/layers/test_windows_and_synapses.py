"""Layers as data: windows and synapses."""

import numpy as np
import pytest

from onespike_lava.layers import Synapse, Window


def test_arrays_are_read_only_copies():
    weight = np.ones((1, 4), np.int8)
    synapse = Synapse(0, weight)
    weight[0, 0] = 5
    assert synapse.weight[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        synapse.weight[0, 0] = 2


def test_window_sizes():
    assert Window((2, 1), (1, 0, 2, 0), (1, 2)).output_size((6, 7), (3, 3)) == (4, 3)
