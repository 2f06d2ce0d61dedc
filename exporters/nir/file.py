"""One-spike networks as NIR files, exactly, and what other tools will not read in them.

NIR (Neuromorphic Intermediate Representation, Pedersen et al. 2024) names connections and
neurons that many tools share. It has no threshold that changes with time, so the one-spike
parameters stand in the metadata of its nodes, under the keys of FORMAT.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import (
    FormatError,
    InvalidNetworkError,
    OneSpikeError,
    UnsupportedError,
)
from onespike_lava.network import Network
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import Tree
from onespike_lava.system.files import keep_inputs, read_bytes, write_atomic
from onespike_lava.system.parts import need

FILE_LIMIT = 2**30
"""Largest file, and largest sum of declared arrays, that is read, in bytes."""

DEPTH_LIMIT = 12
"""Deepest group of a file that is read."""

UNPACKED, SWELLING = 2**27, 100
"""Bytes that any file may unpack to, and beyond that for each byte that it holds."""

OBJECT_LIMIT = 2**15
"""Most groups and arrays of a file that is read."""

SOURCE = re.compile(r"layer/(\d+)/(?:synapse/(\d+)/)?source")
"""The key that every connection has; `layer/N/kernel` only a pool has."""

AGAIN = "write it again from its .net file"


def write_nir(network: Network, path: str | os.PathLike[str]) -> list[str]:
    """Write the network to a NIR file, atomically.

    Returns what tools that read the NIR nodes alone will not know, one line a feature
    (`remarks`). Raises `UnsupportedError` where NIR would need matrices or a file too large,
    `MissingPartError` without the package nir, `DataError` where the file cannot be written,
    `OptionError` where a file of another kind is there, such as the `.net` file.
    """
    keep_inputs({"path": (path, ".nir")}, {})
    nir = _nir(path)
    from exporters.nir.nodes import to_graph

    found = remarks(network)
    buffer = BytesIO()
    try:
        nir.write(buffer, to_graph(network, "\n".join(found)))
        _check(buffer.getvalue())  # else nobody could read it
    except OneSpikeError as error:
        raise UnsupportedError(f"{path}: {error}") from None
    write_atomic(path, buffer.getvalue())
    return found


def read_nir(path: str | os.PathLike[str]) -> Network:
    """The network in a NIR file that `write_nir` wrote; equal to the one written.

    Every node is compared with what the network's own nodes would be, so that a file another
    tool has changed is refused and not half believed. Raises `FormatError` for such files and
    for NIR graphs without one-spike parameters, `InvalidNetworkError` for a network that
    breaks a rule, `DataError` where there is no readable file, `MissingPartError`.
    """
    nir = _nir(path)
    content = read_bytes(path, FILE_LIMIT)
    try:
        _check(content)
        return _network(nir.read(BytesIO(content), type_check=False))
    except InvalidNetworkError as error:
        raise InvalidNetworkError(f"{path}: {text}" for text in error.violations) from None
    except OneSpikeError as error:
        raise FormatError(f"{path}: {error}") from None
    except Exception as error:  # h5py and nir raise nearly everything
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise FormatError(f"{path}: not a sound NIR file ({reason}); {AGAIN}") from None


def remarks(network: Network) -> list[str]:
    """What the one-spike network does and plain NIR cannot say, one line a feature in use."""
    return list(_remarks(network))


def _nir(path: str | os.PathLike[str]) -> Any:
    return need("nir.ir", str(path), extra="nir")


def _remarks(network: Network) -> Iterator[str]:
    layers = list(network.hidden)
    single = [layer for layer in layers if layer.max_spikes == 1]
    growing = [layer for layer in network.layers if layer.growth]
    biased = [layer for layer in network.layers if layer.synapses and layer.bias.any()]
    yield f"input: binary code of {network.input.bits} phases per sample, not one number"
    if layers and network.phases > 1:
        yield (
            f"thresholds: fall from phase to phase in {_layers(layers)}; an IF has one, here that "
            "of the first phase"
        )
    if single:
        yield f"one spike: neurons of {_layers(single)} are silent after it; an IF fires again"
    if len(single) < len(layers):
        count = _layers(layers, len(layers) - len(single))
        yield f"soft reset: neurons of {count} subtract at a spike; an IF resets to 0"
    if any(layer.payload.max() > 1 for layer in layers):
        yield "payload: a spike is worth more the earlier it comes; elsewhere each counts 1"
    if network.wait:
        yield f"wait: neurons integrate for {network.wait} phases before they fire; an IF does not"
    if biased:
        yield f"bias: initial potential in each sample in {_layers(biased)}; an IF begins at 0"
    if growing:
        yield f"growth: potentials grow each step in {_layers(growing)}; an IF's do not"
    if pools := [layer for layer in network.layers if layer.passes]:
        yield f"max pool: {_layers(pools)}, first spike of a window, is a sum pool and an IF"
    yield f"samples: every {network.phases} steps potentials begin anew; NIR has no samples"


def _layers(found: list[Any], count: int | None = None) -> str:
    number = len(found) if count is None else count
    return f"{number} layer{'' if number == 1 else 's'}"


def _check(content: bytes) -> None:
    """Refuse what reading would follow out of the file or swell up by."""
    total, room = 0, min(FILE_LIMIT, max(UNPACKED, SWELLING * len(content)))
    with h5py.File(BytesIO(content), "r") as file:
        for number, size in enumerate(_sizes(file, "", 0)):
            total += size
            if total > room or number > OBJECT_LIMIT:
                raise FormatError(
                    f"declares more than {room} bytes or {OBJECT_LIMIT} objects in a file of "
                    f"{len(content)}; use a smaller network, or its .net file"
                )


def _sizes(group: h5py.Group, prefix: str, depth: int) -> Iterator[int]:
    """Bytes that each object declares, groups none."""
    if depth > DEPTH_LIMIT:
        raise FormatError(f"{prefix}: nested deeper than {DEPTH_LIMIT} groups; {AGAIN}")
    for name in group:
        path = f"{prefix}{name}"
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise FormatError(f"{path}: a link is not in the format; store the data itself")
        item = group[name]
        if isinstance(item, h5py.Group):
            yield 0
            yield from _sizes(item, f"{path}/", depth + 1)
        elif not isinstance(item, h5py.Dataset) or item.external or item.is_virtual:
            raise FormatError(f"{path}: not stored in the file; store the data itself")
        else:
            yield item.nbytes


def _network(graph: Any) -> Network:
    from exporters.nir.nodes import to_graph

    if "onespike" not in graph.metadata:
        kinds = ", ".join(sorted({type(node).__name__ for node in graph.nodes.values()}))
        raise FormatError(
            f"a NIR graph without one-spike parameters (nodes: {kinds or 'none'}): it lacks "
            "thresholds and payloads per phase, wait and input code; export the source network "
            "with onespike export"
        )
    tree = _flattened({"onespike": graph.metadata["onespike"]})
    for name, node in graph.nodes.items():
        keys = _flattened(node.metadata)
        tree |= keys | _weights(name, keys, graph.nodes)
    network = from_tree(tree)
    _compare(to_graph(network).to_dict(), graph.to_dict())
    return network


def _weights(neurons: str, keys: Tree, nodes: Mapping[str, Any]) -> Tree:
    """The weights that a layer's synapses hold in nodes of their own."""
    from exporters.nir.nodes import synapse_name

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
