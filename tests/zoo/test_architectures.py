"""Known architectures, untrained: read, prepared and converted; engines agree exactly."""

# ruff: noqa: E402, N812  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F
from torch import nn

from exporters import PAPER, convert
from exporters.frontends.torch.fx import from_torch
from exporters.frontends.torch.models import Tracer
from exporters.passes.pipeline import prepare
from onespike_lava.errors import UnsupportedError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Spiking


def settled(model, seed=0):
    """Seeded weights, and batch norms with statistics that do something."""
    torch.manual_seed(seed)
    for each in model.modules():
        if isinstance(each, (nn.BatchNorm1d, nn.BatchNorm2d)):
            each.running_mean.normal_(0, 0.2)
            each.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(each.weight, 0.7, 1.3)
            nn.init.normal_(each.bias, 0, 0.2)
    return model.eval()


def images(*shape):
    """Normalised 8-bit pixels."""
    whole = np.random.default_rng(0).integers(0, 256, shape)
    return (whole / 127.5 - 1).astype(np.float32)


def converted(model, shape, view=None):
    """The conversion; the prepared graph is the model, every fx node is accounted for."""
    model, x = settled(model), images(4, *shape)
    found = convert(model, x, phases=8, base=1.5, pool="own", **PAPER)
    with torch.no_grad():
        expected = model(torch.from_numpy(x if view is None else x.reshape(4, *view))).numpy()
    atol = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(found.prepared.evaluate(x), expected, rtol=1e-3, atol=atol)
    nodes = Tracer().trace(model).nodes
    sources = {str(n.target) if n.op == "call_module" else n.name for n in nodes}
    assert sources - {"output"} <= set(found.account)
    kept = {node.name for node in found.prepared.nodes}
    assert {name for name, note in found.account.items() if note == "converted"} <= kept
    for wait in (8, 4, 0):
        runs = [
            found.network.run(x[:1], engine=engine, wait=wait, record=True)
            for engine in ("numpy", "reference")
        ]
        assert first_difference(*runs) is None
    assert sound(model, shape)
    return found


def sound(model, shape):
    """The defaults on some more images: passes keep the function, and nothing is warned of."""
    check = convert(model, images(64, *shape)).check
    return check.difference < 1e-6 and check.warning is None


class LambdaLayer(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class BasicBlock(nn.Module):
    """A block of ResNet-20 with option A: every other pixel, zeros for new channels."""

    def __init__(self, inputs, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != planes:
            widths = (0, 0, 0, 0, planes // 4, planes // 4)
            self.shortcut = LambdaLayer(lambda x: F.pad(x[:, :, ::2, ::2], widths, "constant", 0))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class ResNet20(nn.Module):
    def __init__(self, widths=(4, 8, 16), blocks=3):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        inputs, layers = widths[0], []
        for stage, planes in enumerate(widths):
            for block in range(blocks):
                layers.append(BasicBlock(inputs, planes, 2 if stage and not block else 1))
                inputs = planes
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(inputs, 10)

    def forward(self, x):
        out = self.layers(F.relu(self.bn1(self.conv1(x))))
        out = F.avg_pool2d(out, out.size()[3])
        return self.linear(out.view(out.size(0), -1))


def test_resnet20_with_shortcuts_of_slices_and_zeros():
    found = converted(ResNet20(), (3, 16, 16))
    spiking = [layer for layer in found.network.layers if isinstance(layer, Spiking)]
    assert len(spiking) == 20  # 19 convolutions and the average pool
    pads = {name: note for name, note in found.account.items() if name.startswith("pad")}
    assert set(pads.values()) == {"converted"}
    assert found.account["getitem"] == "composed into pad"


class DenseLayer(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.norm1, self.relu1 = nn.BatchNorm2d(inputs), nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(inputs, 2 * growth, 1, bias=False)
        self.norm2, self.relu2 = nn.BatchNorm2d(2 * growth), nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(2 * growth, growth, 3, padding=1, bias=False)

    def forward(self, features):
        x = self.conv1(self.relu1(self.norm1(torch.cat(features, 1))))
        return self.conv2(self.relu2(self.norm2(x)))


class DenseNet(nn.Module):
    """Two dense blocks as torchvision writes them, with a transition between."""

    def __init__(self, growth=3):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.block1 = nn.ModuleList(DenseLayer(6 + growth * n, growth) for n in range(3))
        self.transition = nn.Sequential(
            nn.BatchNorm2d(15), nn.ReLU(), nn.Conv2d(15, 7, 1, bias=False), nn.AvgPool2d(2)
        )
        self.block2 = nn.ModuleList(DenseLayer(7 + growth * n, growth) for n in range(2))
        self.norm = nn.BatchNorm2d(13)
        self.classifier = nn.Linear(13, 5)

    def forward(self, x):
        features = [self.stem(x)]
        for layer in self.block1:
            features.append(layer(features))
        features = [self.transition(torch.cat(features, 1))]
        for layer in self.block2:
            features.append(layer(features))
        out = F.relu(self.norm(torch.cat(features, 1)), inplace=True)
        out = torch.flatten(F.adaptive_avg_pool2d(out, (1, 1)), 1)
        return self.classifier(out)


def test_densenet():
    found = converted(DenseNet(), (3, 8, 8))
    assert found.account["transition.2"] == "composed into transition.3"
    assert found.account["block1.1.conv1"].startswith("converted in parts")


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


class PreActivation(nn.Module):
    """A block of ResNet v2: batch norm and ReLU before each convolution."""

    def __init__(self, planes):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(planes), nn.Conv2d(planes, planes, 3, 1, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(planes), nn.Conv2d(planes, planes, 3, 1, 1)

    def forward(self, x):
        out = self.conv1(F.relu(self.bn1(x)))
        return x + self.conv2(F.relu(self.bn2(out)))


def test_pre_activation_resnet():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, 1, 1), PreActivation(4), PreActivation(4), nn.BatchNorm2d(4),
        nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip
    converted(model, (3, 6, 6))


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
        "negative values; put a ReLU directly behind it"
    )
