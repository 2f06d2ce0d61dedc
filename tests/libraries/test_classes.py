"""Every class of the libraries that remembers: it is read, or refused by name with a way out."""

import importlib

import pytest
import torch

pytest.importorskip("spikingjelly", reason="make test-libraries has the libraries")
pytest.importorskip("snntorch")
pytest.importorskip("norse")
pytest.importorskip("sinabs")

from exporters.frontends.spiking.neurons import BASES, KINDS, no_form, package, remembers
from tests.libraries.settings import LATE, PLAIN, REFUSED, SUPPORTED

PLACES = (
    *(f"spikingjelly.activation_based.{each}" for each in ("neuron", "layer", "rnn", "encoding")),
    *("spikingjelly.activation_based.lava_exchange", "snntorch", "norse.torch", "sinabs.layers"),
)
TRIED = {**SUPPORTED, **LATE, **REFUSED}


def classes(place):
    """Name -> class, of the library's own modules."""
    found = vars(importlib.import_module(place)).items()
    kinds = {n: k for n, k in found if isinstance(k, type) and issubclass(k, torch.nn.Module)}
    return {name: kind for name, kind in kinds.items() if package(kind) in BASES}


@pytest.mark.parametrize("place", PLACES)
def test_every_class_is_read_or_refused_by_name(place):
    """Without an instance: its name decides whether it may have a form at all."""
    found = classes(place)
    assert len(found) > 1
    for name, kind in found.items():
        module = kind.__new__(kind)
        if name in PLAIN:
            assert not remembers(module), name
            continue
        assert remembers(module), name
        why = no_form(module)
        read = any((package(each), each.__name__) in KINDS for each in kind.__mro__)
        assert "; " in why if why else read, name


@pytest.mark.parametrize("place", PLACES)
def test_every_class_that_may_be_read_is_tried(place):
    """Those of which running them decides: some setting is read, or refused, in the other tests."""
    tried = {type(make()) for make in TRIED.values()}
    for name, kind in classes(place).items():
        module = kind.__new__(kind)
        if name not in PLAIN and not no_form(module):
            assert kind in tried, name
