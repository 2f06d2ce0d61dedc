"""Networks of `exporters.training` are exported as those of other libraries are."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

from exporters import convert_spiking, twin
from exporters.training import CUBA, IF, LIF, ResNet
from exporters.training.tssl import TSSL
from onespike_lava.layers import Sum

NEURONS = {"ADD": IF, "AND": LIF, "IAND": lambda: IF(reset="subtract"), "spiking": LIF, "plain": IF}


def awake(kind):
    """A residual network whose norms let spikes through."""
    torch.manual_seed(0)
    module = ResNet(kind, 8, widths=(6, 8, 10), zero=False, neuron=NEURONS[kind])
    norms = [each for each in module.modules() if isinstance(each, nn.BatchNorm2d)]
    for each in norms:
        each.momentum = None
    with torch.no_grad():
        module.train()(3 * torch.rand(8, 3, 8, 8))
        for each in norms:
            each.weight.mul_(1.4)
            each.bias.add_(0.4 * torch.rand_like(each.bias))
    return module.eval()


@pytest.mark.parametrize("kind", NEURONS)
def test_residual_networks(kind):
    module = awake(kind)
    x = (np.random.default_rng(0).integers(0, 256, (12, 3, 8, 8)) / 85).astype(np.float32)
    found = convert_spiking(module, x)
    assert found.network.phases == 4
    assert max(each.alone for each in found.check.flips) < 2
    run = found.network.run(x[:4], record=True)
    trains = twin(found).trains(torch.from_numpy(x[:4]))
    assert sum(int(run.trains(name).sum()) for name in found.network.neurons) > 500
    for name in found.network.neurons:
        assert np.array_equal(trains[name].detach(), run.trains(name)), name
    sums = sum(isinstance(each, Sum) for each in found.network.layers)
    assert sums == (3 if kind == "ADD" else 0)


def test_all_neurons():
    x = np.random.default_rng(0).integers(0, 3, (30, 7, 8)).astype(np.uint8)
    for neuron in (IF(), LIF(0.75, reset="subtract"), CUBA(), TSSL()):
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(8, 12, bias=False), neuron, nn.Linear(12, 3))
        found = convert_spiking(module, x)
        words = "fires at v > threshold" if neuron.strict else "fires at v >= threshold"
        assert found.source.notes["1"].startswith(words)
        assert max(each.alone for each in found.check.flips) < 1
