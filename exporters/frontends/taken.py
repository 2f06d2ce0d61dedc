"""What samples the first layer of a network takes, so that data that do not fit are named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from exporters.frontends.refusals import plain
from onespike_lava.data.misfit import Sizes, fits, listed, way_out
from onespike_lava.errors import DataError
from onespike_lava.layers import Shape

KEEP = (
    *("relu", "relu6", "clip", "clamp", "hardtanh", "dropout", "dropout1d", "dropout2d"),
    *("identity", "cast", "float", "contiguous", "scaler"),
    *("neg", "add", "sub", "mul", "div", "truediv"),
)
"""Operators of one value that keep its shape, names as `refusals.plain` gives them."""

PLANES: tuple[Sizes, ...] = ((), (1, None), (None, None))
"""Sizes behind the channels: of vectors, rows and planes."""


FAR = 50
"""Nodes behind the input that are looked at."""


@dataclass(frozen=True)
class Taken:
    """What a layer that reads the samples takes.

    reader : the layer, name and operator
    sizes  : of a sample
    flat   : any shape of so many values will do
    """

    reader: str
    sizes: Sizes
    flat: bool = False

    def check(self, found: Shape) -> None:
        """Raise `DataError` unless samples of shape `found`, (C, L) as (C, 1, L), are such."""
        row = (found[0], 1, found[1]) if len(found) == 2 else found
        if fits(row, self.sizes) or (self.flat and prod(found) == self.sizes[0]):
            return
        wanted = f"{self.sizes[0]} values a sample" if self.flat else listed(self.sizes)
        raise DataError(
            f"data: shape {listed(found)} does not fit {wanted}, which {self.reader} takes; "
            f"{way_out(found, self.sizes)}"
        )


Layer = Callable[[Any], tuple[str, str, Sizes | None]]
"""Title and plain operator of a node, and the sizes that it takes, where it tells."""


def first_taken(start: Any, readers: Callable[[Any], Iterable[Any]], layer: Layer) -> Taken | None:
    """What the samples that `start` stands for are read by; None where that does not tell.

    readers : node -> the nodes that read it
    """
    waiting, flat = [start], False
    for _ in range(FAR):
        for node in readers(waiting.pop(0)) if waiting else ():
            title, kind, sizes = layer(node)
            if sizes is not None:
                return None if flat and len(sizes) > 1 else Taken(title, sizes, flat)
            flat = flat or kind == "flatten"
            waiting += [node] if kind in (*KEEP, "flatten") else []
    return None


def of_torch(traced: Any, modules: Mapping[str, Any], shape: Shape) -> Taken | None:
    """What the first layers of a torch.fx trace take."""
    inputs = [node for node in traced.nodes if node.op == "placeholder"]
    layer = _layers(modules, shape)
    return first_taken(inputs[0], lambda node: node.users, layer) if len(inputs) == 1 else None


Part = tuple[int, int]
"""First channel of an input, and the one behind its last."""


def parts_of(traced: Any, modules: Mapping[str, Any], shape: Shape) -> dict[str, Part | None]:
    """Which channels of a sample each input of a torch.fx trace without a default takes.

    Its first layer tells how many; else inputs share what is left evenly. None where neither does.
    """
    inputs = [node for node in traced.nodes if node.op == "placeholder" and not node.args]
    counts: dict[str, int | None] = {}
    for node in inputs:
        found = first_taken(node, lambda each: each.users, _layers(modules, shape))
        counts[node.name] = int(found.sizes[0] or 0) if found else None
    joined = {user for node in inputs for user in node.users}
    if len(inputs) > 1 and len(joined) == 1:
        counts = dict.fromkeys(counts)  # what the layer behind takes is all of them together
    open_ones = [name for name, count in counts.items() if count is None]
    left = shape[0] - sum(count or 0 for count in counts.values())
    share = left // len(open_ones) if open_ones and left % len(open_ones) == 0 else None
    parts: dict[str, Part | None] = {}
    first = 0
    for name, count in counts.items():
        size = share if count is None else count
        parts[name] = None if not size else (first, first + size)
        first += size or 0
    return parts if first == shape[0] else dict.fromkeys(parts)


def _layers(modules: Mapping[str, Any], shape: Shape) -> Layer:
    def layer(node: Any) -> tuple[str, str, Sizes | None]:
        module = modules.get(str(node.target)) if node.op == "call_module" else None
        if module is None:
            return "", plain(str(getattr(node.target, "__name__", node.target))), None
        kind = type(module).__name__
        return f"{node.target} ({kind})", plain(kind), _of_module(kind, module, shape)

    return layer


def _of_module(kind: str, module: Any, shape: Shape) -> Sizes | None:
    if kind in ("Conv1d", "Conv2d"):
        return (module.in_channels, *PLANES[int(kind[4])])
    if kind == "BatchNorm2d":
        return (module.num_features, *PLANES[2])
    if kind == "BatchNorm1d":
        return (module.num_features, *PLANES[0 if len(shape) == 1 else 1])
    along = len(shape) > 1 and shape[-1] == getattr(module, "in_features", None)
    if kind == "Linear" and not along:  # along the last axis it is another layer than here
        return (module.in_features,)
    return None


def of_onnx(model: Any, arrays: Mapping[str, Any], start: str, shape: Shape) -> Taken | None:
    """What the first nodes of an ONNX model take.

    arrays : its constants by name
    start  : name of its input
    shape  : of a sample
    """

    def layer(node: Any) -> tuple[str, str, Sizes | None]:
        name = node.name or next(iter(node.output), "")
        return f"{name} ({node.op_type})", plain(node.op_type), _of_node(node, arrays, shape)

    def readers(found: Any) -> list[Any]:
        names = [found] if isinstance(found, str) else list(found.output)
        return [node for node in model.graph.node if node.input and node.input[0] in names]

    return first_taken(start, readers, layer)


def _of_node(node: Any, arrays: Mapping[str, Any], sample: Shape) -> Sizes | None:
    weight = arrays.get(node.input[1]) if len(node.input) > 1 else None
    shape: Shape = getattr(weight, "shape", ())
    attrs = {each.name: each.i for each in node.attribute}
    if node.op_type == "Conv" and len(shape) in (3, 4):
        return (shape[1] * attrs.get("group", 1), *PLANES[len(shape) - 2])
    if node.op_type == "BatchNormalization" and len(shape) == 1:
        return (*shape, *PLANES[len(sample) - 1])
    if node.op_type == "Gemm" and len(shape) == 2 and not attrs.get("transA"):
        return (shape[1 if attrs.get("transB") else 0],)
    along = len(sample) > 1 and sample[-1] == next(iter(shape), 0)
    if node.op_type == "MatMul" and len(shape) == 2 and not along:
        return (shape[0],)
    return None
