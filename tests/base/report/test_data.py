"""A report's data against plain counts."""

import numpy as np
import pytest

from onespike_lava.evaluation import tally as evaluation
from onespike_lava.layers import Input
from onespike_lava.report import gather, page
from onespike_lava.report.data import ROWS
from onespike_lava.schedule import schedule
from tests.base.report.networks import data
from tests.graphs import random_graph_network
from tests.networks import random_network, random_samples


@pytest.mark.parametrize("several", [False, True])
def test_phases_against_a_plain_count(several):
    network = random_network(4, phases=16, several=several)
    x, y = data(network)
    found = gather(network, x, y)
    run = network.run(x, record=True)
    for position, layer in enumerate(network.layers[:-1]):
        expected = np.zeros(network.code(position).steps + 1, np.int64)
        codes = run.codes[layer.name]
        if isinstance(layer, Input):
            for value in codes.reshape(-1).tolist():
                expected[0] += value == 0
                for phase in range(1, layer.bits + 1):
                    expected[phase] += value >> (layer.bits - phase) & 1
        else:
            by_neuron = codes.reshape(len(x), -1, int(np.prod(layer.shape)))
            for spikes in by_neuron.transpose(0, 2, 1).reshape(-1, by_neuron.shape[1]).tolist():
                expected[0] += not any(spikes)
                for phase in filter(None, spikes):
                    expected[phase] += 1
        assert found.phases[layer.name].tolist() == expected.tolist()
        assert expected[1:].sum() == run.spikes[layer.name]


def test_blocks_give_the_same(monkeypatch):
    network = random_network(2, phases=8)
    x, y = data(network, 7)
    whole = gather(network, x, y)
    monkeypatch.setattr(evaluation, "BLOCK", 3)
    parts = gather(network, x, y)
    assert parts.summary() == whole.summary()
    assert parts.samples == whole.samples == 7
    assert all(
        (parts.raster.marks[name] == whole.raster.marks[name]).all() for name in parts.phases
    )


def test_raster_shows_spikes_at_their_steps():
    network = random_network(2, phases=8)
    x, y = data(network, 2)
    found = gather(network, x, y, wait=5).raster
    run, slots = network.run(x, wait=5, record=True), schedule(network, 5)
    assert found.steps == slots[-1].integrate + network.phases
    for position, layer in enumerate(network.layers[1:-1], 1):
        codes = run.codes[layer.name][0].reshape(-1)
        spiked = np.flatnonzero(codes)
        assert found.spiked[layer.name] == len(spiked)
        assert found.shown[layer.name] == min(ROWS, len(spiked))
        chosen = spiked[np.linspace(0, len(spiked) - 1, found.shown[layer.name]).astype(int)]
        steps = slots[position].fire + codes[chosen].astype(int)
        assert sorted(found.marks[layer.name].tolist()) == [list(e) for e in enumerate(steps)]
        start = slots[position].fire
        assert found.windows[layer.name] == (start + 1, start + network.phases)


def test_a_graph_is_one_sample():
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    network = random_graph_network(1, phases=8)
    places = int(np.prod(network.readout.shape[1:]))
    mask = np.arange(places) < 4
    found = gather(network, random_samples(network, 1), np.zeros(places, int), mask=mask)
    assert "nodes of a graph" in page(found)
    assert len(found.evaluation.predictions) == 4
