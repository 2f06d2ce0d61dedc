"""Linear maps between neurons, float64, and the numbers of nodes that make them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.graph import Node
from exporters.graph.arithmetic import groups_of, window
from exporters.passes.algebra import affine, identity_map, with_params
from exporters.passes.compose import WEIGHTS_MAX, compose, obstacle
from onespike_lava.errors import FormatError, UnsupportedError
from onespike_lava.layers import Integers, Shape, Window
from onespike_lava.limits import NEURONS_MAX

Floats = NDArray[np.float64]

TAKEN = 2.0**-22
"""Relative distance within which a number of float32 is the whole number that it stands for."""


@dataclass(frozen=True)
class Map:
    """What a way of linear nodes does.

    source : shape that it reads
    shape  : shape that it gives
    node   : `conv` or `linear` with weight and bias; None for nothing but a factor
    factor : that all of it is multiplied by, positive; apart, since it may be no binary fraction
    delay  : steps of each source neuron, int32[1] or of the source's shape; None for none
    """

    source: Shape
    shape: Shape
    node: Node | None = None
    factor: float = 1.0
    delay: Integers | None = None

    @property
    def window(self) -> Window:
        """How the kernel of a `conv` slides."""
        assert self.node is not None
        return window(self.node)

    @property
    def groups(self) -> int:
        """Groups of a `conv`."""
        assert self.node is not None
        return groups_of(self.node)

    @property
    def _tiles(self) -> bool:
        """Whether windows side by side cover the source, so that those around it are silent."""
        if self.node is None or self.node.op != "conv" or affine(self.node)[1].any():
            return False
        slide, kernel = self.window, self.node.params["weight"].shape[2:]
        covered = [step * size for step, size in zip(slide.stride, self.shape[1:], strict=False)]
        return (
            not any(slide.padding)
            and all(side <= step for side, step in zip(kernel, slide.stride, strict=True))
            and all(end >= size for end, size in zip(covered, self.source[1:], strict=False))
            and slide.dilation == (1, 1)
        )

    def then(self, node: Node, shape: Shape) -> Map:
        """Both maps in a row; `UnsupportedError` where they do not make one."""
        if prod(shape) > NEURONS_MAX:
            raise UnsupportedError(
                f"{node.name}: {prod(shape)} values exceed {NEURONS_MAX}; use less"
            )
        weight, bias = affine(node)
        node = with_params(node, weight, bias / self.factor)
        if self.node is not None:
            bare = replace(node, attrs={**node.attrs, "padding": (0, 0, 0, 0)})
            reason = obstacle(self.node, bare if self._tiles else node, self.source)
            if reason:
                raise UnsupportedError(f"{node.name}: {reason}; put neurons between")
            node = compose(self.node, node, self.source)
        return replace(self, node=node, shape=shape)

    def ended(self, name: str, shape: Shape) -> Map:
        """The map as it enters neurons of a shape: at least an identity."""
        if self.shape != shape and (len(shape) != 1 or prod(self.shape) != shape[0]):
            raise FormatError(
                f"{name}: shape {shape} does not take what arrives, {self.shape}; export again"
            )
        flattens = len(self.shape) > 1 and len(shape) == 1
        if self.node is not None and not (flattens and self.node.op == "conv"):
            return replace(self, shape=shape)
        if len(shape) == 1 and shape[0] ** 2 > WEIGHTS_MAX:
            raise UnsupportedError(
                f"{name}: an identity of {shape[0]} neurons has more than {WEIGHTS_MAX} weights; "
                "keep their channels, or put a layer between"
            )
        return self.then(identity_map(name, "", shape), shape)


def numbers(values: Any, name: str, key: str) -> Floats:
    """An array of a node in float64; `FormatError` for what holds other than finite numbers."""
    array = np.asarray(values)
    if array.dtype.kind not in "iufb" or not np.isfinite(array).all():
        raise FormatError(f"{name}/{key}: not finite numbers; export again")
    return array.astype(np.float64)


def whole(values: Floats, name: str, key: str, low: int, high: int) -> NDArray[np.int64]:
    """Whole numbers within limits, a rounding of float32 forgiven."""
    found = np.rint(values)
    if not (np.abs(values - found) <= TAKEN * np.maximum(1, np.abs(values))).all():
        raise FormatError(
            f"{name}/{key}: {values.reshape(-1)[:3].tolist()} is not whole; export again"
        )
    if found.size and not low <= found.min() <= found.max() <= high:
        raise FormatError(
            f"{name}/{key}: {found.min():g}..{found.max():g} is outside {low}..{high}; use less"
        )
    return found.astype(np.int64)
