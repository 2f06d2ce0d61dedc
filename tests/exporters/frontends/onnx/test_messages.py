"""What ONNX files of every producer hold beyond this library, each refused with its way out."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

from onnx import TensorProto, helper

from exporters.frontends.onnx.file import from_onnx
from onespike_lava.errors import UnsupportedError
from tests.exporters.frontends.onnx.files import array, node, refusal, saved

LIST = "; `onespike operators` lists what is supported"
FLOAT = "not supported; give the float model, from before it was quantised"
SCALE = {"s": np.array(0.1, np.float32), "z": np.array(0, np.uint8)}


def with_function(path):
    """The graph's only node is a call of a function of the file: a Relu."""
    model = onnx.load(str(path))
    body = helper.make_function(
        "mine", "Act", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    model.functions.append(body)
    model.opset_import.append(helper.make_opsetid("mine", 1))
    model.graph.node[0].domain, model.graph.node[0].op_type = "mine", "Act"
    onnx.save(model, str(path))


def test_local_functions_name_the_inliner_which_is_the_way_out(tmp_path):
    path = saved(tmp_path, [node("Relu")])
    with_function(path)
    assert refusal(path) == (
        "relu (mine.Act): a function of the file; put its body in its place with "
        f"onnx.inliner.inline_local_functions, and save that{LIST}"
    )
    from onnx import inliner

    onnx.save(inliner.inline_local_functions(onnx.load(str(path))), str(path))
    assert [each.op for each in from_onnx(path).nodes] == ["input", "relu"]


def test_quantised_files_ask_for_the_float_model(tmp_path):
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q s z", "d"),
        node("Relu", "d"),
    ]
    assert refusal(saved(tmp_path, nodes, SCALE)) == (
        f"quantizelinear (QuantizeLinear): {FLOAT}; dequantizelinear (DequantizeLinear): "
        f"{FLOAT}{LIST}"
    )
    nodes = [
        node("DynamicQuantizeLinear", "x", "q t u"),
        node("ConvInteger", "q k", "c"),
        node("Cast", "c", to=TensorProto.FLOAT),
    ]
    path = saved(tmp_path, nodes, {"k": np.ones((1, 3, 1, 1), np.uint8)})
    assert refusal(path) == (
        f"dynamicquantizelinear (DynamicQuantizeLinear): {FLOAT}; convinteger (ConvInteger): "
        f"{FLOAT}{LIST}"
    )


def test_what_reads_a_refused_node_is_refused_too(tmp_path):
    nodes = [
        node("Elu", "x", "a", name="act1"),
        node("Shape", "a", "size"),
        node("Gather", "size i", "one"),  # a size is no value of the network
        node("LRN", "a", "b", size=3),
        node("Relu", "b", "c"),
        node("Elu", "c", "d", name="act2"),
        node("Softmax", "d"),
    ]
    found = refusal(saved(tmp_path, nodes, {"i": np.array(1)}))
    assert found == (
        "act1, act2 (Elu): not supported; use ReLU and train again: it bends, ReLUs do not; lrn "
        f"(LRN): not supported; use batch norm{LIST}"
    )


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Shape", "x", "s"), node("ConstantOfShape", "s", "c"), node("Add", "x c")],
        [node("Shape", "x", "s"), node("Expand", "one s", "c"), node("Add", "x c")],
        [node("Shape", "x", "s"), node("Div", "s two", "c"), node("Reshape", "x c")],
    ],
    ids=lambda nodes: nodes[1].op_type,
)
def test_the_batch_size_has_a_name(tmp_path, nodes):
    constants = {"one": array(1), "two": np.array([2, 1, 1, 1])}
    found = refusal(saved(tmp_path, nodes, constants))
    kind = nodes[1].op_type
    assert found == f"{kind.lower()} ({kind}): computes with the batch size; use -1{LIST}"


def test_one_logit_per_sample_may_lose_its_axis(tmp_path):
    nodes = [node("Flatten", "x", "f"), node("MatMul", "f m", "l"), node("Reshape", "l minus")]
    path = saved(tmp_path, nodes, {"m": array(360, 1), "minus": np.array([-1])})
    graph = from_onnx(path)
    assert graph.shapes()[graph.output] == (1,)
    path = saved(tmp_path, nodes, {"m": array(360, 4), "minus": np.array([2, 2])})
    with pytest.raises(UnsupportedError, match=r"to \[2, 2\] \(after the logits, leave it out"):
        from_onnx(path)
