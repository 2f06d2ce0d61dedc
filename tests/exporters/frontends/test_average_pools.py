"""Average pools: what a window divides by, through both front ends and both ways to place them."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper
from torch import nn

from exporters.frontends.read import read
from exporters.passes.pipeline import POOLS, prepare
from onespike_lava.errors import UnsupportedError

RANDOM = np.random.default_rng(3)

EVEN = [
    # rows and columns, kernel, stride, padding, ceil mode: every window holds as many values
    ((2, 2), 3, 1, 1, False),
    ((2, 2), 3, 2, 0, True),
    ((3, 3), 5, 1, 2, False),
    ((2, 4), (3, 1), 1, (1, 0), False),
    ((1, 1), 3, 1, 1, False),
]


def torch_net(size, pool):
    """Its pool stands before a convolution, so that no linear layer takes it."""
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(1, 3, 1), nn.ReLU(), pool, nn.Conv2d(3, 4, 1), nn.ReLU())
    places = net(torch.zeros(1, 1, *size)).numel()
    return nn.Sequential(*net, nn.Flatten(), nn.Linear(places, 5)).eval()


def onnx_net(folder, net, size, pool):
    """The same network as a file, written by hand; `pool` are attributes of AveragePool."""
    convs = [net[0], net[3], net[6]]
    constants = {
        f"{key}{number}": getattr(each, key).detach().numpy()
        for number, each in enumerate(convs)
        for key in ("weight", "bias")
    }
    nodes = [
        helper.make_node("Conv", ["x", "weight0", "bias0"], ["a"], "conv0"),
        helper.make_node("Relu", ["a"], ["b"], "relu0"),
        helper.make_node("AveragePool", ["b"], ["c"], "pool", **pool),
        helper.make_node("Conv", ["c", "weight1", "bias1"], ["d"], "conv1"),
        helper.make_node("Relu", ["d"], ["e"], "relu1"),
        helper.make_node("Flatten", ["e"], ["f"], "flatten"),
        helper.make_node("Gemm", ["f", "weight2", "bias2"], ["y"], "fc", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 1, *size))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("N", 5))],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path = folder / "net.onnx"
    onnx.save(model, str(path))
    return path


def pairs(value):
    return value if isinstance(value, tuple) else (value, value)


def agree(source, module, size):
    """The source, and its spiking forms, give what torch gives."""
    x = RANDOM.normal(size=(6, 1, *size)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(source.evaluate(x), expected, rtol=1e-4, atol=1e-5)
    for pool in POOLS:
        prepared, _ = prepare(source, pool)
        np.testing.assert_allclose(prepared.evaluate(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("size", "kernel", "stride", "padding", "ceil"), EVEN)
def test_windows_of_as_many_values_divide_by_these(tmp_path, size, kernel, stride, padding, ceil):
    pool = nn.AvgPool2d(kernel, stride, padding, ceil, count_include_pad=False)
    net = torch_net(size, pool)
    agree(read(net, (1, *size)), net, size)
    attrs = {
        "kernel_shape": pairs(kernel),
        "strides": pairs(stride),
        "pads": pairs(padding) * 2,
        "ceil_mode": int(ceil),
    }
    agree(read(onnx_net(tmp_path, net, size, attrs), (1, *size)), net, size)
    if not padding:
        attrs["count_include_pad"] = 1
        agree(read(onnx_net(tmp_path, net, size, attrs), (1, *size)), net, size)


@pytest.mark.parametrize("include", [True, False])
def test_windows_off_the_edge_divide_by_what_they_hold(include):
    net = nn.Sequential(
        *(
            nn.Conv2d(1, 3, 1),
            nn.ReLU(),
            nn.AvgPool2d(2, ceil_mode=True, count_include_pad=include),
        ),
        *(nn.Flatten(), nn.Linear(3 * 12, 5)),
    ).eval()
    source = read(net, (1, 5, 7))
    x = RANDOM.normal(size=(6, 1, 5, 7)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(x)).numpy()
    prepared, account = prepare(source, "merge")
    np.testing.assert_allclose(prepared.evaluate(x), expected, rtol=1e-4, atol=1e-5)
    assert account["2"] == "merged into 4"
    prepared, account = prepare(source, "own")
    np.testing.assert_allclose(prepared.evaluate(x), expected, rtol=1e-4, atol=1e-5)
    assert account["2"] == "converted to a layer of its own neurons"
    assert [each.op for each in prepared.nodes].count("conv") == 5  # two parts along each axis


def test_padding_and_windows_off_the_edge_at_once_are_refused():
    net = torch_net((5, 5), nn.AvgPool2d(3, 2, 1, ceil_mode=True))
    read(net, (1, 5, 5))  # the windows end where the padding does
    net = torch_net((6, 6), nn.AvgPool2d(3, 2, 1, ceil_mode=True))
    with pytest.raises(UnsupportedError, match=r"^2 \(AvgPool2d\): ceil_mode adds windows at"):
        read(net, (1, 6, 6))
