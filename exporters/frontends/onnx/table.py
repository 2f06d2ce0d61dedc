"""Which function of `layers`, `shapes` and `values` reads which operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exporters.frontends.builder import Builder
from exporters.frontends.onnx import layers, shapes, values
from exporters.frontends.onnx.layers import Attributes

READERS: dict[str, Callable[[Builder, str, list[Any], Attributes], Any]] = {
    "Conv": layers.conv,
    "Gemm": layers.gemm,
    "MatMul": layers.matmul,
    "BatchNormalization": layers.batch_normalization,
    "Relu": values.relu,
    "Clip": values.clip,
    "Max": values.maximum,
    "Min": values.minimum,
    "MaxPool": layers.max_pool,
    "AveragePool": layers.average_pool,
    "GlobalAveragePool": layers.global_average_pool,
    "GlobalMaxPool": layers.global_max_pool,
    "ReduceMean": shapes.reduce_mean,
    "ReduceMax": shapes.reduce_max,
    "Concat": shapes.concatenate,
    "Pad": shapes.pad,
    "Slice": shapes.cut,
    "Split": shapes.split,
    "Flatten": shapes.flatten,
    "Reshape": shapes.reshaped,
    "Squeeze": shapes.squeeze,
    "Unsqueeze": shapes.unsqueeze,
    "Identity": values.identity,
    "Cast": values.cast,
    "Dropout": values.dropout,
    "Add": values.add,
    "Sum": values.add,
    "Sub": values.subtract,
    "Neg": values.negate,
    "Mul": values.multiply,
    "Div": values.divide,
    "ai.onnx.ml.Scaler": values.scaler,
}
"""Reader of each operator."""
