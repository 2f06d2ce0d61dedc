"""The default model: its accuracies, and all engines equal on its real test images."""

import hashlib
import re

import numpy as np
import pytest

from exporters import export
from onespike_lava import netx
from onespike_lava.engines.reference import run as reference_run
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.evaluation.tally import evaluate
from tests import DIGITS
from tests.digits.conftest import module

WAITS = (16, 10, 4)
LAVA_SAMPLES = 10


def test_accuracy(conversions, split):
    _, _, x, y = split
    found = conversions["graded"]
    assert len(y) >= 500
    ann = int((found.source.evaluate(x).argmax(1) == y).sum())
    assert ann / len(y) >= 0.98
    spiking = evaluate(found.network, x, y)
    assert spiking.correct >= ann - 2
    assert int((found.simulate(x).argmax(1) == y).sum()) >= ann - 2
    assert 0.2 < spiking.spikes_per_neuron < 0.6
    assert spiking.clipped == 0
    assert spiking.rounding < 1e-5


def test_membrane_weighting_is_as_accurate(conversions, split):
    _, _, x, y = split
    graded, membrane = (
        evaluate(conversions[name].network, x, y).correct for name in ("graded", "membrane")
    )
    assert membrane >= graded - 3


def test_the_shipped_file_is_what_the_exporter_makes(conversions, network, split, tmp_path):
    """Matrix products of another machine may move a weight by a step, not more."""
    found = conversions["graded"].network
    demo = module("demo")
    assert demo.moved_weights(found, network) <= demo.weights(network) / 100
    for one, two in zip(demo.synapses(found), demo.synapses(network), strict=True):
        assert np.abs(one.weight.astype(int) - two.weight).max() <= 1
    again = export(DIGITS / "digits.onnx", split[0][:500], tmp_path / "again.net")
    assert (tmp_path / "again.net").read_bytes() == netx.to_bytes(found)
    assert again == found


def test_the_card_tells_the_truth(conversions, network, split):
    """Figures and checksums of CARD.md."""
    _, _, x, y = split
    card = (DIGITS / "CARD.md").read_text()
    for name in ("digits.onnx", "digits.net"):
        assert hashlib.sha256((DIGITS / name).read_bytes()).hexdigest() in card
    found = evaluate(network, x, y)
    ann = int((conversions["graded"].source.evaluate(x).argmax(1) == y).sum())
    figures = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", card, re.MULTILINE))
    assert figures["ANN test accuracy"] == f"{100 * ann / len(y):.2f} %"
    assert figures["one-spike test accuracy"] == f"{100 * found.accuracy:.2f} %"
    assert figures["spikes per neuron"] == f"{found.spikes_per_neuron:.3f}"
    assert figures["test images"] == str(len(y))


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize(("weighting", "images"), [("graded", None), ("membrane", 100)])
def test_numpy_equals_reference(conversions, split, weighting, images, wait):
    """The shipped weighting on every test image with the full wait, on some with shorter ones."""
    network, x = conversions[weighting].network, split[2][: images if wait == 16 else 100]
    expected = network.run(x, "reference", wait, record=True)
    assert first_difference(network.run(x, "numpy", wait, record=True), expected) is None


@pytest.mark.lava
@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("weighting", ["graded", "membrane"])
def test_lava_equals_numpy(conversions, split, weighting, wait):
    """Leaf and hierarchy, every code and score, samples pipelined."""
    pytest.importorskip("lava.magma", reason="lava-nc needs Python 3.10")
    from onespike_lava.processes.engine import run_model

    network, x = conversions[weighting].network, split[2][:LAVA_SAMPLES]
    expected = network.run(x, "numpy", wait, record=True)
    data = expected.codes[network.input.name]
    for model in ("leaf", "hierarchy"):
        found = run_model(network, data, wait, True, model)
        assert (found.scores == expected.scores).all()
        assert found.spikes == list(expected.spikes.values())
        for name, codes in zip(expected.codes, found.codes, strict=True):
            assert (codes == expected.codes[name]).all(), (model, name)


def test_a_late_spike_in_the_data_path_is_found(conversions, split):
    """The comparisons above can fail."""
    network, x = conversions["graded"].network, split[2][:4]
    expected = network.run(x, "numpy", record=True)
    data = expected.codes[network.input.name].copy()
    data[0, 0, 4, 4] ^= 1
    found = reference_run(network, data, 16, True)
    assert not all(
        (a == b).all() for a, b in zip(found.codes, expected.codes.values(), strict=True)
    )


def test_wait_is_honoured(conversions, split):
    """A short wait costs accuracy: late and false spikes (Table VIII)."""
    network, (_, _, x, y) = conversions["graded"].network, split
    correct = [evaluate(network, x, y, wait=wait).correct for wait in (0, 4, 16)]
    assert correct[0] < correct[1] <= correct[2]


def test_split_is_stratified(split):
    x_train, y_train, x_test, y_test = split
    assert (np.bincount(y_test) > 50).all()
    both = {image.tobytes() for image in x_train} & {image.tobytes() for image in x_test}
    assert len(both) == 0
    assert len(y_train) + len(y_test) == 1797
    assert len(y_train) >= module("data").CALIBRATION
