"""The same doors through ONNX: torch's exporter, and operators as other producers write them."""

import warnings

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from exporters import convert
from exporters.frontends.onnx.file import from_onnx
from exporters.passes import prepare
from onespike_lava.errors import UnsupportedError
from tests.doors.networks import ALL, made, near
from tests.exporters.frontends.onnx.files import array, node, saved

LEFT_OUT = (
    *("adaptive pool", "uneven", "nn.ChannelShuffle"),  # torch's exporter does not write these
    *("default arguments", "Softshrink", "repeat_interleave"),  # or as other operators
    *("softmax", "argmax", "sigmoid", "SegNet"),  # `test_keras` compares what stands behind logits
)


@pytest.mark.parametrize("name", [each for each in ALL if not any(map(each.count, LEFT_OUT))])
def test_torchs_exporter_writes_what_is_read(name, tmp_path):
    module, x = made(name)
    path = tmp_path / "net.onnx"
    axes = {"x": {0: "N"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, torch.from_numpy(x[:2]), str(path), opset_version=17, input_names=["x"],
            dynamic_axes=axes,
        )  # fmt: skip
    graph = from_onnx(path, x.shape[1:])
    with torch.no_grad():
        expected = module(torch.from_numpy(x)).numpy()
    near(graph.evaluate(x), expected)
    near(prepare(graph)[0].evaluate(x), expected)


@pytest.mark.parametrize("opset", [11, 17])
def test_a_softmax_of_planes_is_left_out_however_it_is_written(opset, tmp_path):
    module, x = made("softmax of planes")
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, torch.from_numpy(x), str(path), opset_version=opset)
    with torch.no_grad():
        expected = module[:-1](torch.from_numpy(x)).numpy()
    near(from_onnx(path, x.shape[1:]).evaluate(x), expected)


PRELU = array(3, 1, 1)
KERNEL = array(3, 4, 3, 3)
ONE = np.array([1])
EMPTY = np.zeros(0, np.float32)
NODES = {
    "Transpose": ([node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("Flatten", "t")], {}),
    "there and back": ([node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("Relu", "t", "r"),
                        node("Transpose", "r", perm=[0, 3, 1, 2])], {}),
    "Gather": ([node("Gather", "x i", axis=1)], {"i": np.array([2, 0])}),
    "Gather of one": ([node("Gather", "x i", axis=2)], {"i": np.array(3)}),
    "DepthToSpace": ([node("Conv", "x w", "c"), node("DepthToSpace", "c", blocksize=2)],
                     {"w": array(8, 3, 1, 1)}),
    "DepthToSpace, CRD": ([node("Conv", "x w", "c"),
                           node("DepthToSpace", "c", blocksize=2, mode="CRD")],
                          {"w": array(8, 3, 1, 1)}),
    "SpaceToDepth": ([node("SpaceToDepth", blocksize=2)], {}),
    "Resize": ([node("Resize", "x e s", coordinate_transformation_mode="asymmetric",
                     nearest_mode="floor", mode="nearest")],
               {"e": EMPTY, "s": np.array([1, 1, 2, 3], np.float32)}),
    "Resize by half a pixel": ([node("Resize", "x e s")],
                               {"e": EMPTY, "s": np.array([1, 1, 2, 2], np.float32)}),
    "Resize to sizes": ([node("Resize", "x e f z")],
                        {"e": EMPTY, "f": EMPTY, "z": np.array([5, 3, 24, 20])}),
    "ConvTranspose": ([node("ConvTranspose", "x k b", strides=[2, 2], pads=[1, 1, 1, 1],
                            output_padding=[1, 1])], {"k": KERNEL, "b": array(4)}),
    "ConvTranspose, SAME": ([node("ConvTranspose", "x k", strides=[2, 2], auto_pad="SAME_UPPER")],
                            {"k": KERNEL}),
    "ReduceSum": ([node("ReduceSum", "x a")], {"a": np.array([2, 3])}),
    "ReduceSum of channels": ([node("ReduceSum", "x a", keepdims=0)], {"a": ONE}),
    "Abs": ([node("Abs")], {}),
    "LeakyRelu": ([node("LeakyRelu", alpha=0.3)], {}),
    "PRelu": ([node("PRelu", "x p")], {"p": PRELU}),
    "HardSigmoid": ([node("HardSigmoid", alpha=0.3)], {}),
    "ThresholdedRelu": ([node("ThresholdedRelu", alpha=0.0)], {}),
    "Max of two": ([node("Neg", "x", "n"), node("Max", "x n")], {}),
    "Min of two": ([node("Neg", "x", "n"), node("Min", "x n")], {}),
    "Max of three": ([node("Neg", "x", "n"), node("Max", "x n h")],
                     {"h": np.array(0.4, np.float32)}),
    "Clip": ([node("Clip", "x l h")], {"l": np.array(-0.5, np.float32),
                                       "h": np.array(0.25, np.float32)}),
    "Concat of rows": ([node("Concat", "x x", axis=2)], {}),
    "MatMul along the last axis": (
        [node("MatMul", "x m", "a"), node("Transpose", "a", perm=[0, 3, 1, 2])],
        {"m": array(10, 4)},
    ),
    "scaled, then channels first": ([node("Mul", "x h", "s"), node("Transpose", "s", "t",
                                     perm=[0, 3, 1, 2]), node("Conv", "t v")],
                                    {"h": np.array(0.4, np.float32), "v": array(2, 10, 3, 1)}),
    "constant along rows": (
        [
            *(node("Transpose", "x", "t", perm=[0, 1, 3, 2]), node("Add", "t b", "s")),
            *(node("Transpose", "s", "u", perm=[0, 2, 1, 3]), node("Relu", "u")),
        ],
        {"b": array(10, 1)},
    ),
    "rows counted into the batch": (
        [
            *(node("Reshape", "x r", "a"), node("MatMul", "a m", "b"), node("Reshape", "b s", "c")),
            *(node("Relu", "c", "d"), node("Flatten", "d")),
        ],
        {"r": np.array([-1, 10]), "m": array(10, 4), "s": np.array([-1, 3, 12, 4])},
    ),
    "bias channels last": ([node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("Add", "t b", "s"),
                            node("Transpose", "s", perm=[0, 3, 1, 2])], {"b": array(3)}),
}  # fmt: skip


@pytest.mark.parametrize("name", NODES)
def test_operators_agree_with_the_reference(name, tmp_path):
    nodes, constants = NODES[name]
    path = saved(tmp_path, nodes, constants, opset=15)
    x = np.random.default_rng(0).normal(size=(5, 3, 12, 10)).astype(np.float32)
    (expected,) = ReferenceEvaluator(str(path)).run(None, {"x": x})
    graph = from_onnx(path, (3, 12, 10))
    near(graph.evaluate(x), expected)
    near(prepare(graph)[0].evaluate(x), expected)


def test_an_order_that_onnx_does_not_have_is_refused(tmp_path):
    nodes = [node("Conv", "x w", "c"), node("DepthToSpace", "c", blocksize=2, mode="RCD")]
    with pytest.raises(UnsupportedError, match="mode=RCD; ONNX has DCR and CRD"):
        from_onnx(saved(tmp_path, nodes, {"w": array(8, 3, 1, 1)}))


def quantised(path, opset):
    """A network whose weights alone are stored as integers, and the same in floats."""
    random = np.random.default_rng(0)
    kernel = random.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8)
    matrix = random.integers(-127, 128, (5, 4)).astype(np.int8)
    each = opset >= 13
    scale = random.uniform(0.01, 0.02, 4).astype(np.float32) if each else np.float32(0.01)
    zero = np.zeros(4, np.int8) if each else np.int8(0)
    held = {"k": kernel, "ks": scale, "kz": zero, "m": matrix, "ms": np.float32(0.02),
            "mz": np.int8(3)}  # fmt: skip
    axis = {"axis": 0} if each else {}
    mean = {"axes": [2, 3]} if opset < 18 else {}
    more = {} if opset < 18 else {"ax": np.array([2, 3])}
    nodes = [
        helper.make_node("DequantizeLinear", ["k", "ks", "kz"], ["w"], **axis),
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("ReduceMean", ["r", *more], ["g"], keepdims=0, **mean),
        helper.make_node("DequantizeLinear", ["m", "ms", "mz"], ["v"]),
        helper.make_node("Gemm", ["g", "v", "b"], ["y"], transB=1),
    ]
    held["b"] = np.zeros(5, np.float32)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 5])]
    stored = [numpy_helper.from_array(np.asarray(v), k) for k, v in {**held, **more}.items()]
    graph = helper.make_graph(nodes, "quantised", inputs, outputs, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=6)
    onnx.save(model, str(path))
    wide = scale.reshape(-1, 1, 1, 1) if each else scale
    floats = {"w": kernel * wide, "v": (matrix - np.float32(3)) * np.float32(0.02)}
    del graph.initializer[:]
    plain = {**{key: value for key, value in held.items() if key == "b"}, **floats, **more}
    graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in plain.items())
    kept = [each for each in nodes if each.op_type != "DequantizeLinear"]
    del graph.node[:]
    graph.node.extend(kept)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=6)


@pytest.mark.parametrize("opset", range(10, 19))
def test_weights_stored_as_integers(opset, tmp_path):
    path = tmp_path / "q.onnx"
    floats = quantised(path, opset)
    x = np.random.default_rng(1).normal(size=(40, 3, 8, 8)).astype(np.float32)
    graph = from_onnx(path, (3, 8, 8))
    (expected,) = ReferenceEvaluator(floats).run(None, {"x": x})
    near(graph.evaluate(x), expected)
    conversion = convert(path, x)
    assert conversion.check.agreement > 0.8


@pytest.mark.parametrize("inner", ["r", "c", "y"])
def test_an_inner_tensor_is_an_output(inner, tmp_path):
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("MaxPool", "r", "p",
             kernel_shape=[2, 2]), node("Flatten", "p")]  # fmt: skip
    path = saved(tmp_path, nodes, {"w": array(4, 3, 3, 2)})
    model = onnx.load(str(path))
    x = np.random.default_rng(0).normal(size=(5, 3, 12, 10)).astype(np.float32)
    model.graph.output[0].name = inner
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    expected = ReferenceEvaluator(model).run([inner], {"x": x})[0]
    graph = from_onnx(path, (3, 12, 10), inner)
    near(graph.evaluate(x), expected)
    near(prepare(graph)[0].evaluate(x), expected)


def test_a_constant_along_columns_is_not_taken_for_one_of_channels(tmp_path):
    nodes = [node("Slice", "x f e a", "s"), node("Relu", "s", "r"), node("Add", "r b")]
    places = {"f": np.array([0]), "e": np.array([3]), "a": np.array([3])}
    path = saved(tmp_path, nodes, {**places, "b": array(3)})  # three columns, three channels
    with pytest.raises(UnsupportedError, match=r"constant of shape \[3\] beside .* per channel"):
        from_onnx(path)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("Relu", "a")], "counted into the batch; only linear layers do"),
        ([node("Flatten", "a", "f"), node("MatMul", "f m")], "keeps axes that are counted"),
        ([node("Reshape", "a z")], "keeps axes that are counted"),
        ([node("Shape", "a", "s"), node("Reshape", "x s")], "of axes that are counted"),
    ],
)
def test_rows_in_the_batch_are_read_by_linear_maps_alone(nodes, words, tmp_path):
    constants = {"r": np.array([-1, 10]), "m": array(10, 4), "z": np.array([0, -1])}
    used = {each for one in nodes for each in one.input} | {"r"}
    held = {key: value for key, value in constants.items() if key in used}
    path = saved(tmp_path, [node("Reshape", "x r", "a"), *nodes], held)
    with pytest.raises(UnsupportedError, match=words):
        from_onnx(path)
