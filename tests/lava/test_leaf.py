"""The leaf: payloads gathered over a sample and multiplied once send what single steps do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from onespike_lava.processes.leaf.linear import linear
from onespike_lava.processes.leaf.network import NetworkSteps
from onespike_lava.processes.leaf.steps import FIXED, FLOATING
from tests.lava.architectures import ARCHITECTURES, build

pytestmark = pytest.mark.lava


def gathered(steps: NetworkSteps) -> list[bool]:
    return [each is not None for each in steps.gathering]


@pytest.mark.parametrize("numbers", [FIXED, FLOATING], ids=["fixed", "floating"])
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("wait", [12, 11])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_step_sends_the_same(architecture, wait, several, numbers):
    """Whatever comes in, in any phase, of sample after sample."""
    network = build(architecture, several=several)
    whole, single = (NetworkSteps(network, wait, numbers) for _ in range(2))
    assert any(gathered(whole))
    single.gathering = [None] * len(network.layers)
    rng = np.random.default_rng(wait)
    spikes = 0
    for step in range(1, 150):
        data = rng.integers(0, 2, network.input.shape) * rng.integers(0, 20, network.input.shape)
        data = (data * (rng.random() < 0.7)).astype(numbers.state)
        for one, two in zip(whole.step(step, data), single.step(step, data), strict=True):
            assert (one is None) == (two is None)
            if one is not None:
                np.testing.assert_array_equal(one, two)
                spikes += np.count_nonzero(one)
    assert spikes > 100


def test_layers_that_decide_on_the_way_are_not_gathered():
    """A layer behind the input decides when its 8 bits are there, others after all phases."""
    network = build("dense")
    assert gathered(NetworkSteps(network, 12)) == [False, True, True, True]
    assert gathered(NetworkSteps(network, 10)) == [False, True, False, True]
    assert gathered(NetworkSteps(network, 6)) == [False, False, False, True]
    assert not any(gathered(NetworkSteps(build("dense", "membrane"), 12)))


def test_a_sample_is_multiplied_once(monkeypatch):
    network, calls = build("conv"), []

    def counted(synapse, shape, real):
        product = linear(synapse, shape, real)
        return lambda sent: calls.append(synapse) or product(sent)

    monkeypatch.setattr("onespike_lava.processes.leaf.network.linear", counted)
    steps = NetworkSteps(network, 12)
    data = np.ones(network.input.shape, np.int32)
    for step in range(1, 1 + 13):
        steps.step(step, data)
    assert calls == [network.layers[1].synapses[0]]
