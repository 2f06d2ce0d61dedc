"""Rules of the whole network: sources, names, sizes, numbers of layers."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.errors import InvalidNetworkError
from onespike_lava.layers import Input, MaxPool, Readout, Synapse, Window
from onespike_lava.limits import LAYERS_MAX
from onespike_lava.network import Network
from tests.base.rules.layers import dense, messages
from tests.networks import Maker


def test_sources_and_names():
    assert messages(dense(source=1))[0] == (
        "layer 1 (hidden): source 1 is not an earlier layer (0..0); sort the layers"
    )
    assert "name 'out' is empty or not unique" in messages(replace(dense(), name="out"))[0]
    assert messages(replace(dense(), synapses=()))[0].startswith("layer 1 (hidden): has no source")
    assert messages(dense(), phases=65)[0].startswith("phases: 65 is outside 1..64")
    assert messages(dense(), wait=17)[0].startswith("wait: 17 is outside 0..16")
    assert messages(dense(), weighting="rate")[0].startswith("weighting: 'rate' is not one of")


def test_sources_of_different_codes_are_refused():
    hidden = dense()
    mixed = replace(
        dense(),
        name="mixed",
        synapses=(Synapse(0, np.ones((1, 4), np.int8)), Synapse(1, np.ones((1, 1), np.int8))),
    )
    source = Input("input", (4,), 8, np.zeros(1), np.ones(1))
    out = Readout("out", (1,), (Synapse(2, np.ones((1, 1), np.int8)),), np.zeros(1, np.int32), 1.0)
    with pytest.raises(InvalidNetworkError, match="its sources send different codes"):
        Network((source, hidden, mixed, out), 16, 16)


def chain(pools, name="pool", size=(2, 2)):
    """A network with many pools in a row."""
    make = Maker(np.random.default_rng(0), 4, 1.3, "graded")
    at = make.conv(make.input((1, *size)), 1, (1, 1))
    shape = make.layers[at].shape
    make.layers += [
        MaxPool(f"{name}{number}", shape, at + number, (1, 1), Window()) for number in range(pools)
    ]
    synapse = Synapse(at + pools, np.ones((1, 1, 1, 1), np.int8))
    make.layers.append(Readout("out", shape, (synapse,), np.zeros(1, np.int32), 1.0))
    return make.network()


def test_all_layers_together_are_bounded():
    side = 4096
    with pytest.raises(InvalidNetworkError, match=f"layers: {5 * side**2} neurons exceed"):
        chain(2, size=(side, side))


def test_number_of_layers_is_bounded():
    chain(LAYERS_MAX - 3)
    with pytest.raises(InvalidNetworkError, match=r"layers: 1025 exceed 1024; use a shallower"):
        chain(LAYERS_MAX - 2)


def test_length_of_names_is_bounded():
    chain(1, "\u00e9" * 511 + "a")
    with pytest.raises(InvalidNetworkError, match=r"layer 2: a name of 1025 bytes exceeds 1024; "):
        chain(1, "\u00e9" * 512)


def test_a_layer_that_nothing_reads_is_refused():
    """It would still spike after the readout's last step, where Lava has stopped."""
    make = Maker(np.random.default_rng(0), 4, 1.3, "graded")
    make.dense(make.input((4,)), 3)
    make.dense(0, 3)
    make.readout(1)
    with pytest.raises(
        InvalidNetworkError, match=r"^layer 2 \(spiking2\): no later layer reads it; leave it out$"
    ):
        make.network()
