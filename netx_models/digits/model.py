"""The default model: a small CNN for 8x8 digits with batch norm, a max and an average pool."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn


def build() -> nn.Sequential:
    """An untrained network from float32[N, 1, 8, 8] to ten logits."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 3, padding=1, bias=False),
            bn1=nn.BatchNorm2d(16),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(16, 32, 3, padding=1, bias=False),
            bn2=nn.BatchNorm2d(32),
            relu2=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv3=nn.Conv2d(32, 48, 3, padding=1, bias=False),
            bn3=nn.BatchNorm2d(48),
            relu3=nn.ReLU(),
            pool2=nn.AvgPool2d(2),
            flatten=nn.Flatten(),
            linear=nn.Linear(192, 10),
        )
    )
