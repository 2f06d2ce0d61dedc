"""The network in the metadata of a NIR graph, whose nodes must be what they make of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.nir.bounds import AGAIN
from exporters.nir.form import synapse_name
from exporters.nir.nodes import to_graph
from exporters.nir.units import Units
from onespike_lava.errors import FormatError
from onespike_lava.network import Network
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import Tree

SOURCE = re.compile(r"layer/(\d+)/(?:synapse/(\d+)/)?source")
"""The key that every connection has; `layer/N/kernel` only a pool has."""


def is_own(graph: Any) -> bool:
    """Whether the graph carries a network in its metadata, or a part of one."""
    return "onespike" in graph.metadata or any("layer" in n.metadata for n in graph.nodes.values())


def to_network(graph: Any) -> Network:
    """The network in a graph's metadata; `FormatError` where its nodes are others than that's."""
    if "onespike" not in graph.metadata:
        raise FormatError(f"metadata/onespike: missing, though nodes have theirs; {AGAIN}")
    tree = _flattened({"onespike": graph.metadata["onespike"]})
    for name, node in graph.nodes.items():
        keys = _flattened(node.metadata)
        tree |= keys | _weights(name, keys, graph.nodes)
    network = from_tree(tree)
    units, step = None, graph.metadata.get("step")
    if network.steps:
        units = Units.of(step)
    elif step is not None:
        raise FormatError(f"metadata/step: a one-spike network has phases, not steps; {AGAIN}")
    _compare(to_graph(network, units=units).to_dict(), graph.to_dict())
    return network


def _weights(neurons: str, keys: Tree, nodes: Mapping[str, Any]) -> Tree:
    """The weights that a layer's synapses hold in nodes of their own."""
    found: Tree = {}
    for path in keys:
        match = SOURCE.fullmatch(path)
        weight = f"{path.removesuffix('source')}weight"
        if match and weight not in keys and f"layer/{match[1]}/kernel" not in keys:
            node = synapse_name(neurons, int(match[2] or 0))
            if node not in nodes or not hasattr(nodes[node], "weight"):
                raise FormatError(f"{node}: missing, or without weights; {AGAIN}")
            found[weight] = _int8(nodes[node].weight, node)
    return found


def _int8(weight: NDArray[Any], node: str) -> NDArray[np.int8]:
    whole = np.clip(np.nan_to_num(weight), -128, 127).astype(np.int8)
    if not np.array_equal(whole, weight):
        raise FormatError(f"{node}/weight: not the int8 numbers that were written; {AGAIN}")
    return whole


def _flattened(group: Mapping[str, Any], prefix: str = "") -> Tree:
    """Nested metadata as paths, text as the byte strings of a .net file."""
    tree: Tree = {}
    for name, value in group.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            tree |= _flattened(value, f"{path}/")
        elif isinstance(value, str):
            raw = value.encode()
            tree[path] = np.array([raw], dtype=f"S{max(1, len(raw))}")
        else:
            tree[path] = np.asarray(value)
    return tree


def _compare(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Refuse nodes and edges that are not those of the network in the metadata."""
    if sorted(map(tuple, wanted["edges"])) != sorted(map(tuple, found["edges"])):
        raise FormatError(f"edges: not those of the network in the metadata; {AGAIN}")
    for name in wanted["nodes"].keys() | found["nodes"].keys():
        mine, theirs = wanted["nodes"].get(name), found["nodes"].get(name)
        if mine is None or theirs is None:
            raise FormatError(f"{name}: a node too {'few' if theirs is None else 'many'}; {AGAIN}")
        for key in mine.keys() - {"metadata", "input_shape"}:
            if not np.array_equal(mine[key], theirs.get(key)):
                raise FormatError(f"{name}/{key}: not what its metadata make it; {AGAIN}")
