"""A VGG-style network for CIFAR-10: six convolutions with batch norm, three max pools."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

WIDTHS = (32, 64, 128)


def build() -> nn.Sequential:
    """An untrained network from float32[N, 3, 32, 32] to ten logits."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels = 3
    for stage, width in enumerate(WIDTHS, start=1):
        for place in (1, 2):
            name = f"{stage}_{place}"
            layers[f"conv{name}"] = nn.Conv2d(channels, width, 3, padding=1, bias=False)
            layers[f"bn{name}"] = nn.BatchNorm2d(width)
            layers[f"relu{name}"] = nn.ReLU()
            channels = width
        layers[f"pool{stage}"] = nn.MaxPool2d(2)
    layers["flatten"] = nn.Flatten()
    layers["linear"] = nn.Linear(channels * 16, 10)
    return nn.Sequential(layers)
