"""Larger planes in the layout of smaller ones: what an upsample makes lies in channels.

A plane of `s` times as many rows lies as `s` channels for each of its own, one for every row modulo
`s`. A convolution of such planes is a convolution of these channels; nothing but the order of
neurons changes. What the network ends in then lies in blocks, which whoever reads scores puts back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd, prod

import numpy as np
from numpy.typing import NDArray

from exporters.graph import Node, is_spiking
from exporters.graph.arithmetic import groups_of, window
from exporters.passes import algebra
from exporters.passes.budget import Room
from exporters.passes.draft import Draft
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Shape

Blocks = tuple[int, int]
PLAIN: Blocks = (1, 1)


def lay_out(draft: Draft) -> None:
    """Put upsampled planes into the layout of the planes that they come from.

    Raises `UnsupportedError` for what has no such layout.
    """
    if draft.of_op("upsample"):
        _Layout(draft).walk()


@dataclass
class _Axis:
    """One axis of a convolution between two layouts: its taps, and the window of the new kernel.

    taps : for each phase of the output and tap of the kernel the new tap and the input's phase
    """

    taps: dict[tuple[int, int], tuple[int, int]]
    size: int
    stride: int
    before: int


class _Layout:
    """A walk over the nodes, each after what it reads."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.shapes: dict[str, Shape] = draft.shapes()
        self.blocks: dict[str, Blocks] = {}
        self.before = dict(draft.nodes)
        self.room = Room.of(draft, "enlarge fewer or smaller planes")

    def walk(self) -> None:
        for node in self.draft.order():
            sources = [self.blocks[name] for name in node.inputs]
            self.blocks[node.name] = self._laid(node, sources)
        self.draft.blocks = self.blocks[self.draft.output]

    def _laid(self, node: Node, sources: list[Blocks]) -> Blocks:
        if not sources or (set(sources) == {PLAIN} and node.op != "upsample"):
            return PLAIN
        if node.op == "upsample":
            return self._upsample(node, sources[0])
        if node.op == "conv":
            return self._conv(node, sources[0])
        if node.op == "linear":
            self.draft.put(self._linear(node, sources[0]))
            return PLAIN
        if node.op == "add":
            return self._sum(node, sources)
        if is_spiking(node) or node.op == "flatten":
            return sources[0]
        raise UnsupportedError(
            f"{self.draft.title(node)}: reads an enlarged plane, whose neighbours lie in different "
            "channels; put a convolution of its stride in its place, or leave out the enlargement"
        )

    def _sum(self, node: Node, sources: list[Blocks]) -> Blocks:
        """All in the finest of their layouts."""
        finest = (max(each[0] for each in sources), max(each[1] for each in sources))
        names = []
        for name, blocks in zip(node.inputs, sources, strict=True):
            if blocks == finest:
                names.append(name)
            elif self.before[name].op == "conv" and len(self.draft.readers(name)) == 1:
                self._conv(self.before[name], self.blocks[self.before[name].inputs[0]], finest)
                self.blocks[name] = finest
                names.append(name)
            else:
                names.append(self._moved(node, name, blocks, finest))
        self.draft.put(node.with_inputs(*names))
        return finest

    def _moved(self, node: Node, name: str, have: Blocks, want: Blocks) -> str:
        shape = self.shapes[name]
        fresh = self.draft.fresh(f"{node.name}.laid")
        same = algebra.identity_map(fresh, name, shape)
        self.draft.put(self._convolution(same, shape, shape, have, want))
        self.blocks[fresh], self.shapes[fresh] = want, shape
        return fresh

    def _conv(self, node: Node, have: Blocks, want: Blocks | None = None) -> Blocks:
        stride = window(node).stride
        if want is None:
            rows, columns = (a // gcd(a, t) for a, t in zip(have, stride, strict=True))
            want = (rows, columns)
        source, target = self.shapes[node.inputs[0]], self.shapes[node.name]
        self.draft.put(self._convolution(node, source, target, have, want))
        return want

    def _convolution(
        self, node: Node, source: Shape, target: Shape, have: Blocks, want: Blocks
    ) -> Node:
        """The convolution from one layout to another."""
        weight = node.params["weight"]
        self._check(node, target, want)
        axes = [self._axis(node, axis, source, target, have[axis], want[axis]) for axis in range(2)]
        outputs, inputs = weight.shape[:2]
        down, across = axes
        size = outputs * prod(want) * inputs * prod(have) * down.size * across.size
        self.room.take(node, size)
        wide = np.zeros((outputs, *want, inputs, *have, down.size, across.size), weight.dtype)
        for (row, r), (tap, phase) in down.taps.items():
            for (column, c), (beside, other) in across.taps.items():
                wide[:, row, column, :, phase, other, tap, beside] += weight[:, :, r, c]
        shape = (outputs * prod(want), inputs * prod(have), down.size, across.size)
        params: dict[str, NDArray[np.float64]] = {"weight": wide.reshape(shape)}
        if "bias" in node.params:
            params["bias"] = np.repeat(node.params["bias"], prod(want))
        low = [size // block for size, block in zip(source[1:], have, strict=True)]
        high = [size // block for size, block in zip(target[1:], want, strict=True)]
        behind = [
            max(0, (count - 1) * each.stride + each.size - each.before - size)
            for each, size, count in zip(axes, low, high, strict=True)
        ]
        attrs = {
            **node.attrs,
            "stride": (down.stride, across.stride),
            "padding": (down.before, across.before, *behind),
            "dilation": PLAIN,
            "groups": groups_of(node),
        }
        return replace(node, params=params, attrs=attrs)

    def _axis(
        self, node: Node, axis: int, source: Shape, target: Shape, have: int, want: int
    ) -> _Axis:
        slide, size = window(node), node.params["weight"].shape[2 + axis]
        places = {
            (phase, tap): phase * slide.stride[axis]
            + tap * slide.dilation[axis]
            - slide.padding[axis]
            for phase in range(want)
            for tap in range(size)
        }
        first = min(0, *(place // have for place in places.values()))
        last = max(place // have for place in places.values())
        taps = {key: (place // have - first, place % have) for key, place in places.items()}
        return _Axis(taps, max(1, last - first + 1), want * slide.stride[axis] // have, -first)

    def _upsample(self, node: Node, have: Blocks) -> Blocks:
        channels = self.shapes[node.inputs[0]][0]
        scale = tuple(node.attrs["scale"])
        want = (have[0] * scale[0], have[1] * scale[1])
        self.room.take(node, channels * prod(want) * prod(have))
        weight = np.zeros((*want, *have), np.float32)
        for row, column in np.ndindex(*want):
            copies = not node.attrs.get("zeros", False)
            if copies or (row % scale[0] == 0 and column % scale[1] == 0):
                weight[row, column, row // scale[0], column // scale[1]] = 1
        each = weight.reshape(1, prod(want), prod(have), 1, 1)
        tiled = np.broadcast_to(each, (channels, *each.shape[1:])).reshape(-1, prod(have), 1, 1)
        attrs = {"groups": channels, **algebra.FIXED}
        self.draft.put(Node(node.name, "conv", node.inputs, {"weight": tiled}, attrs))
        return want

    def _linear(self, node: Node, have: Blocks) -> Node:
        """A linear map of a plane in blocks: its weights in their order."""
        channels, rows, columns = self.shapes[node.inputs[0]]
        weight = node.params["weight"]
        parts = weight.reshape(
            *(-1, channels, rows // have[0], have[0], columns // have[1], have[1])
        )
        moved = parts.transpose(0, 1, 3, 5, 2, 4).reshape(weight.shape)
        return replace(node, params={**node.params, "weight": moved})

    def _check(self, node: Node, shape: Shape, blocks: Blocks) -> None:
        if shape[1] % blocks[0] or shape[2] % blocks[1]:
            raise UnsupportedError(
                f"{self.draft.title(node)}: {list(shape[1:])} rows and columns after an "
                f"enlargement by {list(blocks)}, which does not divide them; choose sizes that it "
                "divides, such as by padding the data"
            )
