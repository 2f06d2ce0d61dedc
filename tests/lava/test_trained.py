"""Networks that Intel trained, in Lava: spike for spike as on engine numpy, as Intel recorded."""

from dataclasses import replace

import numpy as np
import pytest

import onespike_lava
from onespike_lava.data.encoding import Samples
from onespike_lava.engines import numpy as yardstick
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.loihi.price import price
from tests.plain import DATA, TRUTH

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")
pytestmark = pytest.mark.lava

from onespike_lava.processes import stock  # noqa: E402


@TRUTH
def test_pilotnet():
    network = onespike_lava.load(DATA / "pilotnet_lif.net", steps=17)
    with np.load(DATA / "pilotnet_lif_truth.npz") as file:
        x = (file["image"].transpose(2, 1, 0) - 36) / 40  # noted is 40 x + 36
    runs = [network.run(x[None], engine, record=True) for engine in ("lava", "numpy")]
    assert first_difference(*runs) is None
    assert sum(runs[0].spikes.values()) > 1000


@pytest.mark.long
@TRUTH
def test_pilotnet_of_stock_processes():
    """Every neuron Lava's own, 158,509 of them, as the network was trained for; two samples."""
    network = onespike_lava.load(DATA / "pilotnet_lif.net", steps=4)
    with np.load(DATA / "pilotnet_lif_truth.npz") as file:
        x = (file["image"].transpose(2, 1, 0) - 36) / 40
    data = Samples(network.input, np.stack([x, x[..., ::-1]]), network.phases)[:]
    found = stock.run(network, data, record=True, shared=False)
    expected = yardstick.run(network, data, 0, True)
    np.testing.assert_array_equal(found.scores, expected.scores)
    for one, two in zip(found.codes, expected.codes, strict=True):
        np.testing.assert_array_equal(one, two)
    assert min(expected.spikes) > 0
    assert price(network).layers[-1].neurons == 158_509


@TRUTH
def test_a_window_of_ntidigits():
    network = replace(onespike_lava.load(DATA / "ntidigits.net"), phases=150)
    with np.load(DATA / "ntidigits_truth.npz") as file:
        sent = file["input"].T[:150]
    x = sent.reshape(1, 150, *network.input.shape).astype(np.uint8)
    runs = [network.run(x, engine, record=True) for engine in ("lava", "numpy")]
    assert first_difference(*runs) is None
    assert runs[0].trains("dense_4").any()
