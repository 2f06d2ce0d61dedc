"""Networks that Intel trained, in Lava: spike for spike as on engine numpy, as Intel recorded."""

from dataclasses import replace

import numpy as np
import pytest

import onespike_lava
from onespike_lava.evaluation.comparison import first_difference
from tests.plain import DATA, TRUTH

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")
pytestmark = pytest.mark.lava


@TRUTH
def test_pilotnet():
    network = onespike_lava.load(DATA / "pilotnet_lif.net", steps=17)
    with np.load(DATA / "pilotnet_lif_truth.npz") as file:
        x = (file["image"].transpose(2, 1, 0) - 36) / 40  # noted is 40 x + 36
    runs = [network.run(x[None], engine, record=True) for engine in ("lava", "numpy")]
    assert first_difference(*runs) is None
    assert sum(runs[0].spikes.values()) > 1000


@TRUTH
def test_a_window_of_ntidigits():
    network = replace(onespike_lava.load(DATA / "ntidigits.net"), phases=150)
    with np.load(DATA / "ntidigits_truth.npz") as file:
        sent = file["input"].T[:150]
    x = sent.reshape(1, 150, *network.input.shape).astype(np.uint8)
    runs = [network.run(x, engine, record=True) for engine in ("lava", "numpy")]
    assert first_difference(*runs) is None
    assert runs[0].trains("dense_4").any()
