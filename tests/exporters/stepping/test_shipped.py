"""The shipped networks of other libraries, made anew from their weights with look-alikes."""

# ruff: noqa: E402  (imports follow importorskip)

import runpy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")
pytest.importorskip("sklearn")
from torch import nn

from exporters import convert_spiking
from onespike_lava import load
from tests import ROOT
from tests import lookalikes as like
from tests.lookalikes import Steps

PLACE = ROOT / "netx_models" / "digits-steps"
STEPS = 8


class Jelly(nn.Module):
    """All steps at once."""

    def __init__(self, make):
        super().__init__()
        self.net = nn.Sequential(
            *(Steps(nn.Conv2d(1, 16, 3, padding=1, bias=False)), Steps(nn.BatchNorm2d(16)), make()),
            *(Steps(nn.AvgPool2d(2)), Steps(nn.Conv2d(16, 32, 3, padding=1, bias=False))),
            *(Steps(nn.BatchNorm2d(32)), make(), Steps(nn.AvgPool2d(2)), nn.Flatten(2)),
            *(nn.Linear(128, 10), make()),
        )

    def forward(self, x):
        return self.net(x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)).mean(0)


class Torch(nn.Module):
    """A loop over steps."""

    def __init__(self, beta):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.lif1 = like.Leaky(beta)
        self.conv2, self.bn2 = nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)
        self.lif2, self.pool = like.Leaky(beta), nn.AvgPool2d(2)
        self.fc, self.lif3 = nn.Linear(128, 10), like.Leaky(beta)

    def forward(self, x):
        mem1, mem2, mem3 = (each.reset_mem() for each in (self.lif1, self.lif2, self.lif3))
        sent = []
        for _ in range(STEPS):
            spikes, mem1 = self.lif1(self.bn1(self.conv1(x)), mem1)
            spikes, mem2 = self.lif2(self.bn2(self.conv2(self.pool(spikes))), mem2)
            spikes, mem3 = self.lif3(self.fc(self.pool(spikes).flatten(1)), mem3)
            sent.append(spikes)
        return torch.stack(sent).mean(0)


NAMES = {
    "jelly_lif": lambda: Jelly(lambda: like.LIFNode(step_mode="m")),
    "jelly_if": lambda: Jelly(lambda: like.IFNode(v_reset=None, step_mode="m")),
    "torch_leaky": lambda: Torch(0.9),
    "torch_if": lambda: Torch(1.0),
}
RIGHT = {"jelly_lif": 591, "jelly_if": 592, "torch_leaky": 595, "torch_if": 592}
"""Of 602 test images."""


def trained(name):
    """The module with the shipped weights; look-alikes nest layers, and keep fewer buffers."""
    module = NAMES[name]()
    stored = safetensors.load_file(str(PLACE / f"{name}.safetensors"))
    wanted = module.state_dict()
    found = {}
    for key in wanted:
        plain = key.replace(".inner.", ".")
        found[key] = stored.get(plain, wanted[key])
    assert set(stored) - {key.replace(".inner.", ".") for key in wanted} <= {
        f"lif{n}.{key}" for n in (1, 2, 3) for key in ("reset_mechanism_val",)
    }
    module.load_state_dict(found)
    return module.eval()


@pytest.mark.parametrize("name", NAMES)
def test_the_weights_make_the_file(name):
    """But for a few weights: a tie in the rounding falls with the order in which BLAS sums."""
    split = runpy.run_path(str(ROOT / "netx_models" / "digits" / "data.py"))["split"]
    images, _, test, labels = split()
    shipped = load(PLACE / f"{name}.net")
    made = convert_spiking(trained(name), images[:500]).network
    wrong = total = 0
    for mine, theirs in zip(made.layers, shipped.layers, strict=True):
        assert mine.shape == theirs.shape
        for one, two in zip(mine.synapses, theirs.synapses, strict=True):
            wrong += int((one.weight != two.weight).sum())
            total += one.weight.size
    assert wrong < 0.01 * total
    predicted = shipped.predict(test)
    assert np.count_nonzero(predicted == labels) == RIGHT[name]
    assert np.mean(made.predict(test) == predicted) > 0.995
    with torch.no_grad():
        known = trained(name)(torch.from_numpy(test)).argmax(1).numpy()
    assert abs(np.mean(known == labels) - np.mean(predicted == labels)) <= 0.003
