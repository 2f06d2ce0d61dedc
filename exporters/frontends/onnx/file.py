"""Front end for ONNX files of any producer, with the `onnx` package and no runtime.

Constants and arithmetic on shapes (what torch writes for `x.view(x.size(0), -1)`) are
evaluated on the way; the batch stays a symbol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from exporters.frontends.builder import BATCH, Builder, Unknown
from exporters.frontends.onnx.load import load
from exporters.frontends.onnx.sizes import (
    SHAPE_ARITHMETIC,
    Folding,
    objects,
    shape_arithmetic,
)
from exporters.frontends.onnx.table import READERS
from exporters.frontends.outputs import TAILS, Tail, choose_output
from exporters.frontends.refs import Ref, RefusedError, Rows
from exporters.frontends.refusals import line, plain
from exporters.frontends.reshapes import sliced
from exporters.frontends.taken import of_onnx
from exporters.graph import Graph
from onespike_lava.data.misfit import fits, listed, way_out
from onespike_lava.errors import DataError, UnsupportedError
from onespike_lava.layers import Shape

OPSET_MIN = 7
"""The first operator set in which batch norm and dropout mean inference without saying so."""

LATER = (
    *("ZipMap", "ArrayFeatureExtractor", "LabelEncoder", "Normalizer", "TopK", "Log"),
    *("Reshape", "Transpose", "Flatten", "Squeeze", "Cast", "Identity", "Sub", "Concat"),
)
"""What may follow a softmax at the end, such as a classifier's labels; all of it is left out."""


def from_onnx(
    path: str | Path, sample_shape: Sequence[int] | None = None, output: str | None = None
) -> Graph:
    """The graph of an ONNX file.

    path         : the file; external data are looked for beside it
    sample_shape : (C, H, W) or (F,), for files that leave these sizes open; (C, 1, L) for a
                   1-D network that takes [N, C, L]
    output       : name of one of several outputs

    Nodes are called as in the file, nameless ones by their output. A softmax at the end and
    what makes labels of it are left out. Raises `DataError` for a file that is none,
    `UnsupportedError` with every node that cannot be read.
    """
    model = load(Path(path))
    opset = max(
        (each.version for each in model.opset_import if _is_default(each.domain)), default=0
    )
    if opset < OPSET_MIN:
        raise UnsupportedError(
            f"{path}: operator set {opset} is older than {OPSET_MIN}; convert it with "
            "onnx.version_converter"
        )
    if opset > (known := onnx.defs.onnx_opset_version()):
        raise UnsupportedError(
            f"{path}: operator set {opset} is newer than {known}, the last that the installed onnx "
            "knows; update onnx, or export the network with an earlier one"
        )
    return _Reader(model, str(path), sample_shape).read(output)


class _Reader:
    """Walks a model's nodes; `values` holds a `Ref`, an array or `Unknown` for each name.

    Arrays of shapes have dtype object where they hold the batch.
    """

    def __init__(self, model: Any, path: str, sample_shape: Sequence[int] | None) -> None:
        self.model, self.path = model, path
        self.opset = max(each.version for each in model.opset_import if _is_default(each.domain))
        self.build = Builder()
        self.functions = {(each.domain, each.name) for each in model.functions}
        self.values: dict[str, Any] = {"": None}
        for sparse in model.graph.sparse_initializer:
            raise UnsupportedError(
                f"{path}: constant {sparse.values.name} is stored sparse; export it dense"
            )
        for tensor in model.graph.initializer:
            self.values[tensor.name] = _array(tensor, path)
        stored = sum(each.size for each in self.values.values() if each is not None)
        self.folding = Folding(model, stored)
        self.batch = self._read_input(sample_shape)
        self.wanted = {each for node in model.graph.node for each in node.input}
        self.wanted |= {each.name for each in model.graph.output}

    def read(self, chosen: str | None) -> Graph:
        """The graph of the whole model, or of one of its outputs."""
        for node in self.model.graph.node:
            result = self._value(node)
            results = result if isinstance(result, tuple) else (result,)
            self.values.update(dict.fromkeys(node.output, Unknown()))
            self.values.update(zip(node.output, results, strict=False))
        outputs = {each.name: self.values.get(each.name) for each in self.model.graph.output}
        if chosen is not None and chosen not in outputs:
            inner = {key: each for key, each in self.values.items() if isinstance(each, Ref)}
            outputs |= {chosen: inner[chosen]} if chosen in inner else {}
        try:
            outputs = {key: self.build.ended(each) for key, each in outputs.items()}
            name = choose_output(outputs, chosen)
        except (UnsupportedError, RefusedError) as error:
            raise UnsupportedError(f"{self.path}: {error}") from None
        return self.build.finish(outputs[name])

    def _read_input(self, sample_shape: Sequence[int] | None) -> int | None:
        """Make the input node; returns the batch size if the file fixes it."""
        inputs = [each for each in self.model.graph.input if each.name not in self.values]
        if len(inputs) != 1:
            return self._read_inputs(inputs, tuple(sample_shape or ()))
        dims = list(inputs[0].type.tensor_type.shape.dim)
        sizes = [each.dim_value if each.HasField("dim_value") else 0 for each in dims]
        shape = tuple(sizes[1:])
        wanted = [size or None for size in shape]
        given = tuple(sample_shape or ())
        rows = len(shape) == 2 and len(given) == 3 and given[1] == 1  # [N, C, L] as one row
        seen = given[::2] if rows else given
        if given and 0 in shape and not fits(seen, wanted):
            raise DataError(
                f"data: shape {listed(given)} does not fit {listed(wanted)}, the input "
                f"{inputs[0].name} of {self.path}; {way_out(given, wanted)}"
            )
        self.build.given = given if 0 in shape else ()
        shape = seen if fits(seen, wanted) else shape
        if len(shape) not in (1, 2, 3) or 0 in shape:
            found = ", ".join(str(each.dim_value or each.dim_param or "?") for each in dims)
            raise UnsupportedError(
                f"{self.path}: input {inputs[0].name} of shape [{found}]; only [N, C, H, W], "
                "[N, C, L] and [N, F] of known sizes are supported, export it so"
            )
        whole = (shape[0], 1, shape[1]) if len(shape) == 2 else shape
        try:
            made = self.build.add("input", inputs[0].name, attrs={"shape": whole})
        except RefusedError as error:
            raise UnsupportedError(f"{self.path}: input {inputs[0].name}: {error}") from None
        taken = of_onnx(self.model, self.values, inputs[0].name, shape)
        if taken and given:
            taken.check(given if len(given) == 2 else whole)
        self.values[inputs[0].name] = Ref(made.name, shape)
        return sizes[0] or None

    def _read_inputs(self, inputs: list[Any], given: Shape) -> int | None:
        """Several inputs as the channels of one, in their order."""
        names = ", ".join(each.name for each in inputs)
        dims = [list(each.type.tensor_type.shape.dim) for each in inputs]
        sizes = [[each.dim_value for each in axes] for axes in dims]
        channels = [each[1] for each in sizes if len(each) > 1]
        planes = {tuple(each[2:]) for each in sizes}
        if not inputs or len(channels) < len(inputs) or 0 in channels or len(planes) > 1:
            raise UnsupportedError(
                f"{self.path}: {len(inputs)} inputs ({names}); only several of one plane and known "
                "channels are supported, export the network with one tensor that it splits"
            )
        plane = given[1:] if 0 in planes.copy().pop() else planes.pop()
        shape = (sum(channels), *plane)
        if given and given != shape:
            raise DataError(
                f"data: shape {listed(given)} does not fit {listed(shape)}, the channels of the "
                f"inputs {names} of {self.path} together; give them concatenated along axis 1"
            )
        whole = (shape[0], 1, shape[1]) if len(shape) == 2 else shape
        made = Ref(self.build.add("input", "inputs", attrs={"shape": whole}).name, shape)
        first = 0
        for each, count in zip(inputs, channels, strict=True):
            keep = [slice(first, first + count), *[slice(None)] * len(plane)]
            self.values[each.name] = sliced(self.build, each.name, made, keep)
            first += count
        return sizes[0][0] or None

    def _value(self, node: Any) -> Any:
        name = node.name or next(iter(node.output), node.op_type)
        inputs = [self.values.get(each, Unknown()) for each in node.input]
        kind = node.op_type if _is_default(node.domain) else f"{node.domain}.{node.op_type}"
        if any(isinstance(each, Unknown) for each in inputs):
            return self._unread(node, name, kind, inputs)
        try:
            tail = self._tail(node, name, inputs)
            return self._read(node, name, kind, inputs) if tail is None else tail
        except RefusedError as error:
            return self.build.refuse(name, kind, str(error))
        except Exception as error:  # attributes and constants that ONNX's checker lets pass
            return self.build.refuse(name, kind, f"cannot be read ({line(error)}); export it again")

    def _unread(self, node: Any, name: str, kind: str, inputs: list[Any]) -> Unknown:
        """What reads a refused node: refused itself where its operator is not supported."""
        unknown = [each for each in inputs if isinstance(each, Unknown)]
        if kind == "Shape" or all(each.sizes for each in unknown):
            return Unknown(sizes=True)
        if kind in READERS or plain(node.op_type) in TAILS or node.op_type in LATER:
            return Unknown()
        return self.build.refuse(name, kind, self._foreign(node, kind))

    def _foreign(self, node: Any, kind: str) -> str:
        """The reason for an operator that is not in the table."""
        if (node.domain, node.op_type) in self.functions:
            return (
                "a function of the file; put its body in its place with onnx.inliner."
                "inline_local_functions, and save that"
            )
        return self.build.not_supported(kind)

    def _tail(self, node: Any, name: str, inputs: list[Any]) -> Tail | None:
        """The value of what comes after the logits; None for a node that does not."""
        kind = plain(node.op_type)
        tails = [each for each in inputs if isinstance(each, Tail)]
        if not tails and not (kind in TAILS and isinstance(inputs[0], Ref)):
            return None
        others = any(isinstance(each, Ref) for each in inputs) and bool(tails)
        if others or (kind not in TAILS and node.op_type not in LATER):
            raise RefusedError(self.build.inside(tails))
        default = 0 if kind == "argmax" else 1 if self.opset < 13 else -1
        axis = next((each.i for each in node.attribute if each.name == "axis"), default)
        if kind == "concat":
            _check_pair(tails)
        last = tails[-1] if tails else inputs[0]
        tail = self.build.tail(name, kind, last, axis=None if kind == "sigmoid" else axis)
        turns = kind == "sub" and not isinstance(inputs[0], Tail)
        return replace(tail, turned=tail.turned != turns)

    def _read(self, node: Any, name: str, kind: str, inputs: list[Any]) -> Any:
        attrs = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        symbolic = any(isinstance(each, np.ndarray) and each.dtype.kind == "O" for each in inputs)
        if kind == "Shape" and isinstance(inputs[0], Rows):
            raise RefusedError("of axes that are counted into the batch; take it before")
        if kind == "Shape" and isinstance(inputs[0], Ref):
            self.build.drop(name, "a constant or a size")
            sizes = [BATCH, *inputs[0].shape]
            return objects(sizes[attrs.get("start", 0) : attrs.get("end", len(sizes))])
        if symbolic and kind in SHAPE_ARITHMETIC:
            self.build.drop(name, "a constant or a size")
            return shape_arithmetic(kind, inputs, attrs)
        if kind == "CastLike" and isinstance(inputs[0], np.ndarray):
            self.build.drop(name, "a constant or a size")
            return inputs[0]
        if symbolic and kind not in ("Reshape", "Resize"):
            raise RefusedError("computes with the batch size; use -1")
        if not any(isinstance(each, Ref) for each in inputs):
            self.build.drop(name, "a constant or a size")
            return self.folding.value(node, kind, inputs)
        if kind not in READERS:
            raise RefusedError(self._foreign(node, kind))
        extra = [each for each in node.output[1:] if each in self.wanted]
        attrs["outputs"] = len(node.output)
        if extra and kind != "Split":
            raise RefusedError(f"its second output {extra[0]} is used; only the first is supported")
        if kind == "Reshape" and self.batch and inputs[1].size and inputs[1][0] == self.batch:
            inputs[1] = objects([BATCH, *inputs[1][1:]])
        return READERS[kind](self.build, name, inputs, attrs)


def _check_pair(tails: Sequence[Tail]) -> None:
    """Raise `RefusedError` unless a concatenation makes `(1 - p, p)` of one probability."""
    alike = len({tail.logits for tail in tails}) == 1 and tails[0].two
    if not alike or [tail.turned for tail in tails] != [True, False]:
        raise RefusedError(
            "puts together what comes after the logits; only (1 - p, p) of one sigmoid is read"
        )


def _array(tensor: Any, path: str) -> Any:
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except Exception as error:  # sizes and types that ONNX's checker lets pass
        raise DataError(
            f"{path}: constant {tensor.name} cannot be read ({line(error)}); export it again"
        ) from None
    if array.dtype.kind == "c":
        raise UnsupportedError(
            f"{path}: constant {tensor.name} is of type {array.dtype}; only real numbers are "
            "supported, split it into real and imaginary part"
        )
    return array


def _is_default(domain: str) -> bool:
    return domain in ("", "ai.onnx")
