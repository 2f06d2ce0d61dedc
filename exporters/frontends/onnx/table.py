"""Which function of `layers`, `shapes` and `values` reads which operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exporters.frontends.builder import Builder
from exporters.frontends.onnx import layers, moves, shapes, values
from exporters.frontends.onnx.layers import Attributes

READERS: dict[str, Callable[[Builder, str, list[Any], Attributes], Any]] = {
    "Conv": layers.conv,
    "ConvTranspose": moves.conv_transpose,
    "Gemm": layers.gemm,
    "MatMul": layers.matmul,
    "BatchNormalization": layers.batch_normalization,
    "Relu": values.relu,
    "Clip": values.clip,
    "LeakyRelu": values.leaky_relu,
    "PRelu": values.prelu,
    "ThresholdedRelu": values.thresholded_relu,
    "Abs": values.absolute,
    "HardSigmoid": values.hardsigmoid,
    "Shrink": values.shrink,
    "Max": values.maximum,
    "Min": values.minimum,
    "MaxPool": layers.max_pool,
    "AveragePool": layers.average_pool,
    "GlobalAveragePool": layers.global_average_pool,
    "GlobalMaxPool": layers.global_max_pool,
    "ReduceMean": shapes.reduce_mean,
    "ReduceSum": shapes.reduce_sum,
    "ReduceMax": shapes.reduce_max,
    "Concat": shapes.concatenate,
    "Pad": shapes.pad,
    "Slice": shapes.cut,
    "Split": shapes.split,
    "Transpose": moves.transpose,
    "Gather": moves.gather,
    "DepthToSpace": moves.depth_to_space,
    "SpaceToDepth": moves.space_to_depth,
    "Upsample": moves.upsample,
    "Resize": moves.resize,
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
