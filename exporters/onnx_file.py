"""Front end for ONNX files of any producer, with the `onnx` package and no runtime.

Constants and arithmetic on shapes (what torch writes for `x.view(x.size(0), -1)`) are
evaluated on the way; the batch stays a symbol.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from exporters.builder import BATCH, Builder, Ref, RefusedError, Unknown
from exporters.graph import Graph
from exporters.onnx_layers import OPERATORS
from onespike_lava.errors import DataError, UnsupportedError
from onespike_lava.layers import Shape

OPSET_MIN = 7
"""The first operator set in which batch norm and dropout mean inference without saying so."""

SUPPORTED = ", ".join((*OPERATORS, "Constant"))
"""What error messages list."""


def from_onnx(path: str | Path, sample_shape: Sequence[int] | None = None) -> Graph:
    """The graph of an ONNX file.

    path         : the file; external data are looked for beside it
    sample_shape : (C, H, W) or (F,), for files that leave these sizes open

    Nodes are called as in the file, nameless ones by their output. Raises `DataError` for a
    file that is none, `UnsupportedError` with every node that cannot be read.
    """
    model = _load(Path(path))
    opset = max(
        (each.version for each in model.opset_import if _is_default(each.domain)), default=0
    )
    if opset < OPSET_MIN:
        raise UnsupportedError(
            f"{path}: operator set {opset} is older than {OPSET_MIN}; convert it with "
            "onnx.version_converter"
        )
    return _Reader(model, str(path), sample_shape).read()


def _load(path: Path) -> Any:
    """The checked model with all its data."""
    if not path.is_file():
        raise DataError(f"{path}: no such file; give the path of an ONNX file")
    try:
        model = onnx.load(str(path), load_external_data=False)
        if not model.graph.node:
            raise ValueError("it holds no nodes")
    except Exception as error:  # protobuf's classes differ between versions
        raise DataError(f"{path}: not an ONNX file ({_line(error)}); export it again") from None
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
    except Exception as error:
        raise DataError(
            f"{path}: its external data cannot be read ({_line(error)}); put the data file beside "
            "it, or save the model as one file"
        ) from None
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise DataError(f"{path}: not valid ONNX ({_line(error)}); export it again") from None
    return model


class _Reader:
    """Walks a model's nodes; `values` holds a `Ref`, an array or `Unknown` for each name.

    Arrays of shapes have dtype object where they hold the batch.
    """

    def __init__(self, model: Any, path: str, sample_shape: Sequence[int] | None) -> None:
        self.model, self.path = model, path
        self.build = Builder(SUPPORTED)
        self.values: dict[str, Any] = {"": None}
        for tensor in model.graph.initializer:
            self.values[tensor.name] = onnx.numpy_helper.to_array(tensor)
        self.batch = self._read_input(sample_shape)
        self.wanted = {each for node in model.graph.node for each in node.input}
        self.wanted |= {each.name for each in model.graph.output}

    def read(self) -> Graph:
        """The graph of the whole model."""
        outputs = [each.name for each in self.model.graph.output]
        if len(outputs) != 1:
            raise UnsupportedError(
                f"{self.path}: {len(outputs)} outputs ({', '.join(outputs)}); only one is supported"
            )
        for node in self.model.graph.node:
            result = self._value(node)
            self.values.update(dict.fromkeys(node.output, Unknown()))
            self.values[node.output[0]] = result
        return self.build.finish(self.values.get(outputs[0]))

    def _read_input(self, sample_shape: Sequence[int] | None) -> int | None:
        """Make the input node; returns the batch size if the file fixes it."""
        inputs = [each for each in self.model.graph.input if each.name not in self.values]
        if len(inputs) != 1:
            names = ", ".join(each.name for each in inputs)
            raise UnsupportedError(
                f"{self.path}: {len(inputs)} inputs ({names}); only one is supported"
            )
        dims = list(inputs[0].type.tensor_type.shape.dim)
        sizes = [each.dim_value if each.HasField("dim_value") else 0 for each in dims]
        shape = tuple(sizes[1:])
        if sample_shape is not None and _fits(shape, tuple(sample_shape)):
            shape = tuple(sample_shape)
        if len(shape) not in (1, 3) or 0 in shape:
            found = ", ".join(str(each.dim_value or each.dim_param or "?") for each in dims)
            raise UnsupportedError(
                f"{self.path}: input {inputs[0].name} of shape [{found}]; only [N, C, H, W] and "
                "[N, F] of known sizes are supported, export it so"
            )
        self.values[inputs[0].name] = self.build.add(
            "input", inputs[0].name, attrs={"shape": shape}
        )
        return sizes[0] or None

    def _value(self, node: Any) -> Any:
        name = node.name or node.output[0]
        inputs = [self.values.get(each, Unknown()) for each in node.input]
        if any(isinstance(each, Unknown) for each in inputs):
            return Unknown()
        kind = node.op_type if _is_default(node.domain) else f"{node.domain}.{node.op_type}"
        try:
            return self._read(node, name, kind, inputs)
        except RefusedError as error:
            return self.build.refuse(name, kind, str(error))

    def _read(self, node: Any, name: str, kind: str, inputs: list[Any]) -> Any:
        attrs = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        symbolic = any(isinstance(each, np.ndarray) and each.dtype.kind == "O" for each in inputs)
        if kind == "Shape" and isinstance(inputs[0], Ref):
            sizes = [BATCH, *inputs[0].shape]
            return _objects(sizes[attrs.get("start", 0) : attrs.get("end", len(sizes))])
        if symbolic and kind in SHAPE_ARITHMETIC:
            return _shape_arithmetic(kind, inputs, attrs)
        if kind == "CastLike" and isinstance(inputs[0], np.ndarray):
            return inputs[0]
        if not any(isinstance(each, Ref) for each in inputs):
            return self._fold(node, inputs)
        if kind not in OPERATORS:
            raise RefusedError(self.build.not_supported(kind))
        extra = [each for each in node.output[1:] if each in self.wanted]
        if extra:
            raise RefusedError(f"its second output {extra[0]} is used; only the first is supported")
        if kind == "Reshape" and self.batch and inputs[1].size and inputs[1][0] == self.batch:
            inputs[1] = _objects([BATCH, *inputs[1][1:]])
        return OPERATORS[kind](self.build, name, inputs, attrs)

    def _fold(self, node: Any, inputs: list[Any]) -> Any:
        """The value of a node that depends on constants only."""
        names = [each for each in node.input if each]
        known = [each for each in inputs if each is not None]
        helper = onnx.helper
        infos = [helper.make_empty_tensor_value_info(each) for each in names]
        result = helper.make_empty_tensor_value_info(node.output[0])
        graph = helper.make_graph([node], "constant", infos, [result])
        model = helper.make_model(graph, opset_imports=self.model.opset_import)
        try:
            return ReferenceEvaluator(model).run(None, dict(zip(names, known, strict=True)))[0]
        except Exception as error:  # anything that an operator's own code raises
            raise RefusedError(f"a constant that cannot be evaluated ({_line(error)})") from None


def _shape_arithmetic(kind: str, inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """Shape arithmetic with the batch among the sizes; what combines the batch is refused."""
    try:
        return _objects(SHAPE_ARITHMETIC[kind](inputs, attrs))
    except (TypeError, ValueError, IndexError) as error:
        raise RefusedError(f"computes with the batch size ({_line(error)}); use -1") from None


def _axes(inputs: list[Any], attrs: dict[str, Any]) -> tuple[int, ...]:
    return tuple(inputs[1].tolist() if len(inputs) > 1 else attrs.get("axes", ()))


def _slice(inputs: list[Any], attrs: dict[str, Any]) -> Any:
    starts, ends = (inputs[1], inputs[2]) if len(inputs) > 2 else (attrs["starts"], attrs["ends"])
    step = int(inputs[4][0]) if len(inputs) > 4 else 1
    return inputs[0][int(starts[0]) : int(ends[0]) : step]


SHAPE_ARITHMETIC: dict[str, Callable[[list[Any], dict[str, Any]], Any]] = {
    "Gather": lambda inputs, attrs: inputs[0][inputs[1].astype(np.int64)],
    "Unsqueeze": lambda inputs, attrs: np.expand_dims(inputs[0], _axes(inputs, attrs)),
    "Squeeze": lambda inputs, attrs: np.squeeze(inputs[0], _axes(inputs, attrs) or None),
    "Concat": lambda inputs, attrs: np.concatenate([_objects(each) for each in inputs]),
    "Slice": _slice,
    "Cast": lambda inputs, attrs: inputs[0],
    "Identity": lambda inputs, attrs: inputs[0],
    "Mul": lambda inputs, attrs: inputs[0] * inputs[1],
}
"""Operators on vectors of sizes that may hold the batch."""


def _objects(values: Any) -> Any:
    """Sizes as an array that can hold the batch; plain integers where it does not."""
    array = np.array(values, dtype=object)
    if all(isinstance(each, (int, np.integer)) for each in array.reshape(-1)):
        return array.astype(np.int64)
    return array


def _fits(shape: Shape, wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        have in (0, want) for have, want in zip(shape, wanted, strict=True)
    )


def _is_default(domain: str) -> bool:
    return domain in ("", "ai.onnx")


def _line(error: Exception) -> str:
    """The first line of an error's text."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
