"""Networks that Intel trained, against what was recorded of them."""

from dataclasses import replace

import numpy as np
import pytest

import onespike_lava
from onespike_lava.errors import (
    OneSpikeWarning,
)
from onespike_lava.netx import lavadl
from tests.plain import DATA, TRUTH

PILOTNET = {
    "input_0": "input",
    **{f"conv_{number + 1}": f"conv_{number}" for number in range(5)},
    **{f"dense_{number + 7}": f"fc_{number}" for number in range(3)},
}


@TRUTH
@pytest.mark.parametrize("engine", ["reference", "numpy"])
def test_pilotnet_is_what_intel_recorded(engine):
    """Spikes, u and v of every layer in every step of the first sample, 17 steps of its own.

    A layer's first step is one behind its source's; potentials are noted before the reset.
    """
    network = onespike_lava.load(DATA / "pilotnet_lif.net", steps=17)
    assert network.proven
    with np.load(DATA / "pilotnet_lif_truth.npz") as file:
        truth = {key: file[key].transpose(*reversed(range(file[key].ndim))) for key in file}
    x = (truth["image"] - 36) / 40  # noted is 40 x + 36
    run = network.run(x[None], engine=engine, record=True, traces=True)
    seen = 0
    for late, (name, key) in enumerate(PILOTNET.items()):
        steps = min(17, 24 - late)
        spikes = truth[key][late : late + steps]
        assert (run.trains(name)[0, :steps] == spikes).all(), name
        if key != "input":
            u, v = (truth[f"{key}_{state}"][late : late + steps] for state in "uv")
            assert (run.currents[name][0, :steps] == u).all(), name
            assert ((run.potentials[name][0, :steps] == v) | spikes).all(), name
        seen += spikes.size
    assert seen > 2_500_000
    compiled = network.run(x[None], engine="numba", record=True)  # spikes; it notes no states
    for name in PILOTNET:
        assert (compiled.trains(name) == run.trains(name)).all(), name
    assert (compiled.scores == run.scores).all()


@TRUTH
def test_pilotnet_is_written_as_it_was_read():
    network = onespike_lava.load(DATA / "pilotnet_lif.net")
    assert lavadl.from_tree(lavadl.to_tree(network)) == network


@TRUTH
@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_ntidigits_is_what_intel_recorded(engine):
    """All 3,000 steps; the record is 4 steps behind layers without steps of their own."""
    network = onespike_lava.load(DATA / "ntidigits.net")
    assert (network.phases, network.proven) == (3000, True)
    with np.load(DATA / "ntidigits_truth.npz") as file:
        sent, expected = file["input"].T, file["output"].T
    x = sent.reshape(1, 3000, *network.input.shape).astype(np.uint8)
    run = network.run(x, engine=engine, record=True)
    found = run.trains("dense_4")[0]
    assert found.sum() == 22_572
    assert (found[:-4] == expected[4:]).all()
    assert not expected[:4].any()
    assert (run.scores[0] == found.reshape(3000, 11, 22).sum(axis=(0, 2))).all()
    window = replace(network, phases=200)
    part = window.run(x[:, :200], engine="reference", record=True).trains("dense_4")[0]
    assert part.any()
    assert (part == found[:200]).all()


@TRUTH
def test_mnist_runs_without_a_proof():
    with pytest.warns(OneSpikeWarning) as warned:
        network = onespike_lava.load(DATA / "mnist.net")
    assert not network.proven
    assert any("layer 1 (dense_0): a state can reach" in str(each.message) for each in warned)
    x = (np.random.default_rng(0).random((3, 32, 784)) < 0.1).astype(np.uint8)
    numpy, reference = (network.run(x, engine=name) for name in ("numpy", "reference"))
    assert numpy.scores.any()
    assert (numpy.scores == reference.scores).all()
