"""ONNX files made by hand, and what onnx's own evaluator computes of them."""

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from exporters.frontends.onnx.file import from_onnx
from onespike_lava.errors import UnsupportedError

RANDOM = np.random.default_rng(7)


def array(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def saved(folder, nodes, constants=None, shape=("N", 3, 12, 10), opset=17, outputs=("y",)):
    """A file of these nodes, from input x to output y."""
    initialisers = [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(each, TensorProto.FLOAT, None) for each in outputs],
        initialisers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    for each in model.graph.output:
        if opset >= 7 and not any(each.domain for each in nodes):
            inferred = {o.name: o for o in onnx.shape_inference.infer_shapes(model).graph.output}
            each.CopyFrom(inferred[each.name])
        each.type.tensor_type.shape.SetInParent()  # a rank of 0 where none is known
    path = folder / "model.onnx"
    onnx.save(model, str(path))
    return path


def node(op, inputs="x", output="y", name=None, **attrs):
    return helper.make_node(op, inputs.split(), output.split(), name=name or op.lower(), **attrs)


def compared(path, shape=(3, 12, 10)):
    """The graph, after its result was compared with onnx's own, and onnxruntime's if present."""
    graph = from_onnx(path)
    x = np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)
    name = onnx.load(str(path)).graph.input[0].name
    (expected,) = ReferenceEvaluator(str(path)).run(None, {name: x})
    tolerance = {"rtol": 1e-4, "atol": 1e-4 * np.abs(expected).max()}
    np.testing.assert_allclose(graph.evaluate(x), expected, **tolerance)
    try:
        import onnxruntime
    except ImportError:
        return graph
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(graph.evaluate(x), session.run(None, {name: x})[0], **tolerance)
    return graph


def refusal(path, error=UnsupportedError, shape=None):
    with pytest.raises(error) as caught:
        from_onnx(path, shape)
    return str(caught.value)


W, V = array(4, 3, 3, 2), array(360, 5)
CONSTANTS = {
    "w": W,
    "b": array(4),
    "m": V,
    "c": array(5),
    "s": np.abs(array(3)) + 0.1,
    "t": array(3),
    "plane": array(3, 1, 1),
    "two": np.array(2.0, np.float32),
    "zero": np.array(0.0, np.float32),
    "pads": np.array([0, 1, 2, 0, 0, 2, 0, 1], np.int64),
    "half": np.array([1, 0, 0, 2], np.int64),
    "corners": np.array([2, 3], np.int64),
    "begin": np.array([1, -8], np.int64),
    "end": np.array([9, 1000], np.int64),
    "steps": np.array([1, 3], np.int64),
    "view": np.array([0, 360], np.int64),
    "parts": np.array([1, 2], np.int64),
}
