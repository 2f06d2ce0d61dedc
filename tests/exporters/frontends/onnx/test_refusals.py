"""What is refused of an ONNX file, by name."""

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import helper, numpy_helper

from onespike_lava.errors import DataError
from tests.exporters.frontends.onnx.files import CONSTANTS, W, array, node, refusal, saved


def test_all_unsupported_nodes_are_named_at_once(tmp_path):
    nodes = [
        node("Elu", "x", "a"),
        node("Relu", "a", "b"),
        node("Transpose", "x", "c"),
        node("Add", "b c"),
    ]
    assert refusal(saved(tmp_path, nodes)) == (
        "elu (Elu): not supported; use ReLU and train again: it bends, ReLUs do not; transpose "
        "(Transpose): axes [3, 2, 1, 0] of [N, 3, 12, 10]; the batch must stay in front; "
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
         "[N, 3, 12, 10] to [1, 360]; the batch must stay alone in front, with 360 "
         "values after it"),
        ([node("Squeeze", "x r")], {"r": np.array([0, 1])}, "squeeze (Squeeze): axes [0, 1] of "
         "[N, 3, 12, 10]; only those of size 1"),
        ([node("Conv", "x w", strides=[1, 1, 1])], {"w": W}, "conv (Conv): strides=[1, 1, 1]; give "
         "2 numbers for 2 dimensions"),
        ([node("Conv", "x w", kernel_shape=[9, 9])], {"w": W}, "conv (Conv): kernel_shape=[9, 9] "
         "beside a weight [4, 3, 3, 2]; export it again"),
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
        ([node("ReduceMean", axes=[0, 1])], {}, "reducemean (ReduceMean): over dimensions [0, 1] "
         "of [N, 3, 12, 10]; keep the batch and one dimension"),
        ([node("Shape", "x", "s"), node("Mul", "s s", "t"), node("Reshape", "x t")], {},
         "mul (Mul): computes with the batch size; use -1"),
        ([node("Conv", "x w", pads=[12, 10, 12, 999])], {"w": W}, "conv (Conv): pads 999 columns "
         "where 10 are, more than 10; pad less"),
        ([node("Pad", "x p")], {"p": np.array([0, 0, 2000, 0, 0, 0, 0, 0])}, "pad (Pad): pads 2000 "
         "rows where 12 are, more than 12; pad less"),
        ([node("AveragePool", kernel_shape=[15, 1], strides=[1, 1], pads=[2000, 0, 0, 0],
               count_include_pad=1)], {}, "averagepool (AveragePool): pads 2000 rows where 12 are, "
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
