"""A network as a graph of NIR nodes that carry FORMAT.md's keys as metadata.

Connections become `Conv2d`, `Linear` or `Affine`, neurons what `neurons` says. A layer's keys
stand in the metadata of its neurons; only an int8 weight that a node holds as it is, in floating
point, is not repeated there.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from math import prod
from typing import Any

import nir
import numpy as np

from exporters.nir.form import Form, refuse_large
from exporters.nir.links import links
from exporters.nir.neurons import NEURONS
from exporters.nir.units import Units
from onespike_lava.network import Network
from onespike_lava.netx.tree import Tree, to_tree


def to_graph(network: Network, remarks: str = "", units: Units | None = None) -> nir.NIRGraph:
    """The network as a NIR graph; `remarks` is kept in its metadata for readers.

    units : of a network that steps; None for the usual ones

    Raises `UnsupportedError` where a matrix has more entries than `form.ENTRY_LIMIT`.
    """
    form, keys = Form(network, units or Units()), _by_layer(to_tree(network))
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    for place in range(len(network.layers)):
        _add_layer(form, place, keys[f"layer/{place}"], nodes, edges)
    last = len(network.layers) - 1
    nodes["output"] = nir.Output(np.array(form.shape(last)))
    edges.append((form.names[last], "output"))
    head = nested(keys["onespike"])
    if network.steps:
        head["step"] = asdict(form.units)
    return nir.NIRGraph(nodes, edges, {**head, "remarks": remarks})


def nested(tree: Tree) -> dict[str, Any]:
    """Paths as nested groups, text and numbers as HDF5 scalars."""
    found: dict[str, Any] = {}
    for path, array in tree.items():
        group = found
        *folders, name = path.split("/")
        for folder in folders:
            group = group.setdefault(folder, {})
        if array.dtype.kind == "S":
            group[name] = array[0].decode()
        else:
            group[name] = array if array.ndim else array[()]
    return found


def _add_layer(
    form: Form, place: int, keys: Tree, nodes: dict[str, Any], edges: list[tuple[str, str]]
) -> None:
    """Adds the nodes of a layer and of what connects it."""
    layer, prefix = form.network.layers[place], f"layer/{place}/"
    found = links(form, place)
    for number in range(len(layer.maps)):
        _, node = found[number].nodes[-1]
        at = prefix if number == 0 else f"{prefix}synapse/{number}/"
        kept = keys.get(f"{at}weight")  # of a pruned connection a list of what lives
        if hasattr(node, "weight") and kept is not None and node.weight.shape == kept.shape:
            keys.pop(f"{at}weight")
    for link in found:
        nodes |= link.nodes
        names = [form.names[link.source], *(name for name, _ in link.nodes), form.names[place]]
        edges += list(pairwise(names))
    if place:
        refuse_large(layer, prod(form.shape(place)))
    neurons = NEURONS.of(layer)(form, place, layer)
    neurons.metadata = nested(keys)
    nodes[form.names[place]] = neurons


def _by_layer(tree: Tree) -> dict[str, Tree]:
    """Keys of each `layer/<i>`, and of `onespike`."""
    found: dict[str, Tree] = {}
    for path, array in tree.items():
        top, second, *_ = path.split("/")
        found.setdefault(top if top == "onespike" else f"{top}/{second}", {})[path] = array
    return found
