"""The sentence and the numbers at the top."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.report import Numbers, gather
from onespike_lava.report.verdict import verdict
from tests.base.report.networks import compared, data, small, stepping
from tests.networks import random_samples


def values(report):
    return {each.what: each.value for each in verdict(report).numbers}


def test_of_labelled_samples_beside_their_source():
    network = small([])
    x, _ = data(network, 20)
    y = network.predict(x)
    y[:2] += np.where(y[:2] == 4, -1, 1)
    source = y.copy()
    source[0] = network.predict(x)[0]
    against = replace(compared(network), ann=0.95, classes=source)
    said = verdict(gather(network, x, y, comparison=against))
    assert said.sentence == (
        "The network puts 18 of 20 samples in the right class, 1 fewer than its source network "
        "(1 became wrong, 0 became right), and exceeds no public limit of Loihi 2."
    )
    assert [(each.value, each.what, each.beside) for each in said.numbers[:2]] == [
        ("90.00 %", "accuracy", "source network 95.00 %"),
        ("5.00 %", "changed class", "1 in all"),
    ]
    assert len(said.numbers) == 4


def test_of_labelled_samples_alone_and_of_none():
    network = small([])
    x, _ = data(network, 4)
    alone = gather(network, x, network.predict(x))
    assert verdict(alone).sentence.startswith("The network puts 4 of 4 samples in the right class,")
    assert list(values(alone)) == [
        "accuracy",
        "spikes per neuron",
        "energy ratio",
        "steps until scores",
    ]
    bare = gather(network, x)
    assert verdict(bare).sentence.startswith("The network was run on 4 samples without labels, and")
    assert len(values(bare)) == 4


def test_of_targets_that_are_numbers():
    network = small([])
    x, _ = data(network, 4)
    y = np.random.default_rng(0).normal(size=(4, network.readout.shape[0]))
    against = replace(compared(network), ann=None, ann_numbers=Numbers(0.25, 0.5))
    report = gather(network, x, y, comparison=against)
    said = verdict(report)
    assert f"R\u00b2 of {report.evaluation.r2:.4f}" in said.sentence
    assert "(its source network 0.5000)" in said.sentence
    assert said.numbers[0].beside == "source network 0.25"


def test_of_a_network_that_steps():
    pytest.importorskip("matplotlib")
    network = stepping()
    x = random_samples(network, 5)
    report = gather(network, x, network.predict(x))
    assert "stays within a percentage point of that from step" in verdict(report).sentence
    assert "steps until accuracy stays" in values(report)


def test_limits_that_are_exceeded_are_counted():
    network = small([])
    x, y = data(network)
    report = gather(network, x, y)
    report = replace(report, violations=[None, None])
    assert verdict(report).sentence.endswith("and exceeds 2 public limits of Loihi 2.")
