"""Models converted and compared."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from exporters import PAPER, convert
from exporters.frontends.torch.models import Tracer
from onespike_lava.evaluation.comparison import first_difference


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
