"""Passes that take out or fold what is no layer of neurons: norms, flattens, idle nodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from exporters.graph import Node, is_spiking
from exporters.graph.arithmetic import scale_shift, window
from exporters.passes import algebra
from exporters.passes.draft import LINEAR, Draft
from onespike_lava.errors import UnsupportedError

IDLE = ("relu", "maxpool", "avgpool", "areas", "flatten", "pad", "slice", "unflatten", "upsample")
"""Operators behind which a ReLU may do nothing; behind sums and maps it stands for neurons."""


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
    if reader is not None and is_spiking(reader):
        draft.swap(flatten, reader)
        return True
    if reader is not None and reader.op == "flatten":
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
    folds = reader.op == "batchnorm" and root.op in (*LINEAR, "add")
    grows = folds and scale_shift(reader)[0].min() >= 0
    if not (grows or reader.op == "relu"):
        return False
    draft.swap(pool, reader)
    return True


def merge_relus(draft: Draft) -> None:
    """One ReLU is enough: none on a value that is not negative, one where several read alike.

    Of clipped ReLUs in a row the lowest clip counts.
    """
    for node in draft.of_op("relu"):
        relu = draft.nodes[node.name]
        source = draft.source(relu)
        clip = relu.attrs.get("clip")
        alike = (each for each in draft.readers(source.name) if each.attrs.get("clip") == clip)
        twins = [each for each in alike if each.op == "relu"]
        if source.op == "relu" and draft.only_reader(source.name) is not None and clip is not None:
            least = min(clip, source.attrs.get("clip", clip))
            draft.put(replace(source, attrs={"clip": least}))
            draft.remove(relu, f"merged with {source.name}")
        elif clip is None and source.op in IDLE and draft.non_negative(source.name):
            draft.remove(relu, f"dropped ({source.name} is not negative)")
        elif twins[0].name != node.name:
            draft.redirect(node.name, twins[0].name)
            del draft.nodes[node.name]
            draft.account[node.name] = f"merged with {twins[0].name}"


def fold_batch_norms(draft: Draft) -> None:
    """Put every batch norm into the linear map before it, else into those behind it.

    What is left becomes a linear map of its own.
    """
    for node in draft.of_op("batchnorm"):
        norm = draft.nodes[node.name]
        source = draft.source(norm)
        if draft.only_reader(source.name) is not None and _takes_norm(draft, source):
            _fold_back(draft, norm, source)
        elif source.op not in (*LINEAR, "add") and _fits_forward(draft, norm):
            _fold_forward(draft, norm)
        else:
            _refuse_before_padding(draft, norm)
            draft.put(algebra.norm_as_map(norm, draft.shapes()[norm.name]))


def _takes_norm(draft: Draft, source: Node) -> bool:
    """Whether it is a linear map, or a sum of such that nothing else reads."""
    if source.op != "add":
        return source.op in LINEAR
    summands = [draft.nodes[name] for name in dict.fromkeys(source.inputs)]
    return len(summands) == len(source.inputs) and all(
        each.op in LINEAR and draft.only_reader(each.name) is not None for each in summands
    )


def _fold_back(draft: Draft, norm: Node, source: Node) -> None:
    names = source.inputs if source.op == "add" else (source.name,)
    shift = norm
    for name in names:
        draft.put(algebra.scale_outputs(draft.nodes[name], shift))
        none = {key: np.zeros_like(norm.params[key]) for key in ("beta", "mean")}
        shift = replace(norm, params={**norm.params, **none})
    draft.remove(norm, f"folded into {source.name}")


def _fits_forward(draft: Draft, norm: Node) -> bool:
    readers = draft.readers(norm.name)
    free = not scale_shift(norm)[1].any()
    fits = (each.op in LINEAR and (free or not _pads(each)) for each in readers)
    return bool(readers) and norm.name != draft.output and all(fits)


def _pads(node: Node) -> bool:
    return node.op == "conv" and any(window(node).padding)


def _fold_forward(draft: Draft, norm: Node) -> None:
    readers = draft.readers(norm.name)
    for reader in readers:
        draft.put(algebra.scale_inputs(reader, norm))
    draft.remove(norm, f"folded into {', '.join(each.name for each in readers)}")


def _refuse_before_padding(draft: Draft, norm: Node) -> None:
    source = draft.source(norm)
    padded = [each for each in draft.readers(norm.name) if _pads(each)]
    if source.op == "input" and padded and scale_shift(norm)[1].any():
        raise UnsupportedError(
            f"{norm}: reads {source} and is read by {padded[0]}, which pads with zeros that the "
            "batch norm would shift; normalise the data instead, or leave out the padding"
        )


def drop_flattens(draft: Draft) -> None:
    """Take out flattens before linear layers, which read (C, H, W) in order, and at the end."""
    for node in draft.of_op("flatten"):
        if all(each.op == "linear" for each in draft.readers(node.name)):
            note = "dropped (a linear layer reads C, H, W in order)"
            draft.remove(draft.nodes[node.name], note)
