"""Passes at both ends: the input as it comes from outside, and neurons as the last layer."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from exporters.graph import Node
from exporters.passes import algebra
from exporters.passes.budget import Room
from exporters.passes.draft import Draft, sends_spikes
from onespike_lava.errors import UnsupportedError


def fold_views(draft: Draft) -> None:
    """Let the input be what its readers see: axes in another order, another shape.

    Raises `UnsupportedError` where they see it in several ways.
    """
    entry = next(iter(draft.nodes.values()))
    readers = draft.readers(entry.name)
    views = [node for node in readers if node.op == "view"]
    shape = tuple(entry.attrs["shape"])
    if not views:
        if len(shape) not in (1, 3):
            raise UnsupportedError(f"{entry}: shape {list(shape)}; give [N, C, H, W] or [N, F]")
        return
    first = views[0]
    alike = all(node.op == "view" and node.attrs == first.attrs for node in readers)
    if not alike or draft.output == entry.name:
        names = ", ".join(map(str, readers))
        raise UnsupportedError(
            f"{entry}: its readers ({names}) take its axes in different orders; bring the input "
            "into one order first, from which all read"
        )
    sample, axes = tuple(first.attrs["sample"]), tuple(first.attrs["axes"])
    wide = tuple(first.attrs["shape"])
    row = len(sample) == 2 and axes == (0, 1) and wide == (sample[0], 1, sample[1])
    attrs = {"shape": wide} if row else {"shape": wide, "sample": sample, "axes": axes}
    for view in views:
        draft.remove(view, f"merged with {entry.name}")
    draft.put(replace(entry, attrs=attrs))


def end_in_a_map(draft: Draft) -> None:
    """Put a readout of weight one behind spikes that are the network's output."""
    last = draft.nodes[draft.output]
    while last.op in ("flatten", "identity"):
        last = draft.source(last)
    if not sends_spikes(last):
        return
    name = draft.fresh(f"{draft.output}.readout")
    shape = draft.shapes()[draft.output]
    draft.put(algebra.identity_map(name, draft.output, shape))
    draft.output = name


def map_planes(draft: Draft) -> None:
    """Make planes of vectors: every vector becomes planes of one place, which a kernel spreads."""
    if not draft.of_op("unflatten"):
        return
    shapes, room = draft.shapes(), Room.of(draft, "view smaller vectors as planes")
    for node in draft.order():
        if node.op == "input" and len(shapes[node.name]) == 1:
            (size,) = shapes[node.name]
            view = {"sample": (size,), "axes": (0,), **node.attrs, "shape": (size, 1, 1)}
            draft.put(replace(node, attrs=view))
        elif node.op == "linear":
            draft.put(_as_conv(draft, node, shapes[node.inputs[0]]))
        elif node.op == "unflatten":
            room.take(node, prod(node.attrs["shape"]) ** 2)
            draft.put(_spread(node))


def _as_conv(draft: Draft, node: Node, shape: tuple[int, ...]) -> Node:
    """A linear map as a convolution whose kernel is the whole plane."""
    channels, rows, columns = shape if len(shape) == 3 else (*shape, 1, 1)
    weight = node.params["weight"].reshape(-1, channels, rows, columns)
    params = {**node.params, "weight": weight}
    return replace(node, op="conv", params=params, exact=node.exact)


def _spread(node: Node) -> Node:
    """Each channel of one place to its place of a plane: a kernel that turns the plane round."""
    channels, rows, columns = node.attrs["shape"]
    kernel = algebra.spreading(channels, rows, columns)
    padding = (rows - 1, columns - 1) * 2
    attrs = {"padding": padding, **algebra.FIXED}
    return Node(node.name, "conv", node.inputs, {"weight": kernel}, attrs)
