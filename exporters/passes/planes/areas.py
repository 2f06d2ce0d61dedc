"""Average pools whose windows differ, as sums of convolutions of which each sees its own windows.

Along one axis the pool is a matrix. Its parts are kernels that slide by the whole plane, so that
each sees the plane in one output only, or one row of it in all outputs; everything else is padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from exporters.graph import VALUES_LIMIT, Node
from exporters.graph.arithmetic import area_matrix, window
from exporters.passes.algebra import FIXED
from exporters.passes.budget import SUMMANDS_MAX
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Shape

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """A kernel along one axis, and how it slides."""

    weight: Floats
    stride: int
    before: int
    behind: int
    dilation: int = 1


def parts_of(pool: Node, shape: Shape) -> list[Node]:
    """Depthwise convolutions whose sum is the pool `areas` or `avgpool` of planes of `shape`."""
    parts = _areas if pool.op == "areas" else _windows
    axes = [parts(pool, axis, size) for axis, size in enumerate(shape[1:])]
    count = len(axes[0]) * len(axes[1])
    wide = prod(shape) * len(axes[0]) * len(axes[1])
    if count > SUMMANDS_MAX or wide > VALUES_LIMIT:
        raise UnsupportedError(
            f"{pool}: its windows differ in {count} ways, too many for planes of {list(shape)}; "
            "choose a size that divides the plane evenly"
        )
    nodes = []
    for number, (down, across) in enumerate(product(*axes)):
        kernel = np.outer(down.weight, across.weight)
        weight = np.broadcast_to(kernel, (shape[0], 1, *kernel.shape))
        attrs = {
            "stride": (down.stride, across.stride),
            "padding": (down.before, across.before, down.behind, across.behind),
            "dilation": (down.dilation, across.dilation),
            "groups": shape[0],
            **FIXED,
        }
        name = f"{pool.name}.{number}"
        nodes.append(Node(name, "conv", pool.inputs, {"weight": weight}, attrs, exact=True))
    return nodes


def _areas(pool: Node, axis: int, size: int) -> list[Part]:
    """Areas of any size, one output or one input at a time."""
    matrix = area_matrix(pool, ("rows", "columns")[axis], size)
    if len(matrix) <= size:
        return [_one_output(matrix, row) for row in range(len(matrix))]
    return [_one_input(matrix, place) for place in range(size)]


def _one_output(matrix: Floats, row: int) -> Part:
    """What one output takes, nothing for the others."""
    outputs, size = matrix.shape
    held = np.flatnonzero(matrix[row])
    first, last = (0 if row == 0 else int(held[0])), int(held[-1]) + 1
    before = row * size - first
    behind = (outputs - 1) * size + last - first - before - size
    return Part(matrix[row, first:last], size, before, max(0, behind))


def _one_input(matrix: Floats, place: int) -> Part:
    """What one input gives to every output, nothing of the others."""
    outputs, size = matrix.shape
    before = (outputs - 1) * size - place
    behind = 2 * (outputs - 1) * size + 1 - before - size
    return Part(matrix[::-1, place].copy(), size, before, max(0, behind), size)


def _windows(pool: Node, axis: int, size: int) -> list[Part]:
    """Windows that divide by what they hold: all as if whole, and more where they are not."""
    slide, kernel = window(pool), int(pool.attrs["kernel"][axis])
    before, behind = slide.padding[axis::2]
    outputs = slide.output_size((size, size), (kernel, kernel))[axis]
    stride, apart = slide.stride[axis], slide.dilation[axis]
    places = np.arange(outputs)[:, None] * stride + np.arange(kernel) * apart - before
    inside = (places >= 0) & (places < size)
    counts = inside.sum(axis=1)
    most = int(counts.max())
    parts = [Part(np.full(kernel, 1 / most), stride, before, behind, apart)]
    extra = np.zeros((outputs, size))
    for row, count in enumerate(counts):
        extra[row, places[row][inside[row]]] = 1 / count - 1 / most
    fewer = np.flatnonzero(counts < most).tolist()
    return parts + [_one_output(extra, row) for row in fewer]
