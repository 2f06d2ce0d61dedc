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
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.layers.timed import ONE
from onespike_lava.model import Model
from onespike_lava.network import Network
from onespike_lava.netx import schema
from onespike_lava.netx.joined import are_joined
from onespike_lava.netx.pruned import packed

Tree = dict[str, NDArray[Any]]

WRITE: Registry[Callable[[Tree, str, Any], None]] = Registry("file", LAYERS)
"""From a tree, a path and a layer: puts the layer's keys there."""


def version_of(network: Model) -> int:
    """The version of the format that says the network."""
    return 2 if network.steps else 1


def to_tree(network: Network) -> Tree:
    """Every dataset of the network's file, `path -> array`."""
    tree: Tree = {}
    values = {
        "version": version_of(network),
        "phases": network.phases,
        "wait": network.wait,
        "weighting": network.weighting,
    }
    _put(tree, "onespike", "file", values)
    if not network.proven:
        _put(tree, "onespike", "proven", {"proven": 0})
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
    if layer.coding != "binary":
        _put(tree, path, "coding", vars(layer))
    if layer.sample:
        _put(tree, path, "view", vars(layer))


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
    if layer.blocks != (1, 1):
        _put(tree, path, "blocks", vars(layer))


@WRITE.add(Sum)
def _put_sum(tree: Tree, path: str, layer: Sum) -> None:
    _put(tree, path, "sum", {"sources": layer.added})


@WRITE.add(Timed)
def _put_timed(tree: Tree, path: str, layer: Timed) -> None:
    _put(tree, path, "timed", {**vars(layer), "type": schema.TIMED})
    _put_parts(tree, path, layer)


@WRITE.add(TimedReadout)
def _put_timed_readout(tree: Tree, path: str, layer: TimedReadout) -> None:
    _put(tree, path, "timed readout", {**vars(layer), "type": schema.TIMED_READOUT})
    _put_parts(tree, path, layer)


def _put_parts(tree: Tree, path: str, layer: Timed | TimedReadout) -> None:
    """Synapses and the four parts of timed neurons."""
    _put_synapses(tree, path, layer)
    parts, threshold, reset, firing = layer.integration, layer.threshold, layer.reset, layer.firing
    decays = {"iDecay": ONE - parts.keep_u, "vDecay": ONE - parts.keep_v}
    _put(tree, path, "integration", {**vars(parts), **decays})
    _put(tree, path, "shift", vars(parts))
    _put_growth(tree, path, layer)
    if threshold is not None:
        limits = {"threshold_base": threshold.base, "threshold_table": threshold.table}
        _put(tree, path, "firing", {**vars(firing), **limits, "reset": reset.kind})
    amounts = {"reset_base": reset.base, "reset_table": reset.table}
    for name, value in {"drive": parts.drive, "floor": firing.floor, **amounts}.items():
        if value is not None:
            _put(tree, path, name, {name: value})


def _put_neurons(tree: Tree, path: str, layer: Layer, section: str, name: str) -> None:
    _put_synapses(tree, path, layer)
    _put(tree, path, section, {**vars(layer), "type": name})
    _put_growth(tree, path, layer)
    if layer.growth:
        _put(tree, path, "shift", vars(layer.growth))


def _put_synapses(tree: Tree, path: str, layer: Layer) -> None:
    if are_joined(layer.synapses):
        first = layer.synapses[0]
        joined = {
            "sources": layer.sources,
            "weight": np.concatenate([each.weight for each in layer.synapses], axis=1),
            **vars(getattr(first, "window", PLAIN)),
        }
        _put(tree, path, f"joined {first.kind}", joined)
        return
    for number, synapse in enumerate(layer.synapses):
        at = path if number == 0 else f"{path}/synapse/{number}"
        window = vars(getattr(synapse, "window", PLAIN))
        _put(tree, at, synapse.kind, {**vars(synapse), **window})
        if (live := getattr(synapse, "live", None)) is not None:
            _put(tree, at, "pruned", packed(synapse.weight, live))
        if synapse.delay is not None:
            _put(tree, at, "delay", vars(synapse))


def _put_growth(tree: Tree, path: str, layer: Layer) -> None:
    if layer.growth:
        growth = {f"growth_{name}": value for name, value in vars(layer.growth).items()}
        _put(tree, path, "growth", growth)
