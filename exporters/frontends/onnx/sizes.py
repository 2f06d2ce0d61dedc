"""What an ONNX file computes without the network's data: constants, and arithmetic on sizes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from exporters.frontends.refs import RefusedError
from exporters.frontends.refusals import line

FOLDED = (
    *("Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Clip", "Concat", "Constant"),
    *("ConstantOfShape", "DequantizeLinear", "Div", "Equal", "Exp", "Expand", "Flatten"),
    *("Floor", "Gather", "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Log"),
    *("MatMul", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pad", "Pow", "QuantizeLinear"),
    *("Range", "Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum"),
    *("Relu", "Reshape", "Round", "Shape", "Sign", "Size", "Slice", "Split", "Sqrt", "Squeeze"),
    *("Sub", "Sum", "Tile", "Transpose", "Unsqueeze", "Where"),
)
"""Operators that are evaluated on constants: none that loops, draws or reads a file."""

ROOM = 2**22
"""Values that constants may grow to beyond what the file holds, all together."""

SMALL = 2**10
"""Most values of an input that sizes may depend on."""


class Folding:
    """Evaluates what depends on constants only, in bounded memory.

    model : whose operator sets apply
    room  : values that may still be made
    """

    def __init__(self, model: Any, stored: int) -> None:
        """`stored` values stand in the file; each may be made anew a few times."""
        self.model, self.room = model, ROOM + 4 * stored

    def value(self, node: Any, kind: str, inputs: list[Any]) -> Any:
        """The value of a node; raises `RefusedError`."""
        if kind not in FOLDED:
            raise RefusedError("computes a constant; store its value instead")
        if kind in QUANTISERS:
            found = _quantiser(node, kind, inputs)
            self.room -= found.size
            return found
        names = [each for each in node.input if each]
        known = dict(zip(names, (each for each in inputs if each is not None), strict=True))
        try:
            alone = self._alone(node, known)
            size = _declared(alone, node.output[0])
            if size is None or size > self.room:
                found = "of unknown size" if size is None else f"of {size} values"
                raise RefusedError(f"a constant {found}, not {self.room} at most; store it instead")
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found = ReferenceEvaluator(alone).run(None, known)[0]
        except RefusedError:
            raise
        except Exception as error:  # anything that an operator's own code raises
            raise RefusedError(
                f"a constant that cannot be evaluated ({line(error)}); store it instead"
            ) from None
        if isinstance(found, np.ndarray) and found.dtype.kind == "c":
            raise RefusedError(f"a constant of type {found.dtype}; only real numbers are supported")
        self.room -= found.size if isinstance(found, np.ndarray) else 1
        return found

    def _alone(self, node: Any, known: dict[str, Any]) -> Any:
        """A model of the node alone, which knows the values of its small inputs."""
        make, kinds = onnx.helper, onnx.helper.np_dtype_to_tensor_dtype
        infos = [make.make_tensor_value_info(k, kinds(v.dtype), v.shape) for k, v in known.items()]
        small = [onnx.numpy_helper.from_array(v, k) for k, v in known.items() if v.size <= SMALL]
        result = make.make_empty_tensor_value_info(node.output[0])
        graph = make.make_graph([node], "constant", infos, [result], small)
        return make.make_model(graph, opset_imports=self.model.opset_import)


QUANTISERS = ("DequantizeLinear", "QuantizeLinear")
"""Operators that onnx's own evaluator lacks in most operator sets."""


def _quantiser(node: Any, kind: str, inputs: list[Any]) -> Any:
    """Weights as integers, or integers as weights: one scale, or one along an axis."""
    values, scale, zero = (*inputs, None)[:3]
    attrs = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    if attrs.get("block_size") or np.ndim(scale) > 1 or np.size(values) > ROOM:
        raise RefusedError("a constant of scales in blocks; store it as float instead")
    shape = [1] * np.ndim(values)
    if np.ndim(scale) == 1 and np.size(scale) > 1:
        shape[attrs.get("axis", 1)] = -1
        scale, zero = (None if each is None else each.reshape(shape) for each in (scale, zero))
    kind_of_zero = np.uint8 if zero is None else zero.dtype
    offset = 0.0 if zero is None else zero.astype(np.float32)
    if kind == "DequantizeLinear":
        return ((values.astype(np.float32) - offset) * scale).astype(np.float32)
    low, high = np.iinfo(kind_of_zero).min, np.iinfo(kind_of_zero).max
    return np.clip(np.rint(values / scale) + offset, low, high).astype(kind_of_zero)


def _declared(model: Any, name: str) -> int | None:
    """Values of a model's output, from shapes alone; None where they do not tell."""
    inferred = onnx.shape_inference.infer_shapes(model)
    found = next(each for each in inferred.graph.output if each.name == name)
    if not found.type.tensor_type.HasField("shape"):
        return None
    dims = found.type.tensor_type.shape.dim
    if not all(each.HasField("dim_value") and each.dim_value >= 0 for each in dims):
        return None
    return prod(each.dim_value for each in dims)


def shape_arithmetic(kind: str, inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """Shape arithmetic with the batch among the sizes; what combines the batch is refused."""
    try:
        return objects(SHAPE_ARITHMETIC[kind](inputs, attrs))
    except (TypeError, ValueError, IndexError):
        raise RefusedError("computes with the batch size; use -1") from None


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
    "Concat": lambda inputs, attrs: np.concatenate([objects(each) for each in inputs]),
    "Slice": _slice,
    "Cast": lambda inputs, attrs: inputs[0],
    "Identity": lambda inputs, attrs: inputs[0],
    "Mul": lambda inputs, attrs: inputs[0] * inputs[1],
}
"""Operators on vectors of sizes that may hold the batch."""


def objects(values: Any) -> Any:
    """Sizes as an array that can hold the batch; plain integers where it does not."""
    array = np.array(values, dtype=object)
    if all(isinstance(each, (int, np.integer)) for each in array.reshape(-1)):
        return array.astype(np.int64)
    return array
