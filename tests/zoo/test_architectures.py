"""Known architectures, untrained: read, prepared and converted; engines agree exactly."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from exporters import PAPER, convert
from exporters.frontends.torch.fx import from_torch
from exporters.passes.pipeline import prepare
from onespike_lava.errors import UnsupportedError
from tests.zoo.conversions import converted, images, settled, sound


def separable(inputs, outputs, stride):
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU6(inplace=True),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


def test_mobilenet_v1_with_clipped_relus():
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU6(),
        separable(6, 8, 1), separable(8, 12, 2), separable(12, 12, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(12, 5),
    )  # fmt: skip
    found = converted(model, (3, 16, 16))
    clips = [node.attrs.get("clip") for node in found.prepared.nodes if node.op == "relu"]
    assert clips == [6] * 7 + [None]


class InvertedResidual(nn.Module):
    """A block of MobileNetV2: the sum of linear bottlenecks carries a sign."""

    def __init__(self, channels, wide):
        super().__init__()
        self.expand = nn.Sequential(nn.Conv2d(channels, wide, 1), nn.BatchNorm2d(wide), nn.ReLU6())
        self.deep = nn.Sequential(
            nn.Conv2d(wide, wide, 3, 1, 1, groups=wide), nn.BatchNorm2d(wide), nn.ReLU6()
        )
        self.project = nn.Sequential(nn.Conv2d(wide, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, x):
        return x + self.project(self.deep(self.expand(x)))


def test_mobilenet_v2_with_signed_sums():
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU6(), nn.Conv2d(6, 4, 1),
        InvertedResidual(4, 8), InvertedResidual(4, 8), InvertedResidual(4, 8),
        nn.Conv2d(4, 10, 1), nn.BatchNorm2d(10), nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(10, 5),
    )  # fmt: skip
    found = converted(model, (3, 8, 8))
    last = next(layer for layer in found.network.layers if layer.name == "6")
    assert len(last.synapses) == 4  # the stem's bottleneck and three blocks


def test_vgg_with_an_adaptive_pool_and_a_softmax():
    layers, inputs = [], 3
    for width in (4, "M", 6, "M", 8, 8, "M"):
        if width == "M":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(True)]
            inputs = width

    class VGG(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(*layers)
            self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
            self.classifier = nn.Sequential(
                nn.Linear(32, 12), nn.ReLU(True), nn.Dropout(), nn.Linear(12, 5)
            )

        def forward(self, x):
            x = torch.flatten(self.avgpool(self.features(x)), 1)
            return F.log_softmax(self.classifier(x), dim=1)

    model, x = settled(VGG()), images(4, 3, 32, 32)
    found = convert(model, x, phases=8, base=1.5, **PAPER)
    assert found.account["log_softmax"] == "dropped (log_softmax keeps the order of classes)"
    with torch.no_grad():
        expected = model(torch.from_numpy(x)).numpy()
    logits = found.prepared.evaluate(x)
    shift = np.log(np.exp(logits).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(logits - shift, expected, rtol=1e-3, atol=1e-4)
    assert sound(model, (3, 32, 32))


def test_a_one_dimensional_network():
    model = nn.Sequential(
        nn.Conv1d(2, 4, 5, stride=2, padding=2), nn.BatchNorm1d(4), nn.ReLU(),
        nn.MaxPool1d(3, 2, padding=1), nn.Conv1d(4, 6, 3, dilation=2, groups=2),
        nn.BatchNorm1d(6), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 3),
    )  # fmt: skip
    converted(model, (2, 1, 32), view=(2, 32))


class Inception(nn.Module):
    """Branches with pools of their own, joined, and read by a grouped convolution."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(3, 4, 1)
        self.three = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Conv2d(2, 4, 3, padding=1))
        self.pool = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.MaxPool2d(3, 1, 1))
        self.join = nn.Conv2d(12, 6, 3, groups=3)
        self.linear = nn.Linear(6, 3)

    def forward(self, x):
        parts = [F.relu(self.one(x)), F.relu(self.three(x)), self.pool(x)]
        x = F.relu(self.join(torch.cat(parts, dim=1)))
        return self.linear(torch.amax(x, (2, 3)))


def test_inception():
    found = converted(Inception(), (3, 8, 8))
    assert found.account["cat"] == "folded into join (split by input)"


def test_what_is_almost_supported_is_named():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.Conv2d(4, 4, 2), nn.Flatten())
    with pytest.raises(UnsupportedError) as error:
        prepare(from_torch(settled(model), (3, 6, 6)))
    assert str(error.value) == (
        "0 (conv): its result can be negative and goes to 1 (maxpool), but spikes cannot carry "
        "negative values; put a ReLU directly after it"
    )
