"""Passes that take out or fold what is no layer of neurons: norms, flattens, idle nodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from exporters import algebra
from exporters.arithmetic import scale_shift, window
from exporters.draft import LINEAR, Draft
from exporters.graph import Node
from onespike_lava.errors import UnsupportedError


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
