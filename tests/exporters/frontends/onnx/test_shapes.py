"""Reshapes and arithmetic on shapes."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx import TensorProto

from exporters.frontends.read import read
from onespike_lava.errors import DataError
from tests.exporters.frontends.onnx.files import compared, node, refusal, saved


@pytest.mark.parametrize(
    ("target", "shape"),
    [([-1, 360], "N"), ([0, -1], "N"), ([0, 3, 12, 10], "N"), ([4, 360], 4), ([4, -1], 4)],
)
def test_reshapes_that_keep_batch_and_order(tmp_path, target, shape):
    constants = {"target": np.array(target, np.int64)}
    path = saved(tmp_path, [node("Reshape", "x target")], constants, (shape, 3, 12, 10))
    assert [each.op for each in compared(path).nodes] in (
        ["input", "flatten"],
        ["input", "identity"],
    )


def test_arithmetic_on_shapes(tmp_path):
    """What torch's exporter writes for x.view(x.size(0), -1), and for products of sizes."""
    constants = {
        "zero": np.array(0, np.int64),
        "one": np.array([1], np.int64),
        "four": np.array([4], np.int64),
        "axis": np.array([0], np.int64),
    }
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape zero", "n"),
        node("Unsqueeze", "n axis", "batch"),
        node("Slice", "shape one four", "rest"),
        node("ReduceProd", "rest", "size", keepdims=1),
        node("Concat", "batch size", "target", axis=0),
        node("Cast", "target", "cast", to=TensorProto.INT64),
        node("Reshape", "x cast"),
    ]
    graph = compared(saved(tmp_path, nodes, constants))
    assert [str(each) for each in graph.nodes] == ["x (input)", "reshape (flatten)"]


def test_open_sizes_come_from_the_caller(tmp_path):
    path = saved(tmp_path, [node("Relu")], shape=("N", 3, "H", "W"))
    assert read(path, (3, 5, 6)).shapes()["relu"] == (3, 5, 6)
    assert refusal(path) == (
        f"{path}: input x of shape [N, 3, H, W]; only [N, C, H, W], [N, C, L] and [N, F] of known "
        "sizes are supported, export it so"
    )
    with pytest.raises(DataError, match=r"\[N, 4, 5, 6\] does not fit \[N, 3, H, W\], the input x"):
        read(path, (4, 5, 6))
