"""Residual and dense architectures, untrained: read, prepared and converted; engines agree."""

import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from onespike_lava.layers import Spiking
from tests.zoo.conversions import converted


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
