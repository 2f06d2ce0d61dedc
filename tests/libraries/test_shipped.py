"""The shipped networks, from the libraries that they were trained in."""

import runpy
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("spikingjelly", reason="make test-libraries has the libraries")
pytest.importorskip("snntorch")

from safetensors.torch import load_file

from exporters import convert_spiking
from exporters.frontends.spiking.neurons import fresh
from onespike_lava import load
from onespike_lava.netx import to_bytes
from tests import ROOT
from tests.exporters.stepping.trains import PLACE as TRAINS
from tests.libraries.record_networks import all_of_them

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
    images, classes, test, labels = split()
    fresh(module)
    with torch.no_grad():
        known = module(torch.from_numpy(test)).argmax(1).numpy()
    shipped = load(PLACE / f"{name}.net")
    found = shipped.predict(test)
    assert abs(np.mean(known == labels) - np.mean(found == labels)) <= 0.003
    assert np.mean(known == found) > 0.99
    made = convert_spiking(module, images[:500], labels=classes[:500])
    notes = dict(made.network.provenance) | {
        key: dict(shipped.provenance)[key] for key in ("numpy", "onespike_lava")
    }
    same = replace(made.network, provenance=tuple(sorted(notes.items())))
    assert to_bytes(same) == (PLACE / f"{name}.net").read_bytes()
    assert max(each.alone for each in made.check.flips) < 1


def test_recorded_trains_are_those_of_the_libraries():
    with np.load(TRAINS) as known:
        found = all_of_them()
        assert set(known) == set(found)
        for key, value in found.items():
            assert np.array_equal(known[key], value), key


def test_cifar10_and_its_integers(monkeypatch):
    """All test images, where the data are: accuracies within 0.3 points."""
    place = ROOT / "netx_models" / "cifar10-steps"
    monkeypatch.syspath_prepend(str(place.parent))
    cifar10 = pytest.importorskip("cifar10")
    try:
        cifar10.folder()
    except SystemExit as error:
        pytest.skip(str(error))
    module = runpy.run_path(str(place / "models.py"))["jelly_cifar10"]()
    module.load_state_dict(load_file(str(place / "jelly_cifar10.safetensors")))
    module.eval()
    test, labels = cifar10.normalised(cifar10.pixels("test")), cifar10.labels("test")
    known = []
    with torch.no_grad():
        for part in torch.from_numpy(test).split(250):
            fresh(module)
            known.append(module(part).argmax(1).numpy())
    known = np.concatenate(known)
    found = load(place / "jelly_cifar10.net").predict(test)
    assert abs(np.mean(known == labels) - np.mean(found == labels)) <= 0.003
    assert np.mean(known == labels) > 0.77
    assert np.mean(known == found) > 0.93
