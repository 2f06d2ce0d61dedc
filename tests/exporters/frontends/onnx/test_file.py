"""The ONNX front end: files of torch and hand-made ones against onnx's own evaluator."""

# ruff: noqa: E402  (imports follow importorskip)

import inspect
import subprocess
import sys
import warnings

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from exporters.frontends.onnx.file import from_onnx
from exporters.frontends.read import read
from exporters.passes.pipeline import prepare
from onespike_lava.errors import DataError, UnsupportedError
from tests import DIGITS, ROOT

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


def refusal(path, error=UnsupportedError):
    with pytest.raises(error) as caught:
        from_onnx(path)
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
        [node("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1,
              count_include_pad=1)],
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
        "identity": "dropped (behind the logits)",
    }
    wrong = [*SOFTMAX, node("Softmax", "logits", "p"), node("Mul", "p logits")]
    assert refusal(saved(tmp_path, wrong, {"m": V})).startswith(
        "mul (Mul): reads a softmax, which only the end of a network may be; move it"
    )
    wrong = [*SOFTMAX, node("Softmax", "logits", axis=0)]
    assert refusal(saved(tmp_path, wrong, {"m": V})).startswith(
        "softmax (Softmax): along axis 0; only along 1, the classes"
    )


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


def test_names(tmp_path):
    nodes = [node("Relu", "x", "a", name="same"), node("Relu", "a", "b", name="same")]
    nodes.append(helper.make_node("Relu", ["b"], ["y"]))
    graph = from_onnx(saved(tmp_path, nodes))
    assert [each.name for each in graph.nodes] == ["x", "same", "same.2", "y"]


def test_open_sizes_come_from_the_caller(tmp_path):
    path = saved(tmp_path, [node("Relu")], shape=("N", 3, "H", "W"))
    assert read(path, (3, 5, 6)).shapes()["relu"] == (3, 5, 6)
    assert refusal(path) == (
        f"{path}: input x of shape [N, 3, H, W]; only [N, C, H, W], [N, C, L] and [N, F] of known "
        "sizes are supported, export it so"
    )
    with pytest.raises(DataError, match=r"\[N, 4, 5, 6\] does not fit \[N, 3, H, W\], the input x"):
        read(path, (4, 5, 6))


def test_the_door_takes_paths(tmp_path):
    path = saved(tmp_path, [node("Relu")])
    assert read(str(path), [3, 12, 10]).digest() == read(path, [3, 12, 10]).digest()
    with pytest.raises(UnsupportedError) as error:
        read("model.pt", [3])
    assert str(error.value) == (
        "model.pt: not the name of an ONNX file; give a path that ends in .onnx, or a torch Module "
        "itself, such as exporters.frontends.torch.factory.load_factory returns"
    )


def test_all_unsupported_nodes_are_named_at_once(tmp_path):
    nodes = [
        node("LeakyRelu", "x", "a"),
        node("Relu", "a", "b"),
        node("Transpose", "x", "c"),
        node("Add", "b c"),
    ]
    assert refusal(saved(tmp_path, nodes)) == (
        "leakyrelu (LeakyRelu): not supported; use ReLU and train again: spikes carry no negative "
        "values; transpose (Transpose): not supported; keep the channel-first order of elements, "
        "export it so; "
        "`onespike operators` lists what is supported"
    )


TRUE = np.array(True)
HALF = np.array(0.5, np.float32)


@pytest.mark.parametrize(
    ("nodes", "constants", "reason"),
    [
        ([node("Conv", "x x")], {}, "conv (Conv): weight is computed by the network; only "
         "constants are supported"),
        ([node("Flatten", axis=2)], {}, "flatten (Flatten): axis=2; only 1 is supported"),
        ([node("Reshape", "x r")], {"r": np.array([1, 360])}, "reshape (Reshape): reshape of "
         "[N, 3, 12, 10] to [1, 360]; only flattening to [N, 360], or of the planes of "
         "[N, C, H, W] to [N, C, L], is supported"),
        ([node("MatMul", "x m")], {"m": array(10, 2)}, "matmul (MatMul): input [N, 3, 12, 10]; "
         "only [N, F] is supported, flatten it before"),
        ([node("Squeeze", "x r")], {"r": np.array([0, 1])}, "squeeze (Squeeze): axes [0, 1] of "
         "[N, 3, 12, 10]; only those of size 1"),
        ([node("Conv", "x w", strides=[1, 1, 1])], {"w": W}, "conv (Conv): strides=[1, 1, 1]; give "
         "2 numbers for 2 dimensions"),
        ([node("Conv", "x w", kernel_shape=[9, 9])], {"w": W}, "conv (Conv): kernel_shape=[9, 9] "
         "beside a weight [4, 3, 3, 2]; export anew"),
        ([node("MatMul", "m x")], {"m": array(12, 12)}, "matmul (MatMul): only a product with a "
         "constant matrix on the right is supported"),
        ([node("Mul", "x x")], {}, "mul (Mul): only one value of the network and one constant are "
         "supported"),
        ([node("Add", "x p")], {"p": array(12, 10)}, "add (Add): constant of shape [12, 10] beside "
         "[N, 3, 12, 10]; only one value, or one per channel, is supported"),
        ([node("Dropout", "x r t")], {"r": HALF, "t": TRUE}, "dropout (Dropout): training_mode is "
         "true; export the model in evaluation mode"),
        ([node("MaxPool", "x", "z i", kernel_shape=[2, 2]), node("Cast", "i", "k", to=1),
          node("Add", "z k")], {}, "maxpool (MaxPool): its second output i is used; only the first "
         "is supported"),
        ([node("AveragePool", kernel_shape=[4, 4], strides=[3, 3], ceil_mode=1,
               pads=[1, 1, 1, 1], count_include_pad=1)], {},
         "averagepool (AveragePool): ceil_mode adds windows at the border; use ceil_mode=False"),
        ([node("Div", "one x")], {"one": HALF}, "div (Div): divides by a value of the network; "
         "that is not linear"),
        ([node("ReduceMean", axes=[1])], {}, "reducemean (ReduceMean): over dimensions [1] of "
         "[N, 3, 12, 10]; only over (2, 3) of [N, C, H, W] or 2 of [N, C, L]"),
        ([node("Shape", "x", "s"), node("Mul", "s s", "t"), node("Reshape", "x t")], {},
         "mul (Mul): computes with the batch size; use -1"),
        ([node("Conv", "x w", pads=[12, 10, 12, 13])], {"w": W}, "conv (Conv): pads 13 columns "
         "where 10 are, more than 10; pad less"),
        ([node("Pad", "x p")], {"p": np.array([0, 0, 13, 0, 0, 0, 0, 0])}, "pad (Pad): pads 13 "
         "rows where 12 are, more than 12; pad less"),
        ([node("AveragePool", kernel_shape=[15, 1], strides=[1, 1], pads=[15, 0, 0, 0],
               count_include_pad=1)], {}, "averagepool (AveragePool): pads 15 rows where 12 are, "
         "more than 14; pad less"),
        ([node("Conv", "x none")], {"none": array(0, 3, 1, 1)}, "conv (Conv): weight [0, 3, 1, 1] "
         "holds no values; take the layer out"),
        ([node("Flatten", "x", "f"), node("Gemm", "f none", transB=1)], {"none": array(0, 360)},
         "gemm (Gemm): weight [0, 360] holds no values; take the layer out"),
        ([node("Constant", "", "c", value=numpy_helper.from_array(W * 1j)), node("Conv", "x c")],
         {}, "constant (Constant): a constant of type complex64; only real numbers are supported"),
    ],
    ids=lambda value: None,
)  # fmt: skip
def test_refusals(tmp_path, nodes, constants, reason):
    path = saved(tmp_path, nodes, constants)
    assert refusal(path) == f"{reason}; `onespike operators` lists what is supported"


def test_constants_that_are_not_read_are_refused_by_name(tmp_path):
    path = saved(tmp_path, [node("Conv", "x w")], {"w": W.astype(np.complex64)})
    assert refusal(path) == (
        f"{path}: constant w is of type complex64; only real numbers are supported, split it into "
        "real and imaginary part"
    )
    model = onnx.load(str(saved(tmp_path, [node("Conv", "x w")], {"w": W})))
    held = model.graph.initializer.pop()
    places = numpy_helper.from_array(np.arange(1), "places")
    values = numpy_helper.from_array(W.reshape(-1)[:1], "w")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, held.dims))
    onnx.save(model, str(path))
    assert refusal(path) == f"{path}: constant w is stored sparse; export it dense"


def test_training_mode_of_batch_norm(tmp_path):
    norm = node("BatchNormalization", "x s t t s", "y m v", training_mode=1)
    constants = {key: CONSTANTS[key] for key in "st"}
    assert refusal(saved(tmp_path, [norm], constants)) == (
        "batchnormalization (BatchNormalization): training_mode=1; export the model in evaluation "
        "mode; `onespike operators` lists what is supported"
    )


def test_other_domains_are_refused(tmp_path):
    path = saved(tmp_path, [node("Relu")])
    model = onnx.load(str(path))
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, str(path))
    assert refusal(path) == (
        "relu (com.microsoft.Relu): not supported; rewrite it with supported operators; "
        "`onespike operators` lists what is supported"
    )


def test_files_that_are_none(tmp_path):
    path = tmp_path / "none.onnx"
    assert refusal(path, DataError) == f"{path}: does not exist; give the path of a file"
    for content in (b"", b"\x00\x01garbage", b"plain text"):
        path.write_bytes(content)
        message = refusal(path, DataError)
        assert message.startswith(f"{path}: not an ONNX file (")
        assert "\n" not in message
    path = saved(tmp_path, [node("Relu")])
    path.write_bytes(path.read_bytes().replace(b"Relu", b"R\x8flu"))
    assert refusal(path, DataError).startswith(f"{path}: not valid ONNX (")
    path = saved(tmp_path, [node("Relu", "unknown")])
    message = refusal(path, DataError)
    assert message.startswith(f"{path}: not valid ONNX (")
    assert "\n" not in message


def test_old_operator_sets_and_several_ends(tmp_path):
    path = saved(tmp_path, [node("Relu")], opset=6)
    assert refusal(path) == (
        f"{path}: operator set 6 is older than 7; convert it with onnx.version_converter"
    )
    path = saved(tmp_path, [node("Relu"), node("Relu", "x", "z")], outputs=("y", "z"))
    assert refusal(path) == (
        f"{path}: output: 2 of them (y, z); only one is supported, choose it with "
        "output='y', on the command line --model-output"
    )
    assert read(path, (3, 12, 10), output="z").output == "relu.2"
    with pytest.raises(UnsupportedError, match=r"^.*: output: 'a' is not one of y, z; choose one"):
        read(path, (3, 12, 10), output="a")
    path = saved(tmp_path, [node("Add", "x z")])
    model = onnx.load(str(path))
    other = model.graph.input.add()
    other.CopyFrom(model.graph.input[0])
    other.name = "z"
    onnx.save(model, str(path))
    assert refusal(path) == (
        f"{path}: 2 inputs (x, z); only one is supported, export the network with one tensor that "
        "it splits"
    )


def test_external_data(tmp_path):
    path = saved(tmp_path, [node("Conv", "x w")], {"w": W})
    expected = from_onnx(path).digest()
    model = onnx.load(str(path))
    onnx.save(model, str(path), save_as_external_data=True, location="w.bin", size_threshold=0)
    assert from_onnx(path).digest() == expected
    (tmp_path / "w.bin").unlink()
    message = refusal(path, DataError)
    assert message.startswith(f"{path}: its external data cannot be read (")
    assert message.endswith("); put the data file beside it, or save the model as one file")
    assert "\n" not in message


def test_files_of_torch(tmp_path):
    torch = pytest.importorskip("torch")
    from torch import nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.MaxPool2d(2), nn.ReLU()
            )
            self.head = nn.Sequential(nn.Dropout(), nn.Linear(120, 6), nn.ReLU(), nn.Linear(6, 2))

        def forward(self, x):
            x = self.features(x)
            return self.head(x.view(x.size(0), -1))

    torch.manual_seed(0)
    model = Model().eval()
    known = inspect.signature(torch.onnx.export).parameters
    options = {"dynamo": False} if "dynamo" in known else {}
    path = tmp_path / "model.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (torch.zeros(1, 3, 12, 10),), str(path), input_names=["x"],
            dynamic_axes={"x": {0: "N"}}, training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False, **options,
        )  # fmt: skip
    graph = compared(path)
    assert {"batchnorm", "maxpool", "flatten"} <= {each.op for each in graph.nodes}
    x = np.random.default_rng(1).normal(size=(3, 3, 12, 10)).astype(np.float32)
    with torch.no_grad():
        expected = model(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(prepare(graph)[0].evaluate(x), expected, rtol=1e-4, atol=1e-5)


def test_the_default_model():
    graph = compared(DIGITS / "digits.onnx", (1, 8, 8))
    ops = [each.op for each in graph.nodes]
    assert ops.count("batchnorm") == 3
    assert {"maxpool", "avgpool", "flatten"} <= set(ops)
    content = (DIGITS / "digits.onnx").read_bytes()
    assert len(content) < 300_000
    assert not any(each in content for each in (b"/home", b"/root", b"/usr", b"/tmp", b".py"))


def test_without_onnx():
    """Importing `exporters` needs neither torch nor onnx; reading a file says what to install."""
    code = (
        "import sys; sys.modules['onnx'] = None; sys.modules['torch'] = None\n"
        "import exporters, exporters.frontends.read\n"
        "try: exporters.frontends.read.read('m.onnx', (3,))\n"
        "except Exception as error: sys.stdout.write(f'{type(error).__name__}: {error}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == (
        "MissingPartError: m.onnx: onnx is not installed; run pip install 'onespike-lava[onnx]'"
    )
