"""The NIR graph of another tool as a network that steps, and what was assumed for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exporters.nir.foreign.assumptions import Assumptions
from exporters.nir.foreign.euler import Real, real, shape_of
from exporters.nir.foreign.graph import Flat, Way, kind, names_of
from exporters.nir.foreign.integers import Neurons, convert
from exporters.nir.foreign.maps import Map, numbers, whole
from exporters.nir.foreign.readers import follow
from exporters.nir.foreign.weights import Quantiser
from onespike_lava.errors import FormatError, InvalidNetworkError, UnsupportedError
from onespike_lava.layers import Input, Layer, Shape
from onespike_lava.limits import LAYERS_MAX, NEURONS_MAX
from onespike_lava.network import Network

SILENT = ("I", "LI", "CubaLI")
"""Neurons that never fire: only the last ones may be so."""


def to_network(graph: Any, given: Assumptions, quantiser: Quantiser) -> tuple[Network, list[str]]:
    """The network of a NIR graph, and what was assumed, one line each.

    quantiser : makes int8 weights of real ones, such as `weights.exact`

    Raises `OptionError` for what NIR leaves open and is not given, `UnsupportedError` for what no
    timed neuron does, `FormatError` for a graph that contradicts itself, `InvalidNetworkError` for
    a network that breaks a rule.
    """
    with np.errstate(all="ignore"):  # what float64 does not hold is refused where it is used
        return _converted(Flat.of(graph), given, quantiser)


def _converted(flat: Flat, given: Assumptions, quantiser: Quantiser) -> tuple[Network, list[str]]:
    source, output = flat.only("Input"), flat.only("Output")
    ways = _ways(flat, output)
    kinds = {kind(flat.nodes[name]) for name in names_of(ways)}
    given.require(kinds)
    told = list(given.told(kinds))
    last = _last(flat, ways, output)
    order = [each for each in flat.order(ways, source) if each not in (output, last)] + [last]
    layers: list[Layer] = [_input(source, flat, given)]
    places = {source: 0}
    notes: list[str] = []
    for name in order:
        places[name] = len(layers)
        found = _neurons(name, name == last, flat, ways, layers, places, given)
        converted = convert(layers, found, given, quantiser)
        layers.append(converted.layer)
        notes += converted.told
    recurs = any(way.source == name for name, found in ways.items() for way in found)
    told += ["recurrence: a layer's own spikes arrive one step later"] if recurs else []
    told += [_scores(last == output, given), *notes]
    return _network(tuple(layers), given, told), told


def _ways(flat: Flat, output: str) -> dict[str, list[Way]]:
    """Ways into every node of neurons that leads to the output, and into that."""
    found: dict[str, list[Way]] = {}
    wanted = [output]
    while wanted:
        name = wanted.pop()
        if name in found or kind(flat.nodes[name]) == "Input":
            continue
        if len(found) >= LAYERS_MAX:
            raise UnsupportedError(f"more than {LAYERS_MAX} layers; use a shallower network")
        found[name] = flat.ways(name)
        if not found[name]:
            raise FormatError(f"{name}: nothing leads to it; connect it or leave it out")
        wanted += [way.source for way in found[name]]
    used = {*names_of(found), *(way.source for each in found.values() for way in each)}
    idle = [name for name in flat.nodes if name not in used]
    if idle:
        raise UnsupportedError(
            f"{', '.join(idle[:5])}: not on a way from input to output; leave out what is not"
        )
    return found


def _last(flat: Flat, ways: Mapping[str, list[Way]], output: str) -> str:
    """The node that becomes the readout: a silent one before the output, or the output itself."""
    (first, *others), silent = ways[output], ""
    if not others and not first.passed and kind(flat.nodes[first.source]) in SILENT:
        silent = first.source
    for name, found in ways.items():
        for way in found:
            if kind(flat.nodes[way.source]) in SILENT and (name, way.source) != (output, silent):
                raise UnsupportedError(
                    f"{way.source}: a {kind(flat.nodes[way.source])} sends potentials to {name}, "
                    "not spikes; let it fire, or stand last before the output"
                )
    return silent or output


def _input(name: str, flat: Flat, given: Assumptions) -> Input:
    shape = _shape(flat.nodes[name].output_type, "output", name)
    if shape is None:
        raise FormatError(f"{name}: no shape; export again")
    return Input(name, shape, given.bits, np.zeros(1), np.ones(1), "events")


def _shape(types: Any, key: str, name: str) -> Shape | None:
    value = None if types is None else types.get(key)
    if value is None:
        return None
    sizes = whole(numbers(value, name, "shape").reshape(-1), name, "shape", 1, NEURONS_MAX)
    if len(sizes) not in (1, 3):
        raise UnsupportedError(
            f"{name}: shape {sizes.tolist()} is neither (features) nor (channels, rows, columns); "
            "give it one of them"
        )
    return tuple(sizes.tolist())


def _neurons(
    name: str,
    last: bool,
    flat: Flat,
    ways: Mapping[str, list[Way]],
    layers: list[Layer],
    places: Mapping[str, int],
    given: Assumptions,
) -> Neurons:
    node, dt = flat.nodes[name], given.dt or 1.0
    adds = kind(node) == "Output"
    shape = None if adds else shape_of(name, node)
    found: list[tuple[int, Map]] = []
    biased: set[tuple[str, ...]] = set()
    own = [way for way in ways[name] if way.source == name]
    for way in [each for each in ways[name] if each.source != name] + own:
        place = places[way.source]
        source = shape if way.source == name else layers[place].shape
        assert source is not None
        each = follow(way.passed, flat.nodes, source, dt, biased)
        shape = shape or each.shape
        found.append((place, each.ended(name, shape)))
    if not shape or len(shape) not in (1, 3):
        raise UnsupportedError(
            f"{name}: shape {shape} is neither (features) nor (channels, rows, columns); flatten it"
        )
    neurons = _counter(shape) if adds else real(name, node, shape, given)
    return Neurons(name, shape, neurons, found, not last, given.take or "last")


def _counter(shape: Shape) -> Real:
    """Output neurons that add up what arrives."""
    zeros, ones = np.zeros(shape), np.ones(shape)
    return Real(zeros, ones, ones, zeros)


def _scores(counts: bool, given: Assumptions) -> str:
    if counts:
        return f"scores: {given.take or 'last'} of what the output has added up of all steps"
    return f"scores: {given.take or 'last'} of the potentials of all steps"


def _network(layers: tuple[Layer, ...], given: Assumptions, told: list[str]) -> Network:
    """Proven where it can be; without proof every run checks its states."""
    assert given.steps is not None
    provenance = tuple(sorted(_provenance(told)))
    try:
        return Network(layers, given.steps, 0, "graded", provenance)
    except InvalidNetworkError:
        return Network(layers, given.steps, 0, "graded", provenance, proven=False)


def _provenance(told: list[str]) -> Iterator[tuple[str, str]]:
    """What was assumed under keys of its own, `nir_dt` and so on."""
    yield "source", "nir"
    found: dict[str, list[str]] = {}
    for key, _, text in (each.partition(": ") for each in told):
        found.setdefault(f"nir_{key.replace('-', '_')}", []).append(text)
    yield from ((key, "; ".join(texts)) for key, texts in found.items())
