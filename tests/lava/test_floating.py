"""Floating point: the real-valued method, which in exact fractions stands here."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from onespike_lava.engines import numpy, reference
from onespike_lava.layers import Input, MaxPool, Readout, per_neuron
from onespike_lava.processes import Encoder, OneSpikeNetwork
from onespike_lava.schedule import total_steps
from tests.lava.architectures import build, integers
from tests.lava.drive import collect

pytestmark = pytest.mark.lava


def in_fractions(network, data, wait):
    """Scores and codes of the method without rounding (Eq. 1, Alg. 1, Sec. III-B2)."""
    codes = [data]
    for layer in network.layers[1:]:
        if isinstance(layer, MaxPool):
            codes.append(reference.earliest(layer, codes[layer.source]))
            continue
        potentials = exact_potentials(network, layer, codes)
        if isinstance(layer, Readout):
            return potentials[-1].astype(float), codes
        codes.append(reference.fire(potentials, list(reference.thresholds(layer, wait)), wait))
    raise AssertionError("no readout")


def exact_potentials(network, layer, codes):
    growth, arriving = layer.growth, []
    factor = Fraction(growth.mantissa, 2**growth.exponent) if growth else Fraction(1)
    for phase in range(1, network.phases + 1):
        total = np.zeros((len(codes[0]), *layer.shape), np.int64)
        for synapse in layer.synapses:
            sent = reference.sent_in(network, synapse.source, codes[synapse.source], phase)
            total += reference.connect(synapse, sent, layer.shape)
        arriving.append(total.astype(object) * (2**growth.fraction_bits if growth else 1))
    bias = np.zeros_like(arriving[0]) + per_neuron(layer.bias, layer.shape).astype(object)
    steps = growth.steps if growth else 0
    return reference.integrate(arriving, bias, lambda value: value * factor, steps)


def in_lava(network, data, wait, leaf):
    """Scores float64[N, outputs], and what the leaf recorded."""
    samples, first = len(data), total_steps(network, wait, 1)
    process = OneSpikeNetwork(network=network, wait=wait, samples=samples, record=True)
    Encoder.of(network, data, integers=True).s_out.connect(process.inp)
    steps = total_steps(network, wait, samples)
    sent = collect(process.out, steps, "floating_pt", select_sub_proc_model=not leaf)
    scores = np.moveaxis(sent[..., first - 1 :: network.phases], -1, 0)
    return scores.reshape(samples, -1), process


@pytest.mark.parametrize("wait", [12, 5])
@pytest.mark.parametrize("architecture", ["dense", "conv", "residual"])
def test_membrane_weighting_without_rounding(architecture, wait):
    network = build(architecture, "membrane")
    data = integers(network, 2)
    scores, codes = in_fractions(network, data, wait)
    assert isinstance(network.layers[0], Input)
    found, process = in_lava(network, data, wait, leaf=True)
    np.testing.assert_allclose(found, scores.reshape(2, -1), rtol=1e-12)
    for mine, exact in zip(process.codes, codes, strict=True):
        np.testing.assert_array_equal(mine, exact)
    spread, _ = in_lava(network, data, wait, leaf=False)
    np.testing.assert_allclose(spread, found, rtol=1e-12)
    rounded = numpy.run(network, data, wait, False).scores
    assert not np.array_equal(found, rounded)  # integers round what grows


@pytest.mark.parametrize("leaf", [True, False])
def test_graded_weighting_is_exact_in_both(leaf):
    network = build("residual")
    data = integers(network, 2)
    found, _ = in_lava(network, data, 7, leaf)
    np.testing.assert_array_equal(found, numpy.run(network, data, 7, False).scores)
