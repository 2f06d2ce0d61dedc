"""A network as a flat tree `path -> array`: the format without its container."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import FormatError
from onespike_lava.layers import (
    LAYERS,
    PLAIN,
    Input,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Spiking,
)
from onespike_lava.network import Network
from onespike_lava.netx import schema

Tree = dict[str, NDArray[Any]]

WRITE: Registry[Callable[[Tree, str, Any], None]] = Registry("file", LAYERS)
"""From a tree, a path and a layer: puts the layer's keys there."""


def to_tree(network: Network) -> Tree:
    """Every dataset of the network's file, `path -> array`."""
    tree: Tree = {}
    values = {
        "version": schema.VERSION,
        "phases": network.phases,
        "wait": network.wait,
        "weighting": network.weighting,
    }
    _put(tree, "onespike", "file", values)
    for key, text in network.provenance:
        if not schema.PROVENANCE_KEY.fullmatch(key):
            raise FormatError(f"provenance key {key!r}: use lower-case letters, digits and _")
        tree[f"onespike/provenance/{key}"] = _text(text)
    for index, layer in enumerate(network.layers):
        _put_layer(tree, f"layer/{index}", layer)
    return tree


def _put(tree: Tree, path: str, section: str, values: Mapping[str, Any]) -> None:
    for key in schema.SECTIONS[section]:
        value = values[key.name.removeprefix("neuron/")]
        array = _text(value) if key.dtype == "text" else np.asarray(value).astype(key.dtype)
        tree[f"{path}/{key.name}"] = array


def _text(value: str) -> NDArray[np.bytes_]:
    raw = value.encode()
    if b"\0" in raw:
        raise FormatError(f"text {value!r}: holds a NUL character; remove it")
    return np.array([raw], dtype=f"S{max(1, len(raw))}")


def _put_layer(tree: Tree, path: str, layer: Layer) -> None:
    _put(tree, path, "layer", {"type": layer.kind, "name": layer.name, "shape": layer.shape})
    WRITE.of(layer)(tree, path, layer)


@WRITE.add(Input)
def _put_input(tree: Tree, path: str, layer: Input) -> None:
    _put(tree, path, "input", {**vars(layer), "type": schema.INPUT})


@WRITE.add(MaxPool)
def _put_pool(tree: Tree, path: str, layer: MaxPool) -> None:
    _put(tree, path, "pool", {**vars(layer), **vars(layer.window)})


@WRITE.add(Spiking)
def _put_spiking(tree: Tree, path: str, layer: Spiking) -> None:
    _put_neurons(tree, path, layer, "spiking", schema.SPIKING)
    if layer.max_spikes != 1:
        _put(tree, path, "several", vars(layer))


@WRITE.add(Readout)
def _put_readout(tree: Tree, path: str, layer: Readout) -> None:
    _put_neurons(tree, path, layer, "readout", schema.READOUT)


def _put_neurons(tree: Tree, path: str, layer: Layer, section: str, name: str) -> None:
    for number, synapse in enumerate(layer.synapses):
        at = path if number == 0 else f"{path}/synapse/{number}"
        window = vars(getattr(synapse, "window", PLAIN))
        _put(tree, at, synapse.kind, {**vars(synapse), **window})
    _put(tree, path, section, {**vars(layer), "type": name})
    if layer.growth:
        growth = {f"growth_{name}": value for name, value in vars(layer.growth).items()}
        _put(tree, path, "growth", {**growth, "fraction_bits": layer.growth.fraction_bits})
