"""What modules and functions of torch compute."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from exporters.frontends.read import read
from exporters.frontends.torch.fx import from_torch
from tests.exporters.frontends.torch.modules import Function, compared, shaken


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(3, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=3),
        nn.Conv2d(3, 6, (4, 3), padding="same", bias=False),
        nn.Conv2d(3, 6, 3, padding="valid"),
        nn.Conv2d(3, 6, 3, padding_mode="reflect"),
        nn.BatchNorm2d(3, eps=0.1),
        nn.BatchNorm2d(3, affine=False),
        nn.MaxPool2d(3, stride=2, padding=1, dilation=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.MaxPool2d((5, 4), (5, 4), (1, 2), ceil_mode=True),
        nn.AvgPool2d((3, 2), padding=1),
        nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AvgPool2d(5, ceil_mode=True),
        nn.AvgPool2d(4, 3, 1, ceil_mode=True, count_include_pad=False),
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveAvgPool2d((3, None)),
        nn.AdaptiveMaxPool2d((4, 5)),
        nn.AdaptiveAvgPool2d((11, 9)),
        nn.ReLU6(),
        nn.Hardtanh(0.0, 0.5),
        nn.ZeroPad2d((1, 0, 2, 3)),
        nn.ConstantPad2d(2, 0.0),
        nn.Identity(),
        nn.Dropout(),
    ],
    ids=repr,
)
def test_modules(module):
    compared(module)


@pytest.mark.parametrize(
    "forward",
    [
        lambda m, x: F.relu(x),
        lambda m, x: torch.relu(x),
        lambda m, x: x.relu(),
        lambda m, x: F.max_pool2d(F.relu(x, inplace=True), 3, stride=2),
        lambda m, x: torch.max_pool2d(x, (2, 3)),
        lambda m, x: F.avg_pool2d(x, 2, padding=1),
        lambda m, x: F.adaptive_avg_pool2d(x, (4, 2)),
        lambda m, x: x.mean((2, 3)),
        lambda m, x: torch.mean(x, dim=[-1, -2], keepdim=True),
        lambda m, x: torch.flatten(x, 1),
        lambda m, x: torch.flatten(x, start_dim=1),
        lambda m, x: x.flatten(1),
        lambda m, x: x.view(x.size(0), -1),
        lambda m, x: x.view(-1, 360),
        lambda m, x: x.reshape(x.shape[0], x.shape[1] * 120),
        lambda m, x: x.reshape((x.size()[0], -1)),
        lambda m, x: x.view(x.size(0), 3, 12, -1),
        lambda m, x: F.dropout(x, 0.3, training=m.training),
        lambda m, x: m.conv(x) + F.conv2d(x, m.conv.weight, m.conv.bias, padding=1),
        lambda m, x: torch.add(x, m.conv(x)),
        lambda m, x: x + 0.5,
        lambda m, x: x + m.shift,
        lambda m, x: F.batch_norm(x, m.norm.running_mean, m.norm.running_var, eps=0.2),
        lambda m, x: m.norm(m.norm(x)),
        lambda m, x: x.contiguous().clone(),
        lambda m, x: F.relu6(x),
        lambda m, x: F.hardtanh(x, 0, 0.7),
        lambda m, x: torch.clamp(x, min=0, max=0.7),
        lambda m, x: x.clamp(0),
        lambda m, x: x.clip(min=0),
        lambda m, x: torch.cat([x, m.conv(x), x], dim=1),
        lambda m, x: torch.cat((x.mean((2, 3)), torch.amax(x, (-2, -1))), -1),
        lambda m, x: F.pad(x, (1, 0, 2, 1)),
        lambda m, x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 2), "constant", 0),
        lambda m, x: x[:, 1:, 2:-3, 1::3],
        lambda m, x: x[..., 1:4],
        lambda m, x: torch.cat([torch.chunk(x, 2, 1)[1], x.chunk(2, 1)[0]], 1),
        lambda m, x: x.split([1, 2], 1)[1],
        lambda m, x: x - m.conv(x),
        lambda m, x: torch.add(x, m.conv(x), alpha=2),
        lambda m, x: 3 - x * 0.5 / m.shift,
        lambda m, x: sum([x, m.conv(x), x]),
        lambda m, x: -x,
        lambda m, x: x + 0,
        lambda m, x: x.flatten(2).mean(-1),
        lambda m, x: x.view(x.size(0), x.size(1), -1).amax(2),
        lambda m, x: x.mean(3).mean(2),
        lambda m, x: F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1),
        lambda m, x: x.mean((2, 3), keepdim=True).squeeze(),
        lambda m, x: F.softmax(x.flatten(1), dim=1),
        lambda m, x: torch.log(F.softmax(x.mean((2, 3)), -1)),
        lambda m, x: F.log_softmax(x.mean((2, 3)), dim=1),
    ],
)
def test_functional_forms(forward):
    parts = {"conv": nn.Conv2d(3, 3, 3, padding=1), "norm": nn.BatchNorm2d(3)}
    parts["shift"] = nn.Parameter(torch.tensor([1.0, -2.0, 3.0]).reshape(3, 1, 1))
    compared(Function(forward, **parts))


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv1d(3, 6, 3, stride=2, padding=1, dilation=2, groups=3),
        nn.Sequential(nn.Conv1d(3, 4, 2, padding="same"), nn.BatchNorm1d(4), nn.ReLU()),
        nn.Sequential(nn.Conv1d(3, 4, 1), nn.MaxPool1d(3, 2, padding=1, ceil_mode=True)),
        nn.Sequential(nn.Conv1d(3, 4, 1), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(20, 2)),
        nn.Sequential(nn.Conv1d(3, 4, 1), nn.AdaptiveAvgPool1d(5), nn.ConstantPad1d(1, 0.0)),
        nn.Sequential(nn.AdaptiveMaxPool1d(1), nn.Flatten()),
        Function(lambda m, x: m.conv(x)[:, :, 1::2].mean(2), conv=nn.Conv1d(3, 4, 3)),
        Function(lambda m, x: m.conv(x).squeeze(2), conv=nn.Conv1d(3, 4, 10)),
        Function(lambda m, x: F.max_pool1d(x, 2).mean(-1)),
    ],
    ids=repr,
)
def test_one_dimensional_networks_take_one_row(module):
    module = shaken(module).eval()
    x = np.random.default_rng(0).normal(size=(4, 3, 1, 10)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(x[:, :, 0])).numpy()
    for shape in ((3, 1, 10), (3, 10)):
        graph = from_torch(module, shape)
        assert graph.shapes()["input"] == (3, 1, 10)
        found = graph.evaluate(x).reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        assert read(module, shape).digest() == graph.digest()
        np.testing.assert_array_equal(graph.evaluate(x[:, :, 0]), graph.evaluate(x))
