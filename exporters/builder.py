"""What the front ends share: a graph that grows node by node, and refusals gathered at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from exporters.arithmetic import MisfitError
from exporters.graph import Graph, GraphError, Node, infer_shape
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Shape


class RefusedError(ValueError):
    """Why a front end cannot read a node; the builder puts its name and operator in front."""


class Batch:
    """The batch size, unknown: a shape as the source network sees it starts with it."""

    def __repr__(self) -> str:
        """As error messages show it."""
        return "N"


BATCH = Batch()

HINTS = {
    **dict.fromkeys(
        ("leakyrelu", "prelu", "elu", "selu", "celu", "gelu", "silu", "hardswish", "mish"),
        "use ReLU and train again: spikes carry no negative values",
    ),
    **dict.fromkeys(("sigmoid", "tanh", "hardtanh", "softplus"), "use ReLU and train again"),
    **dict.fromkeys(("relu6", "clip", "clamp"), "use ReLU: clipped ReLUs are not supported yet"),
    **dict.fromkeys(
        ("softmax", "logsoftmax"), "remove it: the scores are logits, of the same order"
    ),
    **dict.fromkeys(("conv1d", "maxpool1d", "avgpool1d"), "use its 2-D form with one row"),
    **dict.fromkeys(("concat", "cat"), "concatenation is not supported yet"),
    "convtranspose2d": "use an upsampled Conv2d",
    "transpose": "export the network in channel-first order",
}
"""Ways out, by operator name in small letters without underscores."""


@dataclass(frozen=True)
class Ref:
    """The value of a node: its name and its shape without the batch."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class Unknown:
    """The value of a node that was refused; what reads it is unknown too."""


@dataclass
class Builder:
    """Nodes so far, with shapes, and the reasons why others cannot be read.

    supported : what to name in an error as the way out
    """

    supported: str
    nodes: dict[str, Node] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(
        self,
        op: str,
        name: str,
        inputs: Sequence[Ref] = (),
        params: Mapping[str, Any] | None = None,
        attrs: Mapping[str, Any] | None = None,
    ) -> Ref:
        """A new node's value; a taken name gets a number. Raises `RefusedError` on a misfit."""
        name = self._fresh(name)
        given = {key: value for key, value in (params or {}).items() if value is not None}
        node = Node(name, op, tuple(ref.name for ref in inputs), given, attrs or {})
        try:
            shape = infer_shape(node, [ref.shape for ref in inputs])
        except GraphError as error:
            raise RefusedError(str(error).split(": ", 1)[1]) from None
        self.nodes[name] = node
        return Ref(name, shape)

    def refuse(self, name: str, operator: str, reason: str) -> Unknown:
        """Note a node that cannot be read, and go on to find the others."""
        self.problems.append(f"{name} ({operator}): {reason}")
        return Unknown()

    def not_supported(self, operator: str) -> str:
        """The reason for an operator that the front end does not know, with a way out."""
        key = operator.lower().replace("_", "").replace(" ", "")
        hint = HINTS.get(key, "rewrite it with supported operators")
        return f"not supported; {hint}"

    def finish(self, output: object) -> Graph:
        """The graph, or `UnsupportedError` with every refusal and the list of what is supported."""
        if self.problems:
            raise UnsupportedError(f"{'; '.join(self.problems)}; supported: {self.supported}")
        if not isinstance(output, Ref):
            raise UnsupportedError("output: not the value of a node; return one tensor")
        return Graph(tuple(self.nodes.values()), output.name)

    def _fresh(self, name: str) -> str:
        number = 2
        fresh = name
        while fresh in self.nodes:
            fresh = f"{name}.{number}"
            number += 1
        return fresh


def pool_attributes(
    op: str, shape: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil: bool
) -> dict[str, Any]:
    """Attributes of a 2-D pool; `ceil` mode becomes padding at the end of a max pool.

    padding : (top, left, bottom, right). Raises `RefusedError` for an average pool whose ceil
    mode makes a difference.
    """
    ends = list(padding[2:])
    for axis in range(2) if ceil and len(shape) == 3 else ():
        before, size, step = padding[axis], shape[axis + 1], stride[axis]
        extent = dilation[axis] * (kernel[axis] - 1) + 1
        last = -((extent - size - before - ends[axis]) // step) * step  # start of the last window
        if last >= size + before:
            last -= step
        missing = last + extent - (size + before + ends[axis])
        if missing > 0 and op == "avgpool":
            raise RefusedError("ceil_mode adds windows at the border; use ceil_mode=False")
        ends[axis] += max(0, missing)
    return {
        "kernel": kernel,
        "stride": stride,
        "padding": (*padding[:2], *ends),
        "dilation": dilation,
    }


def adaptive_attributes(shape: Shape, size: Shape) -> dict[str, Any]:
    """Attributes of the pool that leaves `size` rows and columns, where these divide evenly."""
    if len(shape) != 3 or any(have % want for have, want in zip(shape[1:], size, strict=True)):
        raise RefusedError(f"{list(size)} does not divide the input {list(shape)} evenly")
    kernel = tuple(have // want for have, want in zip(shape[1:], size, strict=True))
    return {"kernel": kernel, "stride": kernel}


def reshape(build: Builder, name: str, x: Ref, target: Sequence[object]) -> Ref:
    """A reshape that keeps the batch and the order of elements: flatten, or nothing at all.

    target : as the source gives it, batch first; `BATCH`, integers, one -1
    """
    first, *rest = target or (None,)
    sizes = [size for size in rest if isinstance(size, (int, np.integer))]
    size = prod(x.shape)
    if len(sizes) == len(rest) and sizes.count(-1) == 1 and first is BATCH:
        known = prod(each for each in sizes if each != -1)
        sizes = [size // known if each == -1 else int(each) for each in sizes]
    fits = len(sizes) == len(rest) and prod(sizes) == size
    if (first is BATCH or first == -1) and fits:
        if tuple(sizes) == x.shape:
            return build.add("identity", name, [x], attrs={"reason": "reshape to the same shape"})
        if len(sizes) == 1:
            return build.add("flatten", name, [x])
    wanted = ", ".join(map(str, target))
    raise RefusedError(
        f"reshape of [N, {', '.join(map(str, x.shape))}] to [{wanted}]; only flattening to "
        f"[N, {size}] is supported"
    )


def shifted(
    build: Builder, name: str, x: Ref, scale: np.ndarray[Any, Any], shift: np.ndarray[Any, Any]
) -> Ref:
    """`x * scale + shift` with constants per channel, as a batch norm that passes fold."""
    channels = x.shape[0]
    vectors = {"gamma": _channels(scale, x.shape), "beta": _channels(shift, x.shape)}
    params = {"mean": np.zeros(channels), "var": np.ones(channels), **vectors}
    return build.add("batchnorm", name, [x], params, {"eps": 0.0})


def _channels(constant: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
    """A constant that broadcasts over [N, *shape] as one value per channel."""
    rank = len(shape) + 1
    full = constant.reshape((1,) * (rank - constant.ndim) + constant.shape)
    if full.ndim != rank or full.size not in (1, shape[0]) or full.shape[1] != full.size:
        raise RefusedError(
            f"constant of shape {list(constant.shape)} beside [N, {', '.join(map(str, shape))}]; "
            "only one value, or one per channel, is supported"
        )
    return np.broadcast_to(full.reshape(-1), shape[:1])


__all__ = [
    "BATCH",
    "Batch",
    "Builder",
    "MisfitError",
    "Ref",
    "RefusedError",
    "Unknown",
    "adaptive_attributes",
    "pool_attributes",
    "reshape",
    "shifted",
]
