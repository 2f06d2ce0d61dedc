"""Parity: both models of `OneSpikeNetwork` compute the integers of the other engines."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from lava.magma.core.process.process import ProcessServer

from onespike_lava.engines import numpy, reference
from onespike_lava.errors import OptionError
from onespike_lava.netx import load
from onespike_lava.neurons import firing
from onespike_lava.processes import engine as lava
from tests import ROOT
from tests.graphs import random_graph_network
from tests.lava.architectures import ARCHITECTURES, build, integers
from tests.lava.parity import check_same
from tests.networks import random_network

pytestmark = pytest.mark.lava

WAITS = (12, 10, 4, 0)
HIERARCHY_WAITS = {"graded": (12, 4), "membrane": (10,)}
"""Fewer for the hierarchy, whose runs start an operating-system process per Process."""


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("weighting", ["graded", "membrane"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_parity(architecture, weighting, wait):
    network = build(architecture, weighting)
    data = integers(network, 3)
    expected = reference.run(network, data, wait, True)
    assert min(expected.spikes) > 0
    check_same(numpy.run(network, data, wait, True), expected)
    check_same(lava.run(network, data, wait, True), expected)
    if wait in HIERARCHY_WAITS[weighting]:
        check_same(lava.run_model(network, data, wait, True, "hierarchy"), expected)


@pytest.mark.parametrize("model", lava.MODELS)
@pytest.mark.parametrize("architecture", ["dense", "residual"])
def test_parity_of_several_spikes(architecture, model):
    network = build(architecture, several=True)
    data = integers(network, 3)
    assert max(layer.max_spikes for layer in network.layers[1:-1]) > 1
    for wait in (12, 5, 0):
        expected = reference.run(network, data, wait, True)
        check_same(lava.run_model(network, data, wait, True, model), expected)


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
@pytest.mark.parametrize("seed", range(4))
def test_parity_of_drawn_networks(seed, weighting):
    network = random_network(seed, weighting)
    data = integers(network, 4, seed)
    for wait in (network.phases, 0, network.phases // 2):
        expected = reference.run(network, data, wait, True)
        check_same(lava.run(network, data, wait, True), expected)
    check_same(lava.run_model(network, data, wait, True, "hierarchy"), expected)


@pytest.mark.parametrize(("seed", "weighting"), [(1, "graded"), (2, "membrane")])
def test_parity_of_graph_networks(seed, weighting):
    """Sums over neighbours, values of either sign in pairs, a readout per place."""
    network = random_graph_network(seed, weighting, phases=8)
    data = integers(network, 2, seed)
    expected = reference.run(network, data, 3, True)
    assert min(expected.spikes) > 0
    for model in lava.MODELS:
        check_same(lava.run_model(network, data, 3, True, model), expected)


@pytest.mark.parametrize("model", lava.MODELS)
def test_samples_do_not_leak_into_each_other(model):
    """A sample gives the same integers after any other and alone."""
    network = build("residual")
    busy, silent = integers(network, 1, seed=1), np.zeros((1, *network.input.shape), np.uint8)
    full = np.full_like(silent, 2**network.input.bits - 1)
    together = np.concatenate([busy, full, silent, full, busy, silent])
    found = lava.run_model(network, together, 4, True, model)
    alone = [lava.run_model(network, part, 4, True, model) for part in (busy, full, silent)]
    for index, part in zip((0, 1, 2, 3, 4, 5), (0, 1, 2, 1, 0, 2), strict=True):
        np.testing.assert_array_equal(found.scores[index], alone[part].scores[0])
        for codes, single in zip(found.codes, alone[part].codes, strict=True):
            np.testing.assert_array_equal(codes[index], single[0])


@pytest.mark.parametrize("model", lava.MODELS)
@pytest.mark.parametrize("fault", ["spikes", "scores"])
def test_planted_fault_is_found(model, fault, monkeypatch):
    """Neurons that fire one phase late, or scores read one step early, are not equal."""
    network = build("conv")
    data = integers(network, 2)
    expected = numpy.run(network, data, 12, True)
    fire, total_steps = firing.fire, lava.total_steps
    if fault == "spikes":
        monkeypatch.setattr(firing, "fire", lambda *given: fire(*given[:2], given[2] - 1))
    else:
        monkeypatch.setattr(lava, "total_steps", lambda *given: total_steps(*given) - 1)
    with pytest.raises(AssertionError):
        check_same(lava.run_model(network, data, 12, True, model), expected)


def test_blocks_are_joined(monkeypatch):
    network = build("dense")
    data = integers(network, 5)
    monkeypatch.setattr(lava, "BLOCK_VALUES", 2 * (6 + 12 + 10 + 4))
    check_same(lava.run(network, data, 12, True), numpy.run(network, data, 12, True))


def test_without_record_counts_but_no_codes():
    network = build("conv")
    data = integers(network, 2)
    expected = numpy.run(network, data, 4, False)
    for model in lava.MODELS:
        found = lava.run_model(network, data, 4, False, model)
        assert found.codes is None
        assert list(found.spikes) == list(expected.spikes)
        np.testing.assert_array_equal(found.scores, expected.scores)


def test_no_samples_start_nothing(monkeypatch):
    network = build("conv")
    monkeypatch.setattr(lava, "_run_block", None)
    found = lava.run(network, np.zeros((0, *network.input.shape), np.uint8), 4, True)
    assert found.scores.shape == (0, 5)
    assert found.spikes == [0, 0, 0, 0]
    assert [codes.shape for codes in found.codes] == [
        (0, *layer.shape) for layer in network.layers[:-1]
    ]


def test_network_run_takes_the_engine():
    network = build("dense")
    x = network.input.low + network.input.step * integers(network, 3)
    found, expected = (network.run(x, engine, record=True) for engine in ("lava", "numpy"))
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert found.spikes == expected.spikes
    assert found.engine == "lava"


def test_unknown_model():
    network = build("dense")
    with pytest.raises(OptionError, match=r"^model: 'cloud' is not one of leaf, hierarchy$"):
        lava.run_model(network, integers(network, 1), 0, False, "cloud")


def test_run_leaves_no_trace_in_lava_or_logging(capfd):
    network = build("dense")
    handlers, processes = logging.getLogger().handlers[:], len(ProcessServer().processes)
    lava.run(network, integers(network, 1), 0, False)
    assert logging.getLogger().handlers == handlers
    assert len(ProcessServer().processes) == processes
    assert capfd.readouterr() == ("", "")


def test_largest_weights_are_exact():
    """Every int8 weight, -128 included, in dense synapses of one sign or two."""
    network = build("dense")
    first, readout = network.layers[1], network.layers[-1]
    weight = np.full_like(first.synapses[0].weight, -128)
    weight[:, ::2] = 127
    edge = replace(first, synapses=(replace(first.synapses[0], weight=weight),))
    negative = np.full_like(readout.synapses[0].weight, -128)
    last = replace(readout, synapses=(replace(readout.synapses[0], weight=negative),))
    network = replace(network, layers=(network.layers[0], edge, network.layers[2], last))
    data = integers(network, 3)
    expected = reference.run(network, data, 12, True)
    for model in lava.MODELS:
        check_same(lava.run_model(network, data, 12, True, model), expected)


def test_resnet20_spike_for_spike():
    """The file of this repository, noise as the image; `tests/benchmarks` has real ones."""
    network = load(ROOT / "netx_models" / "resnet20-cifar10" / "resnet20.net")
    data = integers(network, 1)
    expected = numpy.run(network, data, network.wait, True)
    assert min(expected.spikes) > 100
    check_same(lava.run(network, data, network.wait, True), expected)
