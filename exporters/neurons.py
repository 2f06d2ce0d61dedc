"""Passes that give neurons and synapses to average pools, sums and the readout."""

from __future__ import annotations

import numpy as np

from exporters import algebra
from exporters.arithmetic import window_divisors
from exporters.draft import Draft
from exporters.graph import Node
from onespike_lava.errors import UnsupportedError


def merge_average_pools(draft: Draft) -> None:
    """Put average pools that only linear layers read into these layers' weights."""
    shapes = draft.shapes()
    for pool in reversed(draft.of_op("avgpool")):
        readers = draft.readers(pool.name)
        if not readers or pool.name == draft.output or {each.op for each in readers} != {"linear"}:
            continue
        source = draft.nodes[pool.name].inputs[0]
        for reader in readers:
            draft.put(algebra.spread_over_windows(reader, pool, shapes[source]))
        del draft.nodes[pool.name]
        names = ", ".join(each.name for each in readers)
        draft.account[pool.name] = f"merged into {names}"


def own_average_pools(draft: Draft) -> None:
    """Give average pools fixed synapses and neurons of their own (the paper).

    The neurons' ReLU changes nothing, since what they average is not negative.
    """
    shapes = draft.shapes()
    for node in draft.of_op("avgpool"):
        pool = draft.nodes[node.name]
        source = draft.source(pool)
        if np.ptp(window_divisors(pool, shapes[source.name])) > 0:
            raise UnsupportedError(
                f"{pool}: divides by fewer inputs at borders (count_include_pad=False); use "
                "count_include_pad=True or no padding"
            )
        if not draft.non_negative(source.name):
            raise UnsupportedError(
                f"{pool}: averages {source}, which can be negative, and spikes cannot carry "
                "negative values; put a ReLU before the pool"
            )
        draft.put(algebra.pool_as_conv(pool, shapes[source.name][0]))
        if draft.output != pool.name:
            _put_relu(draft, pool.name)
        draft.account[pool.name] = "converted to a layer of its own neurons"


def connect_skips(draft: Draft) -> None:
    """Make every input of a sum a synapse: sums in a row become one, a skip gets weight one."""
    for node in draft.of_op("add"):
        total = draft.nodes[node.name]
        _add_neurons(draft, total)
        shape = draft.shapes()[total.name]
        inputs: list[str] = []
        for source in total.inputs:
            name = source
            if draft.nodes[source].op in ("relu", "maxpool", "input"):
                name = draft.fresh(f"{total.name}.skip")
                draft.put(algebra.identity_map(name, source, shape))
            inner = draft.nodes[name]
            nested = inner.op == "add" and draft.only_reader(name) is not None
            inputs += inner.inputs if nested else (name,)
            if nested:
                draft.account[name] = f"merged with {total.name}"
        draft.put(total.with_inputs(*inputs))
        draft.nodes = {each.name: each for each in draft.graph().nodes}


def _add_neurons(draft: Draft, total: Node) -> None:
    """Put a ReLU, which changes nothing, behind a sum of values that are not negative."""
    reader = draft.only_reader(total.name)
    follows = reader is not None and reader.op in ("relu", "add")
    if draft.output != total.name and not follows and draft.non_negative(total.name):
        _put_relu(draft, total.name)


def _put_relu(draft: Draft, name: str) -> None:
    fresh = draft.fresh(f"{name}.relu")
    draft.redirect(name, fresh)
    draft.put(Node(fresh, "relu", (name,)))


def flatten_readout(draft: Draft) -> None:
    """Make a last `conv` of one-pixel results a `linear`."""
    last = draft.nodes[draft.output]
    shapes = draft.shapes()
    if last.op == "conv" and shapes[last.name][1:] == (1, 1):
        draft.put(algebra.conv_as_linear(last, shapes[last.inputs[0]]))
