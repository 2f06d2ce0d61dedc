"""Every engine gives the integers of the slow reference; a planted fault is found."""

import numpy as np
import pytest

from onespike_lava import running
from onespike_lava.engines import numpy as vectorised
from onespike_lava.engines import products, reference
from onespike_lava.errors import DataError, OptionError
from onespike_lava.evaluation.comparison import first_difference
from tests import ROOT
from tests.late import one_phase_late_once
from tests.networks import random_network, random_samples


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
@pytest.mark.parametrize("seed", range(12))
def test_numpy_equals_reference(seed, weighting):
    network = random_network(seed, weighting)
    x = random_samples(network, 9, seed)
    phases = network.phases
    fired = 0
    for wait in {0, phases // 4, 5 * phases // 8, phases - 1, phases}:
        expected = network.run(x, "reference", wait, record=True)
        found = network.run(x, "numpy", wait, record=True)
        assert first_difference(found, expected) is None
        assert found.spikes == expected.spikes
        assert found.scores.dtype == expected.scores.dtype == np.int64
        fired += sum(n for name, n in found.spikes.items() if name.startswith("spiking"))
    assert fired > 0 or phases < 8


def test_short_wait_changes_spikes():
    """Late and false spikes come out of the simulation (Sec. V-C2)."""
    network = random_network(3, phases=16)
    x = random_samples(network, 20)
    full = network.run(x, "reference", 16, record=True)
    assert first_difference(network.run(x, "reference", 2, record=True), full) is not None


def test_codes_are_phases_and_spikes_their_count():
    network = random_network(1, phases=16)
    x = random_samples(network, 5)
    run = network.run(x, record=True)
    for layer in network.layers[1:-1]:
        codes = run.codes[layer.name]
        assert codes.shape == (5, *layer.shape)
        assert codes.dtype == np.uint8
        assert codes.max() <= 16
        assert run.spikes[layer.name] == np.count_nonzero(codes)
    bits = sum(bin(int(n)).count("1") for n in run.codes["input"].ravel())
    assert run.spikes["input"] == bits


def test_planted_fault_is_found(monkeypatch):
    network = random_network(3, phases=16)
    x = random_samples(network, 4)
    expected = network.run(x, "reference", record=True)
    assert first_difference(network.run(x, "numpy", record=True), expected) is None
    monkeypatch.setattr(vectorised, "run", one_phase_late_once(vectorised.run))
    found = first_difference(network.run(x, "numpy", record=True), expected)
    assert found is not None
    assert found.layer == "spiking1"
    assert found.values[0] == found.values[1] + 1
    assert found.count == 1
    assert str(found).startswith("layer spiking1, sample 0, neuron [")


def test_result_does_not_depend_on_blocks(monkeypatch):
    network = random_network(5)
    x = random_samples(network, 7)
    whole = network.run(x, "numpy", record=True)
    monkeypatch.setattr(vectorised, "BLOCK_BYTES", 1)
    parts = network.run(x, "numpy", record=True)
    assert first_difference(whole, parts) is None
    assert whole.spikes == parts.spikes


def test_the_reference_takes_fewer_samples_of_large_layers(monkeypatch):
    network, sizes = random_network(5), []
    x = random_samples(network, 7)
    run = reference._run_block
    monkeypatch.setattr(
        reference,
        "_run_block",
        lambda net, data, wait: sizes.append(len(data)) or run(net, data, wait),
    )
    whole = network.run(x, "reference", record=True)
    largest = max(np.prod(layer.shape) for layer in network.layers)
    monkeypatch.setattr(reference, "BLOCK_BYTES", 3 * 16 * network.phases * largest)
    assert first_difference(network.run(x, "reference", record=True), whole) is None
    assert sizes == [7, 3, 3, 1]


@pytest.mark.parametrize("seed", range(4))
def test_result_does_not_depend_on_how_kernels_are_taken(seed, monkeypatch):
    network = random_network(seed)
    x = random_samples(network, 7)
    unfolded = network.run(x, "numpy", record=True)
    monkeypatch.setattr(products, "TAPS_BYTES", 0)
    tap_by_tap = network.run(x, "numpy", record=True)
    assert first_difference(unfolded, tap_by_tap) is None


def test_sample_alone_equals_sample_among_others():
    network = random_network(7)
    x = random_samples(network, 6)
    together = network.run(x).scores
    alone = np.concatenate([network.run(x[i : i + 1]).scores for i in range(6)])
    assert (together == alone).all()


@pytest.mark.parametrize("engine", ["numpy", "reference", "numba"])
def test_no_samples(engine):
    network = random_network(2)
    run = network.run(random_samples(network, 0), engine, record=True)
    assert run.scores.shape == (0, 5)
    assert set(run.spikes.values()) == {0}


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.float32])
def test_any_numeric_layout_gives_one_result(kind):
    network = random_network(8, phases=4)
    x = np.rint(random_samples(network, 4) * 15) / 15
    expected = network.run(x).scores
    wide = np.zeros((8, *x.shape[1:]), kind)
    wide[::2] = x
    assert (network.run(wide[::2]).scores == expected).all()
    assert (network.run(np.asfortranarray(x.astype(kind))).scores == expected).all()


def test_predictions_are_the_largest_scores():
    network = random_network(2, phases=16)
    x = random_samples(network, 6)
    assert (network.predict(x, engine="reference") == network.run(x).scores.argmax(1)).all()


def test_bad_engine_wait_and_samples():
    network = random_network(0, phases=16)
    x = random_samples(network, 2)
    with pytest.raises(OptionError, match=r"^engine: 'gpu' is not one of auto, numpy, ref"):
        network.run(x, "gpu")
    message = r"is outside 0..16, the network's phases; give a whole number of them$"
    for wait in (-1, 1.0, 2.5, "3"):
        with pytest.raises(OptionError, match=rf"^wait: {wait!r} {message}"):
            network.run(random_samples(network, 1), "numpy", wait=wait)
    with pytest.raises(OptionError, match=f"^wait: 17 {message}"):
        network.run(x, wait=17)
    with pytest.raises(DataError, match=r"^x: shape \(2, 2\) does not match \[N, 2, "):
        network.run(x[:, :, 0, 0])
    with pytest.raises(DataError, match=r"^x: 1 values are NaN or infinite; clean the data$"):
        network.run(np.where(np.arange(x.size).reshape(x.shape) == 3, np.nan, x))
    with pytest.raises(DataError, match=r"^x: type object is not numeric"):
        network.run(x.astype(object))


def test_every_named_engine_has_a_module():
    for name in running.ENGINES:
        path = ROOT.joinpath(*running.ENGINES[name].split("."))
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
    assert running.AUTO in running.ENGINES
