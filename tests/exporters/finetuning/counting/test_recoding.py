"""The primitive conversion: thresholds of a / T, spikes that stand for activations."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from exporters import convert
from exporters.finetuning.counting.recoding import BITS, CONVERSION, STEPS_MAX, recoded
from exporters.passes.pipeline import prepare
from onespike_lava.errors import OptionError, UnsupportedError
from tests.exporters.finetuning.trained import counted, samples
from tests.sources import cnn


def activations(names):
    """Of the source, by the layer that codes them, float64[N, ...]."""
    found, x = {}, samples()[0][:80]
    graph = prepare(cnn())[0]

    def observe(node, value):
        if node.op == "relu" and node.inputs[0] in names:
            found[node.inputs[0]] = np.asarray(value, np.float64)

    graph.evaluate(x, observe)
    return found


@pytest.mark.parametrize("steps", [4, 32])
def test_a_spike_stands_for_the_percentile_over_the_steps(steps):
    net = counted(steps)
    known = activations([layer.name for layer in net.layers])
    assert len(known) == 4
    for layer in net.layers:
        if layer.name in known:
            worth = layer.threshold.base * layer.scale * steps
            expected = np.quantile(known[layer.name], 0.999, method="higher")
            np.testing.assert_allclose(worth, expected, rtol=0.1)


def test_counts_are_activations_over_enough_steps():
    net, x = counted(64), samples()[0][:80]
    run = net.run(x, "numba", record=True)
    known = activations([layer.name for layer in net.layers])
    for layer in net.layers:
        if layer.name in known:
            counts = run.trains(layer.name).sum(1) * (layer.threshold.base * layer.scale)[0]
            real = known[layer.name].clip(max=counts.max()).reshape(counts.shape)
            assert np.corrcoef(counts.ravel(), real.ravel())[0, 1] > 0.95, layer.name
    logits = run.scores * net.output_scale
    assert np.corrcoef(logits.ravel(), cnn().evaluate(x).ravel())[0, 1] > 0.9


def test_the_image_enters_once_and_the_bias_in_equal_parts():
    steps = 6
    net = counted(steps)
    assert net.input.coding == "once"
    source = convert(cnn(), samples()[0][:80], phases=BITS, **CONVERSION).network
    for layer, before in zip(net.layers[1:], source.layers[1:], strict=True):
        if not layer.synapses:
            continue
        parts = layer.integration
        drive = np.zeros(1) if parts.drive is None else parts.drive
        image = layer.synapses[0].source == 0
        assert ((parts.bias >= 0) & (parts.bias < steps)).all() or (image and not drive.any())
        share = 1 if image else steps / 2**BITS
        whole = np.rint(before.bias * share)
        np.testing.assert_array_equal(parts.bias + steps * drive, whole)


def test_what_it_does_not_do_is_told():
    net = convert(cnn(), samples()[0][:80], phases=BITS, **CONVERSION).network
    for steps in (0, STEPS_MAX + 1, 2.5, True):
        with pytest.raises(OptionError, match=r"phases: .* whole number of 1\.\.64"):
            recoded(net, steps)
    with pytest.raises(UnsupportedError, match="spike counts has no part for Timed"):
        recoded(recoded(net, 4), 4)
    assert recoded(replace(net, provenance=()), 4).phases == 4
