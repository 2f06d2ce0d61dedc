"""The networks of `modules`, ready to run, and how close two results must be."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from tests.doors.modules import ACTIVATIONS, EDGES, ENLARGING

ALL = {**EDGES, **ACTIVATIONS, **ENLARGING}
SAMPLES = 5
ROUNDING = 1e-5


def made(name):
    """The network of a table's entry, in inference mode with batch norms that do something."""
    make, shape = ALL[name]
    torch.manual_seed(0)
    module = make()
    x = np.random.default_rng(0).normal(size=(SAMPLES, *shape)).astype(np.float32)
    with torch.no_grad():
        module(torch.from_numpy(x))  # lazy layers learn their sizes
    for each in module.modules():
        if isinstance(each, nn.modules.batchnorm._BatchNorm):
            each.running_mean.normal_()
            each.running_var.uniform_(0.5, 2.0)
    return module.eval(), x


def near(found, expected):
    apart = np.abs(found.reshape(len(expected), -1) - expected.reshape(len(expected), -1)).max()
    assert apart <= ROUNDING * np.abs(expected).max()
