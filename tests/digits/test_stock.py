"""The shipped model composed of Lava's own processes: every code and every score."""

import pytest

pytestmark = pytest.mark.lava

SAMPLES = 5


def test_stock_composition_equals_numpy(network, split, monkeypatch):
    pytest.importorskip("lava.magma", reason="lava-nc needs Python 3.10")
    from onespike_lava.processes.stock import run

    monkeypatch.setenv("ONESPIKE_LAVA_TIMEOUT", "120")
    expected = network.run(split[2][:SAMPLES], "numpy", record=True)
    found = run(network, expected.codes[network.input.name], record=True, shared=False)
    assert (found.scores == expected.scores).all()
    assert list(found.spikes) == list(expected.spikes.values())
    for name, codes in zip(expected.codes, found.codes, strict=True):
        assert (codes == expected.codes[name]).all(), name
