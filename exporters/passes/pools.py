"""Passes that give neurons and synapses to pools, pads, slices and the readout."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from exporters.graph import Node, is_spiking
from exporters.graph.arithmetic import window, window_counts, window_divisors
from exporters.passes import algebra
from exporters.passes.budget import Room
from exporters.passes.compose import compose
from exporters.passes.draft import Draft
from exporters.passes.planes.areas import parts_of
from onespike_lava.layers import Shape


def fold_pads(draft: Draft) -> None:
    """Put zeros around planes into the padding of the pools behind.

    Exact in a max pool of values that are not negative, and in an average pool that divides by
    the whole kernel.
    """
    for node in draft.of_op("pad"):
        pad = draft.nodes[node.name]
        pools = [each for each in draft.readers(pad.name) if _takes_pad(draft, pad, each)]
        for pool in pools:
            draft.put(_with_pad(pool, pad))
        if pools and not draft.readers(pad.name) and draft.output != pad.name:
            del draft.nodes[pad.name]
            draft.account[pad.name] = f"folded into {', '.join(pool.name for pool in pools)}"


def _with_pad(pool: Node, pad: Node) -> Node:
    padding = np.add(window(pool).padding, window(pad).padding).tolist()
    attrs = {**pool.attrs, "padding": tuple(padding), "count_include_pad": True}
    return replace(pool, inputs=pad.inputs, attrs=attrs)


def _takes_pad(draft: Draft, pad: Node, pool: Node) -> bool:
    """Whether the pool may pad instead."""
    if any(pad.attrs.get("channels", ())):
        return False
    if pool.op == "maxpool":
        counts = window_counts(_with_pad(pool, pad), draft.shapes()[pad.inputs[0]])
        return draft.non_negative(pad.name) and bool(counts.min() > 0)
    whole = pool.attrs.get("count_include_pad", True) or not any(window(pool).padding)
    return pool.op == "avgpool" and bool(whole)


def map_pads_and_slices(draft: Draft) -> None:
    """Make the pads and slices that are left linear maps of weight one.

    Raises `UnsupportedError` where that takes too many weights.
    """
    shapes = draft.shapes()
    room = Room.of(draft, "pad and slice fewer values")
    for node in draft.of_op("pad", "slice"):
        room.take(node, algebra.map_size(draft.nodes[node.name], shapes[node.inputs[0]]))
        as_map = algebra.pad_as_map if node.op == "pad" else algebra.slice_as_map
        draft.put(as_map(draft.nodes[node.name], shapes[node.inputs[0]]))


MERGED_MAX = 2**13
"""Most values that a linear layer may read of the average pool that is put into it.

A sum of more leaves each weight but a few of its 127 steps within 24 bits, and a matrix of all of
them is the largest of its network: behind a ResNet-18 for 224 pixels 25 million weights, not half
a million.
"""


def merge_average_pools(draft: Draft) -> None:
    """Put average pools that only linear layers read into these layers' weights.

    Of more than `MERGED_MAX` values they keep neurons of their own.
    """
    shapes = draft.shapes()
    spread = {"avgpool": algebra.spread_over_windows, "areas": algebra.spread_over_areas}
    for pool in reversed(draft.of_op(*spread)):
        readers = draft.readers(pool.name)
        if not readers or pool.name == draft.output or {each.op for each in readers} != {"linear"}:
            continue
        source = draft.nodes[pool.name].inputs[0]
        if prod(shapes[source]) > MERGED_MAX:
            continue
        for reader in readers:
            draft.put(spread[pool.op](reader, pool, shapes[source]))
        del draft.nodes[pool.name]
        names = ", ".join(each.name for each in readers)
        draft.account[pool.name] = f"merged into {names}"


def own_average_pools(draft: Draft) -> None:
    """Give average pools fixed synapses and neurons of their own (the paper).

    The neurons' ReLU changes nothing, since what they average is not negative; the average of
    signed values is left as a linear map.
    """
    shapes = draft.shapes()
    for node in draft.of_op("avgpool", "areas"):
        pool = draft.nodes[node.name]
        source = draft.source(pool)
        shape = shapes[node.inputs[0]]
        spikes = draft.non_negative(source.name)
        map_pool(draft, pool, shape)
        reader = draft.only_reader(pool.name)
        if spikes and draft.output != pool.name and (reader is None or not is_spiking(reader)):
            draft.put_relu(pool.name)
        if spikes:
            draft.account[pool.name] = "converted to a layer of its own neurons"


def map_pool(draft: Draft, pool: Node, shape: Shape) -> None:
    """An average pool as a linear map, or as a sum of maps of which each has its windows."""
    if pool.op == "avgpool" and np.ptp(divisors := window_divisors(pool, shape)) == 0:
        draft.put(algebra.pool_as_conv(pool, shape[0], float(divisors.flat[0])))
        return
    parts = parts_of(pool, shape)
    if len(parts) == 1:
        draft.put(replace(parts[0], name=pool.name))
        return
    names = [draft.fresh(part.name) for part in parts]
    for name, part in zip(names, parts, strict=True):
        draft.put(replace(part, name=name))
    draft.put(Node(pool.name, "add", tuple(names)))


def flatten_readout(draft: Draft) -> None:
    """Make last convolutions of one-pixel results `linear`."""
    shapes = draft.shapes()
    last = draft.nodes[draft.output]
    if shapes[last.name][1:] != (1, 1):
        return
    summands = [draft.nodes[name] for name in last.inputs] if last.op == "add" else [last]
    for node in summands:
        if node.op == "conv":
            draft.put(_flattened(node, shapes[node.inputs[0]], shapes[node.name]))


def _flattened(conv: Node, shape: Shape, result: Shape) -> Node:
    """The convolution as a linear map of its flattened input of `shape`."""
    return compose(conv, algebra.identity_map(conv.name, conv.name, (result[0],)), shape)
