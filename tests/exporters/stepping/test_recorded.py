"""Spikes that whole networks sent in their libraries (`tests/libraries/record_networks.py`).

The module of `exporters.training` sends those of the trained network; integers, twin and engines
those of the library's neurons on the same integers.
"""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors.torch")
pytest.importorskip("sklearn")

from exporters import twin
from onespike_lava import load
from tests.exporters.stepping.shipped import MODULES, PLACE, STEPS, trained
from tests.exporters.stepping.trains import digits, recorded


@pytest.mark.parametrize("name", MODULES)
def test_the_source(name):
    module, found = trained(name).double(), {}
    for layer, each in module.named_modules():
        if each.__class__.__name__ in ("IF", "LIF"):
            each.register_forward_hook(lambda m, a, out, to=layer: found.update({to: out}))
    with torch.no_grad():
        module(torch.from_numpy(digits()).double())
    known = recorded(name, "source")
    assert set(known) == set(found)
    for layer, sent in known.items():
        assert sent.mean() > 0.05
        assert np.array_equal(found[layer].transpose(0, 1).numpy().reshape(sent.shape), sent), layer


@pytest.mark.parametrize("name", ["jelly_lif", "jelly_if", "torch_if"])
def test_the_integers(name):
    network, x, known = load(PLACE / f"{name}.net"), digits(), recorded(name, "integers")
    trains = twin(network).trains(torch.from_numpy(x))
    for engine in ("numba", "numpy", "reference"):
        some = x[:2] if engine == "reference" else x
        run = network.run(some, engine=engine, record=True)
        for layer, sent in known.items():
            found = run.trains(layer).reshape(len(some), *sent.shape[1:])
            assert np.array_equal(found, sent[: len(some)]), (engine, layer)
            assert sent.mean() > 0.05
    for layer, sent in known.items():
        assert np.array_equal(trains[layer].detach().numpy().reshape(sent.shape), sent), layer
    assert len(known) == (3 if name == "jelly_lif" else 2)
    assert network.phases == STEPS
