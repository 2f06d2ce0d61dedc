"""Networks that step as NIR files: they come back equal, and their nodes compute what they do."""

import warnings
from dataclasses import replace

import h5py
import numpy as np
import pytest

pytest.importorskip("nir", reason="nir is not installed")

import nir
from hypothesis import given, settings
from hypothesis import strategies as st

import onespike_lava
from exporters import read_nir, write_nir
from exporters.nir.nodes import to_graph
from exporters.nir.remarks import remarks
from exporters.nir.units import Units
from onespike_lava.errors import FormatError, OneSpikeError, OneSpikeWarning, OptionError
from onespike_lava.layers import Integration, Reset, TimedReadout
from tests.exporters.nir.euler import Euler
from tests.exporters.nir.networks import refused
from tests.exporters.nir.stepping import DT, sayable_network, sent_to
from tests.networks import changed, random_network, random_samples, random_timed_network, timed
from tests.plain import DATA, TRUTH


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    dt=st.sampled_from([None, 1e-3, 1.0]),
    if_r=st.sampled_from([None, "second", "step"]),
)
def test_random_networks_come_back(seed, dt, if_r, tmp_path_factory):
    """Every field, so every spike and score."""
    network, path = random_timed_network(seed), tmp_path_factory.getbasetemp() / "timed.nir"
    write_nir(network, path, dt=dt, if_r=if_r)
    found = read_nir(path)
    assert found == network
    graph = nir.read(path)  # NIR's own reader checks shapes
    assert float(graph.metadata["step"]["dt"]) == (dt or 1e-4)
    x = random_samples(network, 2)
    ours, theirs = (each.run(x, engine="numpy", record=True) for each in (network, found))
    assert (ours.scores == theirs.scores).all()
    for layer in network.layers[:-1]:
        assert (ours.trains(layer.name) == theirs.trains(layer.name)).all()


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
def test_one_spike_neurons_as_timed_ones_come_back(weighting, tmp_path):
    network = timed(random_network(4, weighting, phases=8))
    write_nir(network, tmp_path / "net.nir")
    assert read_nir(tmp_path / "net.nir") == network


@TRUTH
@pytest.mark.parametrize("name", ["pilotnet_lif", "ntidigits", "mnist"])
def test_networks_that_intel_trained_come_back(name, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OneSpikeWarning)  # mnist is not proven
        network = onespike_lava.load(DATA / f"{name}.net")
        write_nir(network, tmp_path / "net.nir")
        assert read_nir(tmp_path / "net.nir") == network


@pytest.mark.parametrize("if_r", ["second", "step"])
@pytest.mark.parametrize("seed", range(8))
def test_nodes_compute_what_the_neurons_do(seed, if_r):
    """By NIR's equations in float64: every spike of every layer, and the scores."""
    network = sayable_network(seed)
    graph = to_graph(network, units=Units(DT, if_r))
    sent = sent_to(network, seed)
    found = Euler(graph, DT, if_r=if_r).run(sent)
    run = network.run(sent[None], engine="reference", record=True)
    spikes = 0
    for place, layer in enumerate(network.layers[:-1]):
        trains = run.trains(layer.name)[0]
        assert (found[f"{place}_{layer.name}"].reshape(trains.shape) == trains).all(), layer.name
        spikes += int(trains.sum())
    assert spikes > 100
    digits = 2.0**network.readout.integration.fraction_bits
    assert (found["output"][-1] * digits == run.scores[0]).all()


def kind_of(network, place):
    layer = network.layers[place]
    return to_graph(network).nodes[f"{place}_{layer.name}"]


def test_each_integration_has_its_node():
    network = sayable_network(0)
    last = len(network.layers) - 1
    plain = Integration(np.zeros(4, np.int32))  # channels of either
    half, none = np.full(1, 2048, np.int32), np.zeros(1, np.int32)
    for parts, fires, rests in (
        (plain, "IF", "I"),
        (replace(plain, keep_v=half), "LIF", "LI"),
        (replace(plain, keep_u=half), "CubaLIF", "CubaLI"),
        (replace(plain, keep_v=none, keep_u=half), "CubaLIF", "CubaLI"),
    ):
        bare = changed(changed(network, 1, integration=parts), last, integration=parts)
        assert type(kind_of(bare, 1)).__name__ == fires
        assert type(kind_of(bare, last)).__name__ == rests
    node = kind_of(changed(network, 1, integration=replace(plain, keep_v=half)), 1)
    assert (node.tau == np.float32(2e-4)).all()
    assert (node.r == 2).all()


def test_a_drive_is_a_bias_where_nothing_filters_it_and_else_a_leak_potential():
    network = sayable_network(0)
    conv = network.layers[1]
    drive = np.arange(conv.shape[0], dtype=np.int32) << conv.integration.fraction_bits
    parts = replace(conv.integration, keep_u=np.zeros(1, np.int32), drive=drive)
    nodes = to_graph(changed(network, 1, integration=parts)).nodes
    assert nodes["1_timed1_synapse0"].bias.tolist() == [0, 1, 2, 3]
    places = np.arange(conv.shape[1] * conv.shape[2], dtype=np.int32).reshape(1, *conv.shape[1:])
    parts = replace(parts, drive=places, keep_v=np.full(1, 2048, np.int32), fraction_bits=0)
    nodes = to_graph(replace(changed(network, 1, integration=parts), proven=False)).nodes
    assert not nodes["1_timed1_synapse0"].bias.any()
    assert (nodes["1_timed1"].v_leak == 2 * places).all()


def test_remarks_name_features_in_use():
    texts = [text for seed in range(8) for text in remarks(random_timed_network(seed))]
    found = {text.split(":")[0] for text in texts}
    assert found == {
        *("input", "thresholds", "no reset", "soft reset", "limit", "counts", "floor", "payload"),
        *("bias", "integers", "scores", "max pool", "dt", "samples"),
    }
    plain = sayable_network(4)
    assert [text.split(":")[0] for text in remarks(plain)][-2:] == ["dt", "samples"]
    told = "dt: 0.25 seconds a step, r of an integrator is its gain in a step; NIR says neither"
    assert told in remarks(plain, Units(0.25, "step"))
    assert not [text for text in remarks(plain) if text.startswith(("input", "soft", "limit"))]


def test_units_that_are_none_are_refused(tmp_path):
    network = sayable_network(1)
    for dt in (0, -1.0, np.nan, np.inf, 1e-13, "1", True):
        with pytest.raises(OptionError, match=r"dt: .* is no length of a step"):
            write_nir(network, tmp_path / "net.nir", dt=dt)
    with pytest.raises(OptionError, match="if-r: 'minute' is not second or step; choose one"):
        write_nir(network, tmp_path / "net.nir", if_r="minute")
    with pytest.raises(OptionError, match="dt: a one-spike network has phases, not steps"):
        write_nir(random_network(1), tmp_path / "net.nir", dt=1.0)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def stepping(tmp_path):
    path = tmp_path / "net.nir"
    write_nir(sayable_network(3), path)  # with a sum
    return path


@pytest.mark.parametrize(
    ("place", "value", "match"),
    [
        ("node/metadata/step/dt", np.nan, "metadata/step: dt: nan is no length"),
        ("node/metadata/step/dt", 1e-3, "not what its metadata make it"),
        ("node/metadata/step/if_r", "hour", "metadata/step: if-r: 'hour' is not second or step"),
        ("node/metadata/onespike/version", 1, "1 is not 2, the version"),
        ("node/nodes/1_timed1/v_reset", 1, "v_reset: not what its metadata make it"),
        ("node/nodes/1_timed1/metadata/layer/1/neuron/reset", "none", "reset: 'none' is not one"),
        ("node/nodes/1_timed1/metadata/layer/1/neuron/vDecay", 9999, "keep_v: -5903..-5903 is"),
        ("node/nodes/1_timed1/metadata/layer/1/neuron/max_count", 256, "max_count: 256 is outside"),
        ("node/nodes/3_sum3/scale", 2, "3_sum3/scale: not what its metadata make it"),
        ("node/nodes/3_sum3/metadata/layer/3/sources", 9, "layer 3"),
        ("node/nodes/3_sum3_from1_times/scale", 3, "from1_times/scale: not what"),
    ],
)
def test_changed_values_are_refused(stepping, place, value, match):
    with h5py.File(stepping, "r+") as content:
        content[place][...] = value
    with pytest.raises(OneSpikeError, match=match) as error:
        read_nir(stepping)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("place", "match"),
    [
        ("node/metadata/step", "metadata/step: not dt and if_r"),
        ("node/metadata/step/dt", "metadata/step: not dt and if_r"),
        ("node/nodes/1_timed1/metadata/layer/1/neuron/reset", "neuron/reset: missing"),
        ("node/nodes/3_sum3_from1_times", "from1_times|not a sound|edges"),
        ("node/nodes/5_timed5_synapse0", "synapse0: missing, or without weights"),
    ],
)
def test_missing_parts_are_refused(stepping, place, match):
    with h5py.File(stepping, "r+") as content:
        del content[place]
    refused(stepping, match)


def test_steps_of_a_one_spike_network_are_refused(tmp_path):
    """What nothing reads is not in the file."""
    path = tmp_path / "net.nir"
    write_nir(random_network(1), path)
    with h5py.File(path, "r+") as content:
        content["node/metadata/step/dt"] = 1.0
    with pytest.raises(FormatError, match=r"metadata/step: .* phases"):
        read_nir(path)


def test_a_readout_that_fires_is_a_neuron():
    network = sayable_network(2)
    fires = replace(network.layers[1], name="readout").threshold
    last = network.readout
    base = fires.base.reshape(-1)[:1].repeat(last.shape[0])
    parts = replace(last.integration, keep_u=np.zeros(1, np.int32))
    layer = TimedReadout(
        *("readout", last.shape, last.synapses, parts, 1.0),
        threshold=replace(fires, base=base),
        reset=Reset("zero"),
    )
    found = kind_of(replace(network, layers=(*network.layers[:-1], layer), proven=False),
                    len(network.layers) - 1)  # fmt: skip
    assert isinstance(found, (nir.IF, nir.LIF))
