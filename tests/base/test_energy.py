"""Eq. 6: what spikes cost, counted one by one, and what they are compared with."""

import json

import numpy as np
import pytest

from onespike_lava import Network
from onespike_lava.connectivity import is_fixed
from onespike_lava.energy import PICOJOULES, energy
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.layers import (
    CODINGS,
    Firing,
    Input,
    Integration,
    MaxPool,
    Readout,
    Reset,
    Sparse,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from tests.graphs import random_graph_network
from tests.networks import random_network, random_samples, random_timed_network


def counted(network, layer, run, sample):
    """Synaptic operations of one sample of phase code."""
    sent = {}
    for source in network.layers[:-1]:
        codes = run.codes[source.name]
        if isinstance(source, Input):
            sent[source.name] = np.vectorize(lambda n: int(n).bit_count())(codes[sample])
        else:
            spikes = codes[sample].reshape(-1, *source.shape) > 0
            sent[source.name] = spikes.sum(axis=0)
    return operations(network, layer, sent)


def operations(network, layer, spikes):
    """What spikes of neurons cost, by a plain loop: target neurons, kernel places, spikes."""
    total = 0
    for synapse in layer.synapses:
        sent = spikes[network.layers[synapse.source].name]
        if isinstance(synapse, Sparse):
            by_channel = sent.reshape(len(sent), -1)
            places = range(len(synapse.indptr) - 1)
            for place in places:
                for entry in range(synapse.indptr[place], synapse.indptr[place + 1]):
                    total += int(by_channel[:, synapse.indices[entry]].sum())
        elif synapse.kind == "dense":
            total += sum(int(sent.sum()) for _ in range(layer.shape[0]))
        else:
            total += by_kernel(synapse, sent, layer.shape)
    return total


def by_kernel(synapse, sent, target):
    total, fixed = 0, is_fixed(synapse)
    outputs, inputs, rows, columns = synapse.weight.shape
    (_, height, width), window = sent.shape, synapse.window
    weight, sent = synapse.weight.tolist(), sent.tolist()  # lists: single numbers come faster
    for channel, row, column in np.ndindex(*target):
        group = channel // (outputs // synapse.groups)
        for part, y, x in np.ndindex(inputs, rows, columns):
            down = row * window.stride[0] + y * window.dilation[0] - window.padding[0]
            across = column * window.stride[1] + x * window.dilation[1] - window.padding[1]
            inside = 0 <= down < height and 0 <= across < width
            if inside and (weight[channel][part][y][x] or not fixed):
                total += sent[group * inputs + part][down][across]
    return total


NETWORKS = {
    "graded": lambda: random_network(3, phases=16),
    "membrane": lambda: random_network(5, "membrane", phases=8),
    "several spikes": lambda: random_network(2, phases=16, several=True),
    "graph": lambda: random_graph_network(1, phases=8),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_against_a_plain_count(name):
    network = NETWORKS[name]()
    x = random_samples(network, 2)
    run = network.run(x, record=True)
    found = measured(network, run)
    assert [layer.name for layer in found.layers] == [layer.name for layer in network.layers]
    for row, layer in zip(found.layers, network.layers, strict=True):
        assert row.exact * 2 == sum(counted(network, layer, run, sample) for sample in (0, 1))
        if isinstance(layer, MaxPool):
            assert (row.type, row.macs, row.estimated, row.exact) == ("pool", 0, 0, 0)
        if not isinstance(layer, Readout):
            assert row.spikes_per_neuron == run.spikes[layer.name] / 2 / row.neurons
    assert found.layers[-1].spikes_per_neuron is None
    assert found.exact == sum(row.exact for row in found.layers) > 0
    assert found.macs == sum(row.macs for row in found.layers)


def measured(network, run):
    hidden = network.layers[:-1]
    spikes = {
        layer.name: network.code(i).counts(run.codes[layer.name]).sum(axis=0, dtype=np.int64)
        for i, layer in enumerate(hidden)
    }
    return energy(network, spikes, len(run.scores))


def test_estimate_is_spikes_per_neuron_of_the_source_times_macs():
    network = random_network(3, phases=16)
    found = measured(network, network.run(random_samples(network, 2), record=True))
    rows = {row.name: row for row in found.layers}
    for row, layer in zip(found.layers, network.layers, strict=True):
        for synapse in getattr(layer, "synapses", ())[:1]:  # a second one is the skip
            rate = rows[network.layers[synapse.source].name].spikes_per_neuron
            assert row.estimated == pytest.approx(rate * row.macs)
            assert row.macs == synapse.weight[0].size * np.prod(layer.shape)
    ratios = found.ratios
    assert ratios["fp32"] == pytest.approx(found.macs * 4.6 / (found.estimated * 0.9))
    assert ratios["int8"] == pytest.approx(found.macs * 0.23 / (found.estimated * 0.03))


def test_weighting_decides_what_a_spike_costs():
    cost = {"graded": {"fp32": 4.6, "int8": 0.23}, "membrane": {"fp32": 0.9, "int8": 0.03}}
    for weighting, price in cost.items():
        network = random_network(3, weighting, phases=8)
        found = measured(network, network.run(random_samples(network, 2), record=True))
        for arithmetic in ("fp32", "int8"):
            spent = found.picojoules(found)[arithmetic]
            assert spent["snn"] == pytest.approx(found.exact * price[arithmetic])
            by_layer = [found.picojoules(row)[arithmetic] for row in found.layers]
            for key, total in spent.items():
                assert total == pytest.approx(sum(each[key] for each in by_layer))
            assert found.ratios[f"{arithmetic}_snn"] == pytest.approx(spent["ann"] / spent["snn"])


def test_no_spikes_no_ratio():
    network = random_network(3, phases=8)
    silent = {layer.name: np.zeros(layer.shape, np.int64) for layer in network.layers[:-1]}
    found = energy(network, silent, 4)
    assert (found.exact, set(found.ratios.values())) == (0, {0.0})


def test_rows_are_json():
    network = random_network(3, phases=8)
    found = measured(network, network.run(random_samples(network, 2), record=True))
    row = json.loads(json.dumps(found.rows()))[-1]
    assert row["picojoules"]["fp32"]["ann"] == pytest.approx(row["macs"] * 4.6)
    assert row["spikes_per_neuron"] is None


def test_input_spikes_are_bits():
    network = random_network(3)
    codes = np.zeros((2, *network.input.shape), np.uint8)
    codes[0, 0, 0, 0], codes[1, 0, 0, 0] = 0b101, 0b1
    assert network.code(0).counts(codes)[:, 0, 0, 0].sum() == 3


def ints(*values):
    return np.array(values, np.int32)


@pytest.mark.parametrize("payload", [1, 2])
def test_a_payload_of_1_is_added_and_a_constant_input_multiplied_once(payload):
    """Two values of four are not 0: eight MACs; three neurons of four fire in steps 2, 4 and 6."""
    entry = Input("in", (4,), 2, np.zeros(1), np.ones(1), "constant")
    first = Synapse(0, np.ones((4, 4), np.int8))
    parts = (Integration(ints(0, 0, 0, 0)), Threshold(ints(4, 4, 4, 99)), Reset("zero"))
    hidden = Timed("hidden", (4,), (first,), *parts, Firing(ints(payload)), np.ones(4))
    last = Synapse(1, np.ones((3, 4), np.int8))
    out = TimedReadout("out", (3,), (last,), Integration(ints(0, 0, 0)), 1.0)
    found = evaluate(Network((entry, hidden, out), 6, 0), [[1, 0, 1, 0]], [0]).energy
    synops = 3 * 3 * 3
    assert [row.exact for row in found.layers] == [0, 0, synops]
    assert [row.multiplied for row in found.layers] == [0, 0, synops if payload > 1 else 0]
    assert [row.input_macs for row in found.layers] == [0, 8, 0]
    assert [row.macs for row in found.layers] == [0, 16, 12]
    assert found.layers[0].spikes_per_neuron == 3  # two values, each in six steps
    for name, cost in PICOJOULES.items():
        spent, each = found.picojoules(found)[name], cost["mac" if payload > 1 else "add"]
        assert spent["snn"] == pytest.approx(8 * cost["mac"] + synops * each)
        adds = 8 * cost["mac"] + synops * cost["add"]
        assert found.ratios[f"{name}_exact"] == pytest.approx(28 * cost["mac"] / adds)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("coding", CODINGS)
def test_networks_that_step_against_a_plain_count_of_their_trains(coding, seed):
    network = random_timed_network(seed, sent=coding)
    x = random_samples(network, 2)
    run = network.run(x, record=True)
    found = evaluate(network, x, [0, 0]).energy
    rows = {row.name: row for row in found.layers}
    for layer in network.layers:
        counts = np.zeros(3, int)
        for sample in range(2):
            trains = {each.name: run.trains(each.name)[sample] for each in network.layers[:-1]}
            spikes = {name: (train > 0).sum(axis=0) for name, train in trains.items()}
            graded = {name: (train > 1).sum(axis=0) for name, train in trains.items()}
            held = {name: np.zeros(train.shape[1:], int) for name, train in trains.items()}
            if coding in ("constant", "once"):
                held["input"] = np.minimum(spikes["input"], 1)
                spikes["input"] = graded["input"] = np.zeros_like(held["input"])
            counts += [operations(network, layer, each) for each in (spikes, graded, held)]
        row = rows[layer.name]
        assert [2 * row.exact, 2 * row.multiplied, 2 * row.input_macs] == counts.tolist()
    assert (found.input_macs > 0) == (coding in ("constant", "once"))


def test_graded_spikes_that_were_not_counted_cost_what_the_weighting_says():
    network = random_timed_network(2, sent="events")
    run = network.run(random_samples(network, 2), record=True)
    spikes = {
        name: code.counts(codes).sum(axis=0, dtype=np.int64)
        for name, (code, codes) in run.recorded.items()
    }
    found = energy(network, spikes, 2)
    assert found.multiplied == found.exact > 0
