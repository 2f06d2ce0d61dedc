"""From a trained network to its spiking form: small passes that keep the function exactly.

Afterwards only `input`, `conv`, `linear`, `relu`, `maxpool` and `add` are left; every `conv`
and `linear` is read by one `relu` (its spiking neurons), by one `add`, or is the readout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from exporters import algebra
from exporters.arithmetic import scale_shift, window, window_divisors
from exporters.draft import LINEAR, Draft
from exporters.graph import Graph, Node
from exporters.spiking_form import check
from onespike_lava.errors import OptionError, UnsupportedError

POOLS = ("own", "merge")
Pass = Callable[[Draft], None]


def prepare(graph: Graph, pool: str = "own") -> tuple[Graph, dict[str, str]]:
    """The graph in spiking form, and what became of each node of the source.

    pool : `own` gives an average pool its own neurons (the paper), `merge` puts it into the
           linear layers behind it where only such follow, and into its own neurons elsewhere

    The function computed stays the same but for float rounding; nodes keep their names. The
    account maps source nodes to `converted`, `folded into conv1`, `dropped (dropout)` and the
    like. Raises `UnsupportedError` for what has no exact spiking form, naming the nodes.
    """
    if pool not in POOLS:
        raise OptionError(f"pool: {pool!r} is not one of {', '.join(POOLS)}")
    draft = Draft.of(graph)
    for each in BEFORE_POOLS:
        each(draft)
    if pool == "merge":
        merge_average_pools(draft)
    for each in AFTER_POOLS:
        each(draft)
    check(draft)
    return draft.graph(), draft.account


def drop_identities(draft: Draft) -> None:
    """Take out nodes that do nothing at inference, such as dropout."""
    for node in draft.of_op("identity"):
        draft.remove(draft.nodes[node.name], f"dropped ({node.attrs.get('reason', 'identity')})")


def sink_flattens(draft: Draft) -> None:
    """Move each flatten towards the linear layer that reads it.

    `relu(flatten(x)) = flatten(relu(x))`; a batch norm of channels before a flatten becomes
    one of features behind it, unless a linear map comes first and takes it.
    """
    while any(_sink(draft, node) for node in draft.of_op("flatten")):
        pass


def _sink(draft: Draft, flatten: Node) -> bool:
    reader, source = draft.only_reader(flatten.name), draft.source(flatten)
    if reader is not None and reader.op in ("relu", "flatten"):
        if reader.op == "relu":
            draft.swap(flatten, reader)
        else:
            draft.remove(reader, f"merged with {flatten.name}")
        return True
    if source.op != "batchnorm" or draft.source(source).op in LINEAR:
        return False
    if draft.only_reader(source.name) is None:
        return False
    plane = draft.shapes()[source.name][1:]
    copies = {
        key: np.repeat(value, np.prod(plane, dtype=int)) for key, value in source.params.items()
    }
    draft.swap(source, flatten)
    draft.put(replace(draft.nodes[source.name], params=copies))
    return True


def commute_max_pools(draft: Draft) -> None:
    """Let ReLU and growing batch norms come before the max pool: maxima commute with both."""
    while any(_commute(draft, node) for node in draft.of_op("maxpool")):
        pass


def _commute(draft: Draft, pool: Node) -> bool:
    reader = draft.only_reader(pool.name)
    if reader is None:
        return False
    root = pool
    while root.op == "maxpool":
        root = draft.source(root)
    grows = reader.op == "batchnorm" and root.op in LINEAR and scale_shift(reader)[0].min() >= 0
    if not (grows or reader.op == "relu"):
        return False
    draft.swap(pool, reader)
    return True


def merge_relus(draft: Draft) -> None:
    """One ReLU is enough: none on a value that is not negative, one where several read alike."""
    for node in draft.of_op("relu"):
        source = draft.source(draft.nodes[node.name])
        twins = [each for each in draft.readers(source.name) if each.op == "relu"]
        if source.op != "add" and draft.non_negative(source.name):
            draft.remove(draft.nodes[node.name], f"dropped ({source.name} is not negative)")
        elif twins[0].name != node.name:
            draft.redirect(node.name, twins[0].name)
            del draft.nodes[node.name]
            draft.account[node.name] = f"merged with {twins[0].name}"


def fold_batch_norms(draft: Draft) -> None:
    """Put every batch norm into the linear map before it, else into those behind it."""
    for node in draft.of_op("batchnorm"):
        norm = draft.nodes[node.name]
        source = draft.source(norm)
        if source.op in LINEAR and draft.only_reader(source.name) is not None:
            draft.put(algebra.scale_outputs(source, norm))
            draft.remove(norm, f"folded into {source.name}")
        else:
            _fold_forward(draft, norm)


def _fold_forward(draft: Draft, norm: Node) -> None:
    readers = draft.readers(norm.name)
    source = draft.source(norm)
    fits = [
        each.op == "linear" or (each.op == "conv" and not any(window(each).padding))
        for each in readers
    ]
    if not readers or not all(fits):
        behind = ", ".join(map(str, readers)) or "the output"
        raise UnsupportedError(
            f"{norm}: reads {source} and is read by {behind}; a batch norm folds only into a conv "
            "or linear directly before it, or a linear or unpadded conv directly behind it; move it"
        )
    for reader in readers:
        draft.put(algebra.scale_inputs(reader, norm))
    draft.remove(norm, f"folded into {', '.join(each.name for each in readers)}")


def drop_flattens(draft: Draft) -> None:
    """Take out flattens before linear layers, which read (C, H, W) in order, and at the end."""
    for node in draft.of_op("flatten"):
        if all(each.op == "linear" for each in draft.readers(node.name)):
            note = "dropped (a linear layer reads C, H, W in order)"
            draft.remove(draft.nodes[node.name], note)


def compose_linears(draft: Draft) -> None:
    """Make one linear layer of two with nothing between them."""
    for node in draft.of_op("linear"):
        second = draft.nodes[node.name]
        first = draft.source(second)
        while first.op == "linear" and draft.only_reader(first.name) is not None:
            second = algebra.compose(first, second)
            draft.put(second)
            del draft.nodes[first.name]
            draft.account[first.name] = f"composed into {second.name}"
            first = draft.source(second)


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


BEFORE_POOLS: tuple[Pass, ...] = (
    drop_identities,
    sink_flattens,
    commute_max_pools,
    merge_relus,
    fold_batch_norms,
    drop_flattens,
    compose_linears,
)
AFTER_POOLS: tuple[Pass, ...] = (own_average_pools, connect_skips, flatten_readout)
