"""Concatenations: what reads one is split into parts that read its inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

import numpy as np

from exporters.graph import Node
from exporters.graph.arithmetic import groups_of
from exporters.passes import algebra
from exporters.passes.budget import PIECES_MAX, Room
from exporters.passes.compose import dense_groups
from exporters.passes.draft import LINEAR, Draft
from onespike_lava.layers import Shape


def split_concats(draft: Draft) -> None:
    """Let sums, linear maps of parts and the like take the place of every concatenation.

    Raises `UnsupportedError` where that takes too many parts.
    """
    room = Room.of(draft, "concatenate fewer values", PIECES_MAX)
    while True:
        found = draft.of_op("concat")
        if not found:
            return
        shapes, concat = draft.shapes(), found[0]
        room.check(concat, len(concat.inputs))
        _split(draft, _Parts(concat, tuple(shapes[name] for name in concat.inputs), room))


@dataclass(frozen=True)
class _Parts:
    """A concatenation, the shapes of its inputs, and the room for what it is split into."""

    concat: Node
    shapes: tuple[Shape, ...]
    room: Room

    @property
    def bounds(self) -> list[int]:
        """First channel of each input, and the number of all."""
        return [0, *np.cumsum([shape[0] for shape in self.shapes]).tolist()]

    @property
    def shape(self) -> Shape:
        """Shape of the whole."""
        return (self.bounds[-1], *self.shapes[0][1:])


def _split(draft: Draft, parts: _Parts) -> None:
    concat = parts.concat
    readers = draft.readers(concat.name)
    for reader in readers:
        _split_reader(draft, reader, parts)
    folded = ", ".join(reader.name for reader in readers)
    note = f"folded into {folded} (split by input)"
    if draft.output == concat.name:
        draft.put(Node(concat.name, "add", _embedded(draft, parts)))
        note = "converted to a sum"
    else:
        del draft.nodes[concat.name]
    if draft.account.get(concat.name) == "converted":
        draft.account[concat.name] = note


def _split_reader(draft: Draft, reader: Node, parts: _Parts) -> None:
    if reader.op == "concat":
        _splice(draft, reader, parts, parts.concat.inputs)
    elif reader.op == "add":
        _splice(draft, reader, parts, _embedded(draft, parts))
    elif reader.op in LINEAR:
        _split_linear(draft, reader, parts)
    elif reader.op == "pad" and any(reader.attrs.get("channels", ())):
        _split_linear(draft, algebra.pad_as_map(reader, parts.shape), parts)
    elif reader.op == "slice" and not _keeps_channels(reader, parts):
        _split_linear(draft, algebra.slice_as_map(reader, parts.shape), parts)
    else:
        _distribute(draft, reader, parts)


def _splice(draft: Draft, reader: Node, parts: _Parts, new: Iterable[str]) -> None:
    inputs: list[str] = []
    for name in reader.inputs:
        inputs += new if name == parts.concat.name else (name,)
    draft.put(reader.with_inputs(*inputs))


def _embedded(draft: Draft, parts: _Parts) -> tuple[str, ...]:
    """Summands whose sum is the concatenation: each input among zeros."""
    names = []
    for number, source in enumerate(parts.concat.inputs):
        name = draft.fresh(f"{parts.concat.name}.{number}")
        first, *_, channels = parts.bounds[number:]
        parts.room.take(parts.concat, channels * parts.shapes[number][0])
        draft.put(algebra.selection(name, source, parts.shapes[number], first, channels))
        names.append(name)
    return tuple(names)


def _keeps_channels(cut: Node, parts: _Parts) -> bool:
    start, stop, step = (cut.attrs[key][0] for key in ("start", "stop", "step"))
    return bool((start, stop, step) == (0, parts.bounds[-1], 1))


def _distribute(draft: Draft, reader: Node, parts: _Parts) -> None:
    """`op(concat(a, b)) = concat(op(a), op(b))`; batch norms are split by channel."""
    pieces = []
    for source, first, last in _ranges(parts):
        params = {key: value[first:last] for key, value in reader.params.items()}
        attrs = dict(reader.attrs)
        if reader.op == "slice":
            attrs["stop"] = (last - first, *attrs["stop"][1:])
        pieces.append(replace(reader, inputs=(source,), params=params, attrs=attrs))
    _put_pieces(draft, reader.name, "concat", pieces, parts)


def _split_linear(draft: Draft, reader: Node, parts: _Parts) -> None:
    """`W concat(a, b) = W1 a + W2 b`; groups that read one input each stay apart."""
    weight, bias = reader.params["weight"], algebra.bias_of(reader)
    groups = groups_of(reader)
    if groups > 1 and all(bound % weight.shape[1] == 0 for bound in parts.bounds):
        _split_groups(draft, reader, parts)
        return
    if reader.op == "conv":
        weight = dense_groups(reader).astype(weight.dtype)
    attrs = {**reader.attrs, "groups": 1} if reader.op == "conv" else reader.attrs
    plane = prod(parts.shapes[0][1:]) if reader.op == "linear" else 1
    pieces = []
    for source, first, last in _ranges(parts):
        mine = weight[:, first * plane : last * plane]
        piece = replace(reader, inputs=(source,), attrs=attrs)
        pieces.append(algebra.with_params(piece, mine, bias))
        bias = np.zeros_like(bias)
    _put_pieces(draft, reader.name, "add", pieces, parts)


def _split_groups(draft: Draft, reader: Node, parts: _Parts) -> None:
    weight, bias = reader.params["weight"], algebra.bias_of(reader)
    groups = reader.attrs["groups"]
    pieces = []
    for source, first, last in _ranges(parts):
        begin, end = (bound // weight.shape[1] for bound in (first, last))
        mine = slice(begin * len(weight) // groups, end * len(weight) // groups)
        piece = replace(reader, inputs=(source,), attrs={**reader.attrs, "groups": end - begin})
        pieces.append(algebra.with_params(piece, weight[mine], bias[mine]))
    _put_pieces(draft, reader.name, "concat", pieces, parts)


def _ranges(parts: _Parts) -> list[tuple[str, int, int]]:
    """Name, first channel and channel behind the last of each input."""
    places = pairwise(parts.bounds)
    return [(name, *place) for name, place in zip(parts.concat.inputs, places, strict=True)]


def _put_pieces(draft: Draft, name: str, op: str, pieces: list[Node], parts: _Parts) -> None:
    names = []
    parts.room.take(parts.concat, 0, len(pieces))
    for number, piece in enumerate(pieces):
        names.append(draft.fresh(f"{name}.{number}"))
        draft.put(replace(piece, name=names[-1]))
    draft.put(Node(name, op, tuple(names)))
    draft.account[name] = f"converted in parts (after {parts.concat.name})"
