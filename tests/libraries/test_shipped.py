"""The shipped networks, from the libraries that they were trained in."""

import runpy
import sys

import numpy as np
import pytest
import torch

pytest.importorskip("spikingjelly", reason="make test-libraries has the libraries")
pytest.importorskip("snntorch")

from safetensors.torch import load_file

from exporters import convert_spiking
from exporters.frontends.spiking.neurons import fresh
from onespike_lava import load
from tests import ROOT

PLACE = ROOT / "netx_models" / "digits-steps"
NAMES = ("jelly_lif", "jelly_if", "torch_leaky", "torch_if")


@pytest.mark.parametrize("name", NAMES)
def test_a_network_and_its_integers(name, monkeypatch):
    monkeypatch.syspath_prepend(str(PLACE))
    sys.modules.pop("models", None)
    module = runpy.run_path(str(PLACE / "models.py"))["FACTORIES"][name]()
    module.load_state_dict(load_file(str(PLACE / f"{name}.safetensors")))
    module.eval()
    split = runpy.run_path(str(ROOT / "netx_models" / "digits" / "data.py"))["split"]
    images, _, test, labels = split()
    fresh(module)
    with torch.no_grad():
        known = module(torch.from_numpy(test)).argmax(1).numpy()
    shipped = load(PLACE / f"{name}.net")
    found = shipped.predict(test)
    assert abs(np.mean(known == labels) - np.mean(found == labels)) <= 0.003
    assert np.mean(known == found) > 0.99
    made = convert_spiking(module, images[:500])
    assert np.mean(made.network.predict(test) == found) > 0.995
    assert max(each.alone for each in made.check.flips) < 1
