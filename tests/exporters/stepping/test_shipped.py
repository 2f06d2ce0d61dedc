"""The shipped networks of other libraries, made anew from their weights, byte for byte."""

# ruff: noqa: E402  (imports follow importorskip)

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors.torch")
pytest.importorskip("sklearn")

from exporters import convert_spiking
from onespike_lava import load
from onespike_lava.netx import to_bytes
from tests.exporters.stepping.shipped import MODULES, PLACE, split, trained

RIGHT = {"jelly_lif": 591, "jelly_if": 592, "torch_leaky": 595, "torch_if": 592}
"""Of 602 test images."""

ELSEWHERE = ("source_sha256", "numpy", "onespike_lava")
"""What provenance says of the module and the environment that the file was made with."""


@pytest.mark.parametrize("name", MODULES)
def test_the_weights_make_the_file(name):
    images, classes, test, labels = split()
    file = PLACE / f"{name}.net"
    shipped, module = load(file), trained(name)
    made = convert_spiking(module, images[:500], labels=classes[:500]).network
    notes = dict(made.provenance) | {key: dict(shipped.provenance)[key] for key in ELSEWHERE}
    made = replace(made, provenance=tuple(sorted(notes.items())))
    assert made == shipped
    assert to_bytes(made) == file.read_bytes()
    predicted = shipped.predict(test)
    assert np.count_nonzero(predicted == labels) == RIGHT[name]
    with torch.no_grad():
        known = module(torch.from_numpy(test)).argmax(1).numpy()
    assert abs(np.mean(known == labels) - np.mean(predicted == labels)) <= 0.003
