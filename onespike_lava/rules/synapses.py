"""Rules of connections, by their class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import CONNECTIONS, Integers, Registry, Shape, Sparse, Synapse
from onespike_lava.rules.arrays import array_kind
from onespike_lava.rules.windows import window_rules

CONNECTION_RULES: Registry[Callable[[Any, Shape, Shape], Iterator[str]]] = Registry(
    "rules of connections", CONNECTIONS
)
"""From a connection and the shapes of source and layer to what is wrong with it."""


@CONNECTION_RULES.add(Synapse)
def _synapse(synapse: Synapse, source: Shape, shape: Shape) -> Iterator[str]:
    weight, groups = synapse.weight, synapse.groups
    if weight.dtype != np.int8 or weight.ndim not in (2, 4) or 0 in weight.shape:
        yield f"weight: {array_kind(weight)} is not int8[O, I] or int8[O, I/groups, rows, columns]"
        return
    if synapse.live is not None:
        yield from _pruned(synapse.live, weight)
    if synapse.kind == "dense":
        inputs = prod(source)
        if weight.shape != (shape[0], inputs) or len(shape) != 1:
            yield f"weight: {weight.shape} does not connect {inputs} inputs to shape {shape}"
        return
    if len(source) != 3:
        yield f"a convolution needs a source (C, H, W), found {source}; use a dense synapse"
        return
    messages = list(window_rules(synapse.window, weight.shape[2:], source))
    if groups < 1 or source[0] % groups or weight.shape[0] % groups:
        messages.append(f"groups: {groups} does not divide {source[0]} and {weight.shape[0]}")
    elif weight.shape[1] * groups != source[0]:
        messages.append(f"weight: {weight.shape} in {groups} groups does not read {source}")
    if not messages and synapse.output_shape(source) != shape:
        messages.append(f"shape {shape} is not {synapse.output_shape(source)}, what {source} gives")
    yield from messages


def _pruned(live: NDArray[np.bool_], weight: NDArray[np.int8]) -> Iterator[str]:
    if live.dtype != np.bool_ or live.shape != weight.shape:
        yield f"live: {array_kind(live)} is not bool{list(weight.shape)}, the weight's shape"
    elif live.all():
        yield "live: nothing was pruned; leave it out"
    elif (weight[~live] != 0).any():
        yield (
            f"weight: {np.count_nonzero(weight[~live])} weights of pruned synapses are not 0; "
            "set them to 0, or mark them as live"
        )


@CONNECTION_RULES.add(Sparse)
def _sparse(synapse: Sparse, source: Shape, shape: Shape) -> Iterator[str]:
    if len(source) != 3 or len(shape) != 3 or shape[2] != 1:
        yield f"a sparse synapse needs (C, places, 1), found source {source} and shape {shape}"
        return
    for name, kind in (("weight", np.int8), ("indices", np.int32), ("indptr", np.int32)):
        values = getattr(synapse, name)
        if values.dtype != kind or values.ndim != 1:
            yield f"{name}: {array_kind(values)} is not {np.dtype(kind)}[n]"
            return
    indptr, indices, signs = synapse.indptr.astype(np.int64), synapse.indices, synapse.signs
    entries, rows, places = len(synapse.weight), prod(shape[1:]), prod(source[1:])
    if len(indices) != entries or len(indptr) != rows + 1:
        yield (
            f"indices: {len(indices)}, indptr: {len(indptr)} are not {entries} (weights) and "
            f"{rows + 1} (places + 1); write compressed sparse rows"
        )
    elif indptr[0] != 0 or indptr[-1] != entries or (np.diff(indptr) < 0).any():
        yield f"indptr: does not rise from 0 to {entries}; write compressed sparse rows"
    elif entries and not 0 <= indices.min() <= indices.max() < places:
        yield f"indices: {indices.min()}..{indices.max()} are outside 0..{places - 1}, the places"
    elif not _rising(indices, indptr):
        yield "indices: do not rise within a row; sort them and sum duplicates"
    if signs.dtype != np.int8 or signs.ndim != 1 or not (np.abs(signs) == 1).all():
        yield f"signs: {array_kind(signs)} of {signs.reshape(-1)[:4].tolist()} are not int8 1 or -1"
    elif len(signs) * shape[0] != source[0]:
        yield f"signs: {len(signs)} for each of {shape[0]} channels do not read {source}"


def _rising(indices: Integers, indptr: NDArray[np.int64]) -> bool:
    """Whether places rise strictly within each row."""
    falls = np.flatnonzero(np.diff(indices) <= 0) + 1
    return bool(np.isin(falls, indptr).all())
