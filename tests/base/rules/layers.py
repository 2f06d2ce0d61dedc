"""Small networks whose one hidden layer keeps or breaks a rule."""

import numpy as np
import pytest

from onespike_lava import coding
from onespike_lava.errors import InvalidNetworkError
from onespike_lava.layers import Input, Readout, Spiking, Synapse
from onespike_lava.network import Network

PAYLOADS = coding.payload_table(16, 1.3, 8)


def dense(weight=100, bias=0, base=10, source=0, inputs=4):
    """A layer of one neuron."""
    return Spiking(
        "hidden",
        (1,),
        (Synapse(source, np.full((1, inputs), weight, np.int8)),),
        np.array([bias], np.int32),
        np.array([base], np.int32),
        coding.threshold_table(PAYLOADS),
        PAYLOADS[:-1],
        8,
        1.3,
        np.ones(1),
    )


def network(hidden, features=4, **fields):
    source = Input("input", (features,), 8, np.zeros(1), np.ones(1))
    out = Readout("out", (1,), (Synapse(1, np.ones((1, 1), np.int8)),), np.zeros(1, np.int32), 1.0)
    return Network((source, hidden, out), **{"phases": 16, "wait": 16, **fields})


def messages(hidden, **fields):
    with pytest.raises(InvalidNetworkError) as error:
        network(hidden, **fields)
    return error.value.violations
