"""The shipped networks of other libraries, written with modules of `exporters.training`.

Their layers are called as those of the sources (`netx_models/digits-steps/models.py`).
"""

import runpy

import numpy as np
import safetensors.torch
from torch import nn

from exporters.training import IF, LIF, Folded, Repeat
from tests import ROOT

PLACE = ROOT / "netx_models" / "digits-steps"
CIFAR10 = ROOT / "netx_models" / "cifar10-steps"
STEPS = 8
BETA = float(np.float32(0.9))


class Jelly(nn.Module):
    """All steps at once."""

    def __init__(self, make):
        super().__init__()
        self.repeat = Repeat(STEPS)
        self.net = nn.Sequential(
            *(Folded(nn.Conv2d(1, 16, 3, padding=1, bias=False)), Folded(nn.BatchNorm2d(16))),
            *(make(), Folded(nn.AvgPool2d(2)), Folded(nn.Conv2d(16, 32, 3, padding=1, bias=False))),
            *(Folded(nn.BatchNorm2d(32)), make(), Folded(nn.AvgPool2d(2)), Folded(nn.Flatten())),
            *(Folded(nn.Linear(128, 10)), make()),
        )

    def forward(self, x):
        return self.net(self.repeat(x)).mean(0)


class Torch(nn.Module):
    """The same, each layer by its name."""

    def __init__(self, make):
        super().__init__()
        self.repeat, self.pool = Repeat(STEPS), Folded(nn.AvgPool2d(2))
        self.conv1 = Folded(nn.Conv2d(1, 16, 3, padding=1, bias=False))
        self.conv2 = Folded(nn.Conv2d(16, 32, 3, padding=1, bias=False))
        self.bn1, self.bn2 = Folded(nn.BatchNorm2d(16)), Folded(nn.BatchNorm2d(32))
        self.fc = Folded(nn.Flatten(), nn.Linear(128, 10))
        self.lif1, self.lif2, self.lif3 = make(), make(), make()

    def forward(self, x):
        x = self.lif1(self.bn1(self.conv1(self.repeat(x))))
        x = self.lif2(self.bn2(self.conv2(self.pool(x))))
        return self.lif3(self.fc(self.pool(x))).mean(0)


class Direct(nn.Module):
    """Of `netx_models/cifar10-steps`: the image's current in every step."""

    def __init__(self):
        super().__init__()
        self.static = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32)
        )
        self.repeat = Repeat(4)
        self.body = nn.Sequential(
            *(half(), *block(32, 64), Folded(nn.MaxPool2d(2)), *block(64, 128)),
            *(Folded(nn.MaxPool2d(2)), *block(128, 128), Folded(nn.Flatten())),
            Folded(nn.Linear(2048, 10)),
        )

    def forward(self, x):
        return self.body(self.repeat(self.static(x))).mean(0)


def block(inputs, outputs):
    """A convolution, its norm, its neurons."""
    conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return Folded(conv), Folded(nn.BatchNorm2d(outputs)), half()


def half():
    """SpikingJelly's LIF of its defaults: of half the current with threshold 1."""
    return LIF(0.5, threshold=2.0)


def late():
    """A threshold that is taken off a step later."""
    return LIF(BETA, strict=True, reset="subtract", amount=1 / BETA)


MODULES = {
    "jelly_lif": lambda: Jelly(half),
    "jelly_if": lambda: Jelly(lambda: IF(reset="subtract")),
    "torch_leaky": lambda: Torch(late),
    "torch_if": lambda: Torch(lambda: IF(reset="subtract", strict=True)),
}


def trained(name):
    """The module with the shipped weights."""
    return loaded(MODULES[name](), PLACE / f"{name}.safetensors")


def loaded(module, weights):
    """The module with weights of its source."""
    stored = safetensors.torch.load_file(str(weights))
    keys = {key if key in stored else within(key): key for key in module.state_dict()}
    left = set(stored) - set(keys)
    assert all(each.startswith("lif") for each in left), left  # constants of snnTorch's neurons
    module.load_state_dict({key: stored[plain] for plain, key in keys.items()})
    return module.eval()


def within(key):
    """The key of a layer's weights without the number that `Folded` puts before the last word."""
    *layer, _, word = key.split(".")
    return ".".join([*layer, word])


def split():
    """Images and labels, for training and test."""
    return runpy.run_path(str(ROOT / "netx_models" / "digits" / "data.py"))["split"]()
