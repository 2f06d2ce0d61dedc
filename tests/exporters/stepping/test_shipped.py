"""The shipped networks of other libraries, made anew from their weights, byte for byte."""

# ruff: noqa: E402  (imports follow importorskip)

import re
import sys
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors.torch")
pytest.importorskip("sklearn")

from exporters import convert_spiking
from onespike_lava import load
from onespike_lava.netx import to_bytes
from tests.exporters.stepping.shipped import CIFAR10, MODULES, PLACE, Direct, loaded, split, trained

RIGHT = {"jelly_lif": 591, "jelly_if": 592, "torch_leaky": 595, "torch_if": 592}
"""Of 602 test images."""

ELSEWHERE = ("source_sha256", "numpy", "onespike_lava")
"""What provenance says of the module and the environment that the file was made with."""


def check(made, file):
    """The same bytes, but for what provenance says of where they were made.

    `Folded` adds a number to the name of what it holds.
    """
    shipped = load(file)
    notes = dict(made.provenance) | {key: dict(shipped.provenance)[key] for key in ELSEWHERE}
    names = [re.sub(r"^(body\.\d+)\.0$", r"\1", each.name) for each in made.layers]
    layers = tuple(replace(each, name=n) for each, n in zip(made.layers, names, strict=True))
    made = replace(made, layers=layers, provenance=tuple(sorted(notes.items())))
    assert made == shipped
    assert to_bytes(made) == file.read_bytes()


@pytest.mark.parametrize("name", MODULES)
def test_the_weights_make_the_file(name):
    images, classes, test, labels = split()
    file = PLACE / f"{name}.net"
    shipped, module = load(file), trained(name)
    check(convert_spiking(module, images[:500], labels=classes[:500]).network, file)
    predicted = shipped.predict(test)
    assert np.count_nonzero(predicted == labels) == RIGHT[name]
    with torch.no_grad():
        known = module(torch.from_numpy(test)).argmax(1).numpy()
    assert abs(np.mean(known == labels) - np.mean(predicted == labels)) <= 0.003


@pytest.mark.long
def test_the_weights_make_the_file_of_cifar10():
    """Of the data that `netx_models/cifar10.py` writes, where they are."""
    pytest.importorskip("PIL")
    sys.path.insert(0, str(CIFAR10.parent))
    try:
        cifar10 = pytest.importorskip("cifar10")
        cifar10.folder()
    except SystemExit as error:
        pytest.skip(str(error))
    finally:
        sys.path.remove(str(CIFAR10.parent))
    images = cifar10.normalised(cifar10.pixels("train", 0, cifar10.CALIBRATION))
    classes = cifar10.labels("train", 0, cifar10.CALIBRATION)
    module = loaded(Direct(), CIFAR10 / "jelly_cifar10.safetensors")
    check(convert_spiking(module, images, labels=classes).network, CIFAR10 / "jelly_cifar10.net")
    test = cifar10.normalised(cifar10.pixels("test", 0, 1000))
    network = load(CIFAR10 / "jelly_cifar10.net")
    with torch.no_grad():
        known = module(torch.from_numpy(test)).argmax(1).numpy()
    assert np.mean(known == network.predict(test)) > 0.92
