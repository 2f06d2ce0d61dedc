"""Every place that acts on layers, codes or connections knows all of them, or says so."""

import ast
import importlib
import pkgutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import exporters
import onespike_lava
from onespike_lava.errors import MissingPartError, UnsupportedError
from onespike_lava.layers import (
    CODES,
    CONNECTIONS,
    LAYERS,
    REGISTRIES,
    Code,
    Layer,
    Registry,
)
from onespike_lava.network import Network
from tests.networks import random_network

PLACES = {
    "rules of fields",
    "rules of shapes",
    "rules of several spikes",
    "rules of sources",
    "rules of tables",
    "rules of connections",
    "24-bit bound",
    "24-bit bound of layers",
    "schedule",
    "file",
    "inspect",
    "engine reference",
    "engine numpy",
    "energy",
    "engine numba",
    "buffers of engine numba",
    "products of engine numpy",
    "stock composition",
    "clocks of the stock composition",
}
"""Those of the base install; Lava, NIR and others come to them."""


def every_registry():
    """The registries of all modules that can be imported here."""
    for package in (onespike_lava, exporters):
        inner = pkgutil.walk_packages(package.__path__, f"{package.__name__}.", lambda _: None)
        for found in inner:  # packages that lack a part have nothing inside
            with suppress(ImportError, MissingPartError):
                importlib.import_module(found.name)
    return REGISTRIES


def subclasses(base):
    for each in base.__subclasses__():
        if each.__module__.startswith("onespike_lava"):
            yield each
            yield from subclasses(each)


def test_the_lists_of_classes_are_whole():
    assert set(subclasses(Layer)) == set(LAYERS)
    assert set(subclasses(Code)) == set(CODES)


def test_every_place_knows_every_class():
    found = every_registry()
    assert {registry.place for registry in found} >= PLACES
    for registry in found:
        assert registry.kinds in (LAYERS, CODES, CONNECTIONS), registry.place
        assert set(registry) | registry.refused == set(registry.kinds), registry.place
        assert not set(registry) & registry.refused, registry.place


def test_a_class_without_an_entry_is_refused_by_a_message():
    class Odd(Layer):
        name, shape = "odd", (1,)

    text = "^odd: engine numpy has no part for Odd; it knows Input, Readout, Spiking, MaxPool, "
    from onespike_lava.engines.numpy import RUN

    with pytest.raises(UnsupportedError, match=text):
        RUN.of(Odd())
    made = Registry("place", (int,))
    REGISTRIES.remove(made)
    made.add(int)("whole")
    assert made.of(True) == "whole"  # a bool is an int
    made.refuse(bool)
    with pytest.raises(UnsupportedError, match=r"^bool: place has no part for bool; it knows int$"):
        made.of(True)


@pytest.mark.parametrize("several", [False, True])
def test_codes_agree_with_each_other(several):
    """Payloads, counts, totals and notes of every code, on codes that a network sends."""
    network = random_network(5, several=several)
    x = np.random.default_rng(0).normal(size=(4, *network.input.shape))
    run = network.run(x, record=True)
    assert isinstance(network, Network)
    for position, layer in enumerate(network.layers[:-1]):
        code, codes = network.code(position), run.codes[layer.name]
        assert codes.shape == (4, *code.shape(layer.shape))
        steps = range(1, code.steps + 1)
        spikes = np.stack([code.in_step(codes, k) for k in steps])
        assert (code.counts(codes) == spikes.sum(axis=0)).all()
        assert code.total(codes) == spikes.sum() == run.spikes[layer.name]
        assert code.by_step(codes)[1:].tolist() == spikes.reshape(code.steps, -1).sum(1).tolist()
        assert code.by_step(codes)[0] == (spikes.sum(axis=0) == 0).sum()
        sent = np.einsum("k...,k->...", spikes.astype(np.int64), code.payloads)
        assert (code.sent(codes, 0, code.steps) == sent).all()
        assert (code.graded(codes) == spikes[code.payloads > 1].sum(axis=0)).all()
        assert sent.max() <= code.most
        parts = sum(code.sent(codes, k - 1, k) for k in steps)
        assert (parts == sent).all()
        notes = sum(spikes[k - 1] * np.int64(code.note(k)) for k in steps)
        assert (code.from_notes(notes) == codes).all()


def asked_classes(source, names):
    """Names of layer classes that `isinstance` is asked about in a module's text.

    names : what the module calls each class of layers that it imports
    """
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "isinstance":
            for each in ast.walk(call.args[1]):
                if getattr(each, "id", getattr(each, "attr", "")) in names:
                    yield f"line {call.lineno}: {ast.unparse(call)}"


def test_no_place_asks_a_layer_for_its_class():
    """Layers answer, or the place's registry knows: a new class is an entry, not a search."""
    names = {each.__name__ for each in LAYERS}
    planted = "from onespike_lava import layers\nx = isinstance(y, int | layers.MaxPool)\n"
    assert list(asked_classes(planted, names)) == ["line 2: isinstance(y, int | layers.MaxPool)"]
    found = {}
    for package in (onespike_lava, exporters):
        for path in Path(package.__path__[0]).rglob("*.py"):
            text = path.read_text()
            if imports_layers(text) and (asked := list(asked_classes(text, names))):
                found[path.name] = asked
    assert found == {}


def imports_layers(source):
    """Whether a module takes anything from the package of layers; exporters have their own."""
    return "onespike_lava.layers import" in source or "onespike_lava import layers" in source
