"""What an ONNX file computes without the network's data: constants, and arithmetic on sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from exporters.builder import RefusedError


def folded(model: Any, node: Any, inputs: list[Any]) -> Any:
    """The value of a node that depends on constants only."""
    names = [each for each in node.input if each]
    known = [each for each in inputs if each is not None]
    helper = onnx.helper
    infos = [helper.make_empty_tensor_value_info(each) for each in names]
    result = helper.make_empty_tensor_value_info(node.output[0])
    graph = helper.make_graph([node], "constant", infos, [result])
    alone = helper.make_model(graph, opset_imports=model.opset_import)
    try:
        return ReferenceEvaluator(alone).run(None, dict(zip(names, known, strict=True)))[0]
    except Exception as error:  # anything that an operator's own code raises
        raise RefusedError(f"a constant that cannot be evaluated ({line(error)})") from None


def shape_arithmetic(kind: str, inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """Shape arithmetic with the batch among the sizes; what combines the batch is refused."""
    try:
        return objects(SHAPE_ARITHMETIC[kind](inputs, attrs))
    except (TypeError, ValueError, IndexError) as error:
        raise RefusedError(f"computes with the batch size ({line(error)}); use -1") from None


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


def line(error: Exception) -> str:
    """The first line of an error's text."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
