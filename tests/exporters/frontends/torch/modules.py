"""Torch modules, read and compared with torch."""

import copy

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from exporters.frontends.torch.fx import from_torch
from onespike_lava.errors import UnsupportedError


def shaken(module):
    """Batch norms with statistics that do something; the module stays in training mode."""
    torch.manual_seed(3)
    for each in module.modules():
        if isinstance(each, (nn.BatchNorm1d, nn.BatchNorm2d)) and each.running_mean is not None:
            each.running_mean.normal_()
            each.running_var.uniform_(0.5, 2.0)
            if each.affine:
                nn.init.normal_(each.weight)
                nn.init.normal_(each.bias)
    return module


def compared(module, shape=(3, 12, 10)):
    """The graph, after its result was compared with torch's own."""
    module = shaken(module)
    graph = from_torch(module, shape)
    x = np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)
    reference = copy.deepcopy(module).eval()
    with torch.no_grad():
        expected = reference(torch.from_numpy(x)).numpy()
    found = graph.evaluate(x)
    if graph.notes and "softmax" in str(graph.notes):  # the graph ends at the logits
        np.testing.assert_array_equal(found.argmax(1), expected.argmax(1))
        return [str(node) for node in graph.nodes]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    return [str(node) for node in graph.nodes]


class Function(nn.Module):
    """A module whose forward is the given function of (module, x)."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.function = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def refusal(module, shape=(3, 12, 10)):
    with pytest.raises(UnsupportedError) as error:
        from_torch(module, shape)
    return str(error.value)
