"""ONNX files: names, sizes, operator sets, external data; the files of torch."""

import inspect
import subprocess
import sys
import warnings

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import helper

from exporters.frontends.onnx.file import from_onnx
from exporters.frontends.read import read
from exporters.passes.pipeline import prepare
from onespike_lava.errors import DataError, UnsupportedError
from tests import DIGITS, ROOT
from tests.exporters.frontends.onnx.files import W, compared, node, refusal, saved


def test_names(tmp_path):
    nodes = [node("Relu", "x", "a", name="same"), node("Relu", "a", "b", name="same")]
    nodes.append(helper.make_node("Relu", ["b"], ["y"]))
    graph = from_onnx(saved(tmp_path, nodes))
    assert [each.name for each in graph.nodes] == ["x", "same", "same.2", "y"]


def test_the_door_takes_paths(tmp_path):
    path = saved(tmp_path, [node("Relu")])
    assert read(str(path), [3, 12, 10]).digest() == read(path, [3, 12, 10]).digest()
    with pytest.raises(UnsupportedError) as error:
        read("model.pt", [3])
    assert str(error.value) == (
        "model.pt: not the name of an ONNX file; give a path that ends in .onnx, or a torch Module "
        "itself, such as exporters.frontends.torch.factory.load_factory returns"
    )


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
    x = np.random.default_rng(0).normal(size=(2, 6, 12, 10)).astype(np.float32)
    found = from_onnx(path).evaluate(x)
    np.testing.assert_array_equal(found, x[:, :3] + x[:, 3:])
    message = refusal(path, DataError, (3, 12, 10))
    assert message == (
        f"data: shape [N, 3, 12, 10] does not fit [N, 6, 12, 10], the channels of the inputs x, z "
        f"of {path} together; give them concatenated along axis 1"
    )
    other.type.tensor_type.shape.dim[3].dim_value = 9
    onnx.save(model, str(path))
    assert refusal(path) == (
        f"{path}: 2 inputs (x, z); only several of one plane and known channels are supported, "
        "export the network with one tensor that it splits"
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
