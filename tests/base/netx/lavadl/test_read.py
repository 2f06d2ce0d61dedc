"""Plain lava-dl files are read as what they compute."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onespike_lava
from onespike_lava import netx
from onespike_lava.errors import (
    FormatError,
    OneSpikeWarning,
    OptionError,
    StateError,
)
from onespike_lava.layers import Input
from onespike_lava.netx import lavadl
from tests.networks import random_network
from tests.plain import Drawn, check_run, delayed, drawn, smallest


@pytest.mark.parametrize("engine", ["reference", "numpy"])
@pytest.mark.parametrize("seed", range(12))
def test_every_type_computes_what_lava_dl_says(seed, engine):
    make = drawn(seed)
    network = netx.from_bytes(make.content())
    run, expected = check_run(make, network, engine, seed)
    if network.readout.name == "readout":  # counts, of groups where the file averages
        spikes, late = expected[-1][0], make.layers[-1 - (seed % 4 == 1)].get("delay")
        counts = spikes.sum(axis=0)
        if late is not None:
            counts = delayed(spikes, late).sum(axis=0)
        assert (run.scores[0] == counts.reshape(len(run.scores[0]), -1).sum(axis=1)).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.integers(1, 14))
def test_drawn_files_compute_what_lava_dl_says(seed, steps):
    make = drawn(seed, steps)
    check_run(make, netx.from_bytes(make.content()), "numpy", seed)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"type": "pool"}, r"layer/1/type: 'pool' is not one of input, dense, dense_rec, conv, "),
        ({"type": "input"}, r"layer/1/type: 'input' is in the wrong place; an input comes first"),
        ({"weight": np.full((2, 3), 0.5)}, r"layer/1/weight: 0.5 is not a whole number; quantise "),
        ({"weight": np.full((2, 3), np.nan)}, r"layer/1/weight: nan is not a whole number"),
        ({"weight": np.full((2, 3), 201.0)}, r"weight: 201..201 is outside -128..127, what odd "),
        ({"weight": np.full((2, 3), 256.0)}, r"256..256 is outside -256..254, what even weights "),
        ({"weight": np.ones((3, 2))}, r"layer/1/weight: \[3, 2\] is no matrix of 2 outputs"),
        ({"weight": np.ones((2, 4))}, r"\(2, 4\) does not connect 3 inputs to 2 outputs"),
        ({"bias": np.full(2, 0.5)}, r"layer/1/bias: 0.5 is not a whole number"),
        ({"bias": np.ones(3)}, r"3 values are neither one nor one a channel, 2; load the file "),
        ({"delay": np.full(2, 63)}, r"layer/1/delay: 63..63 is not within 0..62"),
        ({"delay": np.ones(5)}, r"layer/1/delay: 5 values are neither one nor one a channel, 2"),
        (
            {"weight": None, "weight/real": np.ones((2, 3)), "weight/imag": np.ones((2, 3))},
            r"layer/1/weight: a group, as complex weights have, not an array; load the file with ",
        ),
        ({"imag": np.ones(2)}, r"layer/1/imag: 1 keys of a lava-dl file that no network here has"),
        ({"neuron/alpha": 1}, r"layer/1/neuron/alpha: 1 keys of a lava-dl file that no network"),
        ({"neuron/type": "SDNN"}, r"layer/1/neuron/type: 'SDNN' is not LOIHI or CUBA; load the "),
        ({"neuron/gradedSpike": True}, r"gradedSpike: 1 is not 0 \(a spike carries 1\); no net"),
        ({"neuron/refDelay": 2}, r"refDelay: 2 is not 1 \(a neuron may fire in every step\)"),
        ({"neuron/wgtExp": 2}, r"wgtExp: 2 is not 0 \(weights enter as they are\)"),
        ({"neuron/messageBits": 8}, r"messageBits: 8 is not 0 \(a spike carries 1\)"),
        ({"neuron/iDecay": 4097}, r"iDecay: 4097..4097 is not within 0..4096; load the file with"),
        ({"neuron/vThMant": 2**17}, r"vThMant: 131072 exceeds 131071 \(17 bits\) in a layer whose"),
        ({"neuron": None}, r"layer/1/neuron: missing in a layer whose spikes are read"),
        ({"inFeatures": 4}, r"layer/1/inFeatures: 4 is not 3 \(inputs of the weights\)"),
        ({"shape": [2**30]}, r"layer/1/shape: \[1073741824\] makes too large a network"),
        ({"shape": [0]}, r"layer/1/shape: 0..0 is not within 1..2147483647"),
        ({"type": "average"}, r"layer/1/shape: 2 outputs of 3 are read where they divide them"),
        ({"type": "flatten"}, r"layer/1/shape: 2 is not the size of \(3,\), what it flattens"),
        (
            {"type": "dense_rec", "weight_rec": np.ones((2, 2)), "delay": np.ones(2)},
            r"layer/1/delay: SLAYER delays what leaves a recurrent layer, netx also what recurs",
        ),
    ],
)
def test_what_no_network_here_has_is_refused_by_name(values, message):
    make = smallest()
    layer = make.layers[1]
    for path, value in values.items():
        group = layer.setdefault("neuron", {}) if path.startswith("neuron/") else layer
        if value is None:
            del group[path]
        else:
            group[path.removeprefix("neuron/")] = value
    with pytest.raises(FormatError, match=message) as caught:
        netx.from_bytes(make.content())
    assert len(str(caught.value).splitlines()) == 1


def test_convolutions_need_an_input_and_their_kernel():
    make = Drawn(np.random.default_rng(0))
    make.input(2, 7, 6)
    make.conv(4)
    make.layers[1]["kernelSize"] = [2, 2]
    with pytest.raises(FormatError, match=r"layer/1/kernelSize: is not that of the weight, \[3, 3"):
        netx.from_bytes(make.content())
    del make.layers[0]
    with pytest.raises(FormatError, match=r"layer/0/type: 'conv' is in the wrong place; an input"):
        netx.from_bytes(make.content())


def test_a_file_without_input_begins_with_its_first_matrix():
    make = smallest()
    del make.layers[0]
    network = netx.from_bytes(make.content())
    assert network.layers[0] == Input("input", (3,), 1, np.zeros(1), np.ones(1), "events")


def test_delays_of_inputs_come_before_the_synapse():
    """netx takes as many delays as inputs for theirs, where neurons are of another number."""
    make = smallest()
    make.layers[1]["delay"] = np.array([3, 0, 1])
    network = netx.from_bytes(make.content())
    assert network.layers[1].synapses[0].delay.tolist() == [3, 0, 1]
    assert network.layers[2].synapses[0].delay is None


def test_steps_come_from_the_file_or_the_caller(tmp_path):
    make, path = smallest(), tmp_path / "a.net"
    path.write_bytes(make.content())
    assert onespike_lava.load(path).phases == 9
    assert onespike_lava.load(path, steps=20).phases == 20
    tree = {key: array for key, array in make.tree().items() if key[:5] == "layer"}
    with pytest.warns(OneSpikeWarning, match=r"simulation/tSample: missing; a sample gets 32"):
        assert lavadl.from_tree(tree).phases == 32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lavadl.from_tree(tree, 5).phases == 5
    netx.save(random_network(1), path)
    with pytest.raises(OptionError, match=r"steps: the file itself says how many; leave them out"):
        onespike_lava.load(path, steps=20)


def test_states_without_proof_are_named_and_checked():
    """A weight that drives a state without leak out of 24 bits, if spikes come for long enough."""
    make = smallest()
    make.steps = 1000
    make.layers[1]["weight"] = np.full((2, 3), -250.0)
    make.layers[1]["neuron"] |= {"iDecay": 4096, "vDecay": 0}
    make.layers[1]["bias"] = np.zeros(2)
    with pytest.warns(OneSpikeWarning, match=r"layer 1 \(dense_1\): a state can reach \d+, the li"):
        network = netx.from_bytes(make.content())
    sent = np.ones((1, 1000, 3), np.uint8)
    sent[:, 100:] = 0
    assert network.run(sent, engine="numpy").scores.shape == (1, 2)
    for engine in ("numpy", "reference"):
        with pytest.raises(StateError, match=r"dense_1: a state of \d+ in step 175 reaches"):
            network.run(np.ones_like(sent), engine=engine)
