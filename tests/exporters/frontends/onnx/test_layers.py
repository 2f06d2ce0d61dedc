"""What ONNX operators compute, against onnx's own evaluator."""

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

from exporters.frontends.onnx.file import from_onnx
from tests.exporters.frontends.onnx.files import (
    CONSTANTS,
    V,
    W,
    compared,
    node,
    refusal,
    saved,
)

OFF_THE_EDGE = pytest.mark.skipif(
    tuple(map(int, onnx.__version__.split(".")[:2])) < (1, 18),
    reason="onnx's own evaluator counts what lies off the edge before 1.18",
)


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Conv", "x w b", strides=[2, 1], pads=[1, 0, 0, 2], dilations=[2, 1])],
        [node("Conv", "x w", auto_pad="SAME_UPPER", strides=[2, 3])],
        [node("Conv", "x w", auto_pad="SAME_LOWER")],
        [node("Conv", "x w", auto_pad="VALID", kernel_shape=[3, 2])],
        [node("Flatten", output="f"), node("Gemm", "f m c", alpha=0.5, beta=2.0)],
        [
            node("Flatten", output="f", axis=-3),
            node("Transpose", "m", "mt"),
            node("Gemm", "f mt", transB=1),
        ],
        [node("Flatten", output="f"), node("MatMul", "f m", "p"), node("Add", "p c")],
        [node("BatchNormalization", "x s t t s", epsilon=0.1)],
        [node("Relu")],
        [node("MaxPool", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])],
        [node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)],
        [node("MaxPool", kernel_shape=[2, 2])],
        [node("AveragePool", kernel_shape=[3, 2], strides=[3, 2], pads=[1, 1, 1, 1])],
        [node("AveragePool", kernel_shape=[3, 2], pads=[1, 1, 1, 1], count_include_pad=1)],
        [node("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)],
        pytest.param(
            [node("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1,
                  count_include_pad=1)],
            marks=OFF_THE_EDGE,
        ),
        [node("GlobalAveragePool")],
        [node("GlobalMaxPool")],
        [node("ReduceMean", axes=[2, 3])],
        [node("ReduceMean", axes=[-1, -2], keepdims=0)],
        [node("Identity", output="i"), node("Dropout", "i")],
        [node("Add", "x plane"), ],
        [node("Sub", "x plane"), ],
        [node("Sub", "two x"), ],
        [node("Mul", "plane x"), ],
        [node("Div", "x two", "d"), node("Sum", "d x d")],
        [node("Constant", "", "k", value_floats=[3.0]), node("Add", "k x")],
        [node("GlobalAveragePool", output="g"),
         node("Constant", "", "a", value_ints=[2, 3]), node("Squeeze", "g a")],
        [node("Clip", "x zero two")],
        [node("Clip", "x zero")],
        [node("Max", "x zero", "r"), node("Min", "r two")],
        [node("Concat", "x x", axis=1)],
        [node("Pad", "x pads")],
        [node("Slice", "x begin end corners steps")],
        [node("Split", "x parts", "y z", axis=1)],
        [node("Split", "x", "a z q", axis=1), node("Concat", "q a z", axis=-3)],
        [node("ReduceMax", axes=[2, 3])],
        [node("Relu", output="r"), node("Sub", "x r", "d"), node("Neg", "d")],
        [node("Cast", to=TensorProto.FLOAT)],
        [node("Flatten", output="f"), node("Reshape", "f view")],
    ],
    ids=lambda nodes: "-".join(each.op_type for each in nodes),
)  # fmt: skip
def test_operators(tmp_path, nodes):
    automatic = any(each.name == "auto_pad" for node in nodes for each in node.attribute)
    if automatic and tuple(map(int, onnx.__version__.split(".")[:2])) < (1, 23):
        pytest.skip("the evaluator of this onnx pads otherwise than its specification")
    used = {each for node in nodes for each in node.input}
    constants = {key: value for key, value in CONSTANTS.items() if key in used}
    compared(saved(tmp_path, nodes, constants))


def test_operators_of_later_and_earlier_sets(tmp_path):
    constants = {key: CONSTANTS[key] for key in ("half", "zero", "corners")}
    compared(saved(tmp_path, [node("Pad", "x half zero corners")], constants, opset=18))
    compared(saved(tmp_path, [node("Split", "x", "y z", axis=1, num_outputs=2)], opset=18))
    clip = [node("Clip", min=0.0, max=0.5, output="c"), node("Pad", "c", pads=[0, 0, 1, 0] * 2)]
    compared(saved(tmp_path, clip, opset=9))
    cut = node("Slice", starts=[1], ends=[-1], axes=[3])
    compared(saved(tmp_path, [cut], opset=9))


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Conv", "x w1 b", strides=[2], pads=[0, 1], group=1, dilations=[2])],
        [node("MaxPool", kernel_shape=[3], strides=[2], pads=[1, 1], ceil_mode=1)],
        [node("Conv", "x w1", "k", auto_pad="SAME_UPPER"),
         node("AveragePool", "k", kernel_shape=[2])],
        [node("BatchNormalization", "x s t t s")],
        [node("Conv", "x w1", "k"), node("GlobalAveragePool", "k", "g"), node("Flatten", "g")],
        [node("ReduceMean", axes=[2], keepdims=0)],
        [node("Unsqueeze", "x one", "u"), node("Conv", "u w2", "k"), node("Squeeze", "k one")],
    ],
    ids=lambda nodes: "-".join(each.op_type for each in nodes),
)  # fmt: skip
def test_one_dimensional_networks_take_one_row(tmp_path, nodes):
    constants = {"w1": W[:, :, 0], "w2": W[:, :, :1], "one": np.array([2]), **CONSTANTS}
    used = {each for node in nodes for each in node.input}
    constants = {key: value for key, value in constants.items() if key in used}
    path = saved(tmp_path, nodes, constants, ("N", 3, 10))
    x = np.random.default_rng(0).normal(size=(4, 3, 10)).astype(np.float32)
    (expected,) = ReferenceEvaluator(str(path)).run(None, {"x": x})
    for graph in (from_onnx(path), from_onnx(path, (3, 1, 10))):
        assert graph.shapes()["x"] == (3, 1, 10)
        found = graph.evaluate(x[:, :, None]).reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


SOFTMAX = [node("Flatten", output="f"), node("MatMul", "f m", "logits")]


def test_what_stands_behind_the_logits_is_left_out(tmp_path):
    nodes = [*SOFTMAX, node("Softmax", "logits", "p"), node("ArgMax", "p", "y", axis=1),
             node("Identity", "p", "z")]  # fmt: skip
    graph = from_onnx(saved(tmp_path, nodes, {"m": V}, outputs=("y", "z")))
    assert graph.output == "matmul"
    assert graph.notes == {
        "softmax": "dropped (softmax keeps the order of classes)",
        "argmax": "dropped (predictions are the argmax of the scores)",
        "identity": "dropped (after the logits)",
    }
    wrong = [*SOFTMAX, node("Softmax", "logits", "p"), node("Mul", "p logits")]
    assert refusal(saved(tmp_path, wrong, {"m": V})).startswith(
        "mul (Mul): reads a softmax, which only the end of a network may be; move it"
    )
    wrong = [*SOFTMAX, node("Softmax", "logits", axis=0)]
    assert refusal(saved(tmp_path, wrong, {"m": V})).startswith(
        "softmax (Softmax): along axis 0; only along 1, the classes"
    )
