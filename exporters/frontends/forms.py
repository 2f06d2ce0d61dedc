"""Values in the form that an operator reads: (F,), (C, L) or (C, H, W) in the node's own order.

Where a transpose or reshape stands between, channels are picked, planes enlarged or made smaller by
a map of weight one, the input is viewed otherwise, or a vector becomes planes; all else is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from exporters.frontends.refs import Places, Ref, RefusedError, planes_of
from exporters.graph import Node
from onespike_lava.data.misfit import listed
from onespike_lava.layers import Shape

WEIGHTS_MAX = 2**24
"""Most weights of a map that only puts elements in another order."""

FIXED = {"fixed": True}


class Growing(Protocol):
    """A graph that grows node by node, as `builder.Builder`."""

    nodes: dict[str, Node]
    shapes: dict[str, Shape]
    forms: dict[tuple[str, Shape, bytes], Ref]

    def add(
        self,
        op: str,
        name: str,
        inputs: Sequence[Ref] = (),
        params: Mapping[str, Any] | None = None,
        attrs: Mapping[str, Any] | None = None,
    ) -> Ref:
        """A new node's value."""
        ...


def formed(build: Growing, x: Ref, name: str = "") -> Ref:
    """The value in the form that operators read; new nodes are called after `name`.

    Raises `RefusedError` where its elements come in an order that no map of planes gives.
    """
    order = b"" if x.order is None else hashlib.blake2b(x.order.tobytes()).digest()
    key = (x.name, x.shape, order)
    if key not in build.forms:
        build.forms[key] = _formed(build, x, name or x.name)
    return build.forms[key]


def _formed(build: Growing, x: Ref, name: str) -> Ref:
    want = planes_of(x.shape)
    have = build.shapes[x.name]
    if x.order is not None and x.order.size == prod(have):
        plain = bool((x.order == np.arange(x.order.size)).all())
        x = Ref(x.name, x.shape) if plain else x
    if x.order is None:
        if have == want or (len(x.shape) == 2 and have[0] == want[0] and len(have) == 3):
            return x
        if is_turned(build, x):
            return x
        if len(want) == 1:
            return build.add("flatten", f"{name}.flatten", [Ref(x.name, have)])
    node = build.nodes[x.name]
    if node.op in ("flatten", "identity") and prod(have) == prod(build.shapes[node.inputs[0]]):
        return formed(build, Ref(node.inputs[0], x.shape, x.order), name)
    if _from_outside(build, node):
        behind = formed(build, Ref(node.inputs[0], x.shape, x.order), name)
        params = {
            key: np.full(planes_of(x.shape)[0], value[0]) for key, value in node.params.items()
        }
        made = build.add(node.op, f"{node.name}.moved", [behind], params, node.attrs)
        return Ref(made.name, x.shape)
    if node.op == "input" and (found := _viewed(build, x, want, name)):
        return found
    places = x.places.reshape(want if len(want) == 3 else (*want, 1, 1))
    source = have if len(have) == 3 else (*have, 1, 1)
    if x.order is None and len(want) == 3 and len(have) == 1:
        return _planes(build, x, want, name)
    found = _picked(build, x, places, source, name)
    found = found or _enlarged(build, x, places, source, name)
    if found is None and len(want) == 3 and len(have) == 1 and x.places.size == have[0]:
        vector = _picked(build, x, x.places.reshape(-1, 1, 1), source, name)
        return _planes(build, Ref((vector or x).name, x.shape), want, name)
    if found is None:
        raise RefusedError(
            f"its elements come in an order that no map of planes gives; keep the order of "
            f"{listed(have)}, or move only whole channels"
        )
    return formed(build, Ref(found.name, x.shape), name)


def _from_outside(build: Growing, node: Node) -> bool:
    """Whether it changes every value of the input alike, so that it may come behind a view."""
    if node.op not in ("relu", "batchnorm"):
        return False
    if not all(value.size and (value == value[0]).all() for value in node.params.values()):
        return False
    source = build.nodes[node.inputs[0]]
    return source.op == "input" or _from_outside(build, source)


def is_turned(build: Growing, x: Ref) -> bool:
    """Whether it is a column (C, L, 1) of a node that is a row (C, 1, L), or such a row."""
    have = build.shapes[x.name]
    thin = len(x.shape) == 3 and x.shape[1] != x.shape[2] and 1 in x.shape[1:]
    return thin and x.order is None and have == (x.shape[0], x.shape[2], x.shape[1])


def turned(
    params: Mapping[str, Any], attrs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and attributes of a node with rows for columns and columns for rows."""
    found = dict(attrs)
    for key in ("kernel", "stride", "dilation", "scale"):
        found |= {key: tuple(attrs[key])[::-1]} if key in attrs else {}
    for key in ("start", "stop", "step"):
        found |= {key: (attrs[key][0], *attrs[key][:0:-1])} if key in attrs else {}
    if "padding" in attrs:
        top, left, bottom, right = attrs["padding"]
        found["padding"] = (left, top, right, bottom)
    if "rows" in attrs:
        found |= {"rows": attrs["columns"], "columns": attrs["rows"]}
    whole = dict(params)
    weight = np.asarray(whole.get("weight", 0))
    if weight.ndim == 4:
        whole["weight"] = weight.swapaxes(2, 3)
    return whole, found


def _viewed(build: Growing, x: Ref, want: Shape, name: str) -> Ref | None:
    """The input with its axes in another order and in another shape, where that is all."""
    sample = tuple(build.nodes[x.name].attrs.get("sample", build.shapes[x.name]))
    if prod(want) != prod(sample) or len(sample) > 4:
        return None
    whole = np.arange(prod(sample)).reshape(sample)
    flat = x.places.reshape(-1)
    for axes in np.ndindex(*(len(sample),) * len(sample)):
        moved = sorted(axes) == list(range(len(sample)))
        if moved and (whole.transpose(axes).reshape(-1) == flat).all():
            attrs = {"sample": sample, "axes": tuple(axes), "shape": want}
            made = build.add("view", f"{name}.view", [Ref(x.name, build.shapes[x.name])], {}, attrs)
            return Ref(made.name, x.shape)
    return None


def _planes(build: Growing, x: Ref, want: Shape, name: str) -> Ref:
    """A vector as planes."""
    vector = Ref(x.name, build.shapes[x.name])
    made = build.add("unflatten", f"{name}.planes", [vector], attrs={"shape": want})
    return Ref(made.name, x.shape)


def _picked(build: Growing, x: Ref, places: Places, have: Shape, name: str) -> Ref | None:
    """Channels in another order, of every so manieth row and column."""
    channel, row, column = np.unravel_index(places, have)
    down, across = _step(row, 1, have[1]), _step(column, 2, have[2])
    first = tuple(each[:, :1, :1] for each in (channel, row, column))
    rows = np.arange(places.shape[1]).reshape(1, -1, 1) * down
    columns = np.arange(places.shape[2]).reshape(1, 1, -1) * across
    even = min(down, across) > 0 and (channel == first[0]).all()
    if not even or (row != first[1] + rows).any() or (column != first[2] + columns).any():
        return None
    index, top, left = (each.reshape(-1) for each in first)
    if len(build.shapes[x.name]) == 1:
        weight = _zeros((len(places), have[0]))
        weight[np.arange(len(places)), index] = 1
        return build.add("linear", f"{name}.order", [_whole(build, x)], {"weight": weight}, FIXED)
    height = max(int(top.max()) + 1, have[1] - places.shape[1] * down + 1)
    width = max(int(left.max()) + 1, have[2] - places.shape[2] * across + 1)
    alone = len(places) == have[0] and bool((index == np.arange(have[0])).all())
    weight = _zeros((len(places), 1 if alone else have[0], height, width))
    weight[np.arange(len(places)), 0 if alone else index, top, left] = 1
    attrs = {"stride": (down, across), "groups": have[0] if alone else 1, **FIXED}
    return build.add("conv", f"{name}.order", [_whole(build, x)], {"weight": weight}, attrs)


def _step(places: NDArray[np.int64], axis: int, size: int) -> int:
    """From one row (axis 1) or column to the next; 0 where they do not rise so."""
    along = places[0, :, 0] if axis == 1 else places[0, 0]
    return int(along[1] - along[0]) if len(along) > 1 else size


def _enlarged(build: Growing, x: Ref, places: Places, have: Shape, name: str) -> Ref | None:
    """Channels that lie between each other's rows and columns, as in a pixel shuffle."""
    (down, more), (across, left) = (divmod(places.shape[at], have[at]) for at in (1, 2))
    if more or left or down * across < 2 or len(build.shapes[x.name]) != 3:
        return None
    channel, row, column = np.unravel_index(places, have)
    rows = np.arange(places.shape[1]).reshape(1, -1, 1) // down
    columns = np.arange(places.shape[2]).reshape(1, 1, -1) // across
    cells = channel.reshape(len(places), have[1], down, have[2], across)
    first = cells[:, :1, :, :1]
    if (row != rows).any() or (column != columns).any() or (cells != first).any():
        return None
    index = first.reshape(len(places), down, across)
    alone = len(places) == have[0]
    if alone and (index == np.arange(have[0]).reshape(-1, 1, 1)).all():
        return _upsampled(build, x, (down, across), f"{name}.order", zeros=False)
    wide = _upsampled(build, x, (down, across), f"{name}.order", zeros=True)
    weight = _zeros((len(places), have[0], down, across))
    for r, c in np.ndindex(down, across):
        weight[np.arange(len(places)), index[:, r, c], down - 1 - r, across - 1 - c] = 1
    attrs = {"padding": (down - 1, across - 1, 0, 0), **FIXED}
    return build.add("conv", f"{name}.order", [wide], {"weight": weight}, attrs)


def _upsampled(build: Growing, x: Ref, scale: Shape, name: str, *, zeros: bool) -> Ref:
    attrs = {"scale": scale, "zeros": zeros}
    return build.add("upsample", name, [_whole(build, x)], attrs=attrs)


def _whole(build: Growing, x: Ref) -> Ref:
    return Ref(x.name, build.shapes[x.name])


def _zeros(shape: Shape) -> NDArray[np.float32]:
    if prod(shape) > WEIGHTS_MAX:
        raise RefusedError(
            f"a map of {prod(shape)} weights, more than {WEIGHTS_MAX}, would put its elements in "
            "order; keep the order"
        )
    return np.zeros(shape, np.float32)
