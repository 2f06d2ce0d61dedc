"""Values that two neurons carry each: their codes interleave, and their mean is twice as fine.

Both neurons read the same, and what reads them has half of its weights for each, so the function
stays the same; calibration then gives each of them every other threshold (`Code.half`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from exporters.graph import Node, is_spiking
from exporters.passes.algebra import is_fixed
from exporters.passes.draft import LINEAR, Draft
from onespike_lava.errors import OptionError

HALF = "half"
"""Attribute of a neuron that carries a value with another: 0 of the first, 1 of the second."""

SECOND = "second"
"""What the names of second neurons end with."""


def double_stream(draft: Draft) -> None:
    """Two neurons for each value that several layers or a skip read, and each sum with a skip.

    In a residual network these are its streams, which are coded anew after every block.
    """
    if not _double(draft, _in_stream):
        raise OptionError(
            "double: 'stream' finds no value that several layers or a skip read; give 'all' or "
            "'none'"
        )


def double_all(draft: Draft) -> None:
    """Two neurons for each value."""
    _double(draft, lambda draft, relu: True)


def _double(draft: Draft, chosen: Callable[[Draft, Node], bool]) -> int:
    """How many layers were doubled."""
    relus = [node for node in draft.order() if is_spiking(node) and chosen(draft, node)]
    for relu in relus:
        draft.put(replace(relu, attrs={**relu.attrs, HALF: 0}))
        potential = _copied(draft, draft.source(relu))
        name = draft.fresh(f"{relu.name}.{SECOND}")
        attrs = {**relu.attrs, HALF: 1}
        draft.put(replace(relu, name=name, inputs=(potential,), attrs=attrs))
        _share(draft, relu.name, name)
        if relu.name in draft.account:
            draft.account[relu.name] = "converted to two neurons for a value"
    return len(relus)


def _in_stream(draft: Draft, relu: Node) -> bool:
    potential = draft.source(relu)
    summands = potential.inputs if potential.op == "add" else ()
    maps = _maps(draft, relu.name)
    layers = {each.name for one in maps for each in draft.readers(one.name) or [one]}
    near = (*maps, *(draft.nodes[name] for name in summands))
    skips = any(_is_skip(draft, each) for each in near)
    return len(layers) > 1 or skips


def _maps(draft: Draft, name: str) -> list[Node]:
    """The maps that read a value, or what a max pool passes of it."""
    found: list[Node] = []
    for reader in draft.readers(name):
        found += _maps(draft, reader.name) if reader.op == "maxpool" else [reader]
    return found


def _is_skip(draft: Draft, node: Node) -> bool:
    return is_fixed(node) and any(each.op == "add" for each in draft.readers(node.name))


def _copied(draft: Draft, potential: Node) -> str:
    """A second potential that reads what the first one does."""
    inputs = potential.inputs
    if potential.op == "add":
        inputs = tuple(_copied(draft, draft.nodes[name]) for name in inputs)
    name = draft.fresh(f"{potential.name}.{SECOND}")
    draft.put(replace(potential, name=name, inputs=inputs))
    return name


def _share(draft: Draft, first: str, second: str) -> None:
    """Let all that reads the first value read half of it, and half of the second."""
    for reader in draft.readers(first):
        if reader.op == "maxpool":
            name = draft.fresh(f"{reader.name}.{SECOND}")
            draft.put(replace(reader, name=name, inputs=(second,)))
            _share(draft, reader.name, name)
        elif reader.op in LINEAR:
            _halve(draft, reader, second)


def _halve(draft: Draft, reader: Node, second: str) -> None:
    """A map of a value as the sum of two maps, whose name the sum takes where there was none."""
    weight = reader.params["weight"] / 2
    other = draft.fresh(f"{reader.name}.of_second")
    sums = [each for each in draft.readers(reader.name) if each.op == "add"]
    name = reader.name if sums else draft.fresh(f"{reader.name}.of_first")
    draft.put(replace(reader, name=name, params={**reader.params, "weight": weight}))
    draft.put(replace(reader, name=other, inputs=(second,), params={"weight": weight}))
    for total in sums:
        draft.put(total.with_inputs(*total.inputs, other))
    if not sums:
        draft.put(Node(reader.name, "add", (name, other)))
