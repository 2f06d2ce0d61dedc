"""Each neuron of the libraries in a network: its integers and their float twin send the same."""

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("spikingjelly", reason="make test-libraries has the libraries")
pytest.importorskip("snntorch")
pytest.importorskip("norse")
pytest.importorskip("sinabs")

from exporters import convert_spiking, twin
from exporters.frontends.spiking.neurons import fresh, kind_of
from tests.libraries.settings import SUPPORTED

STEPS, INPUTS, NEURONS, OUTPUTS = 10, 12, 3, 4


class Net(nn.Module):
    """The neuron between two linear layers, called as it takes its steps."""

    def __init__(self, neuron):
        super().__init__()
        self.first, self.neuron = nn.Linear(INPUTS, NEURONS, bias=False), neuron
        self.last, self.layout = nn.Linear(NEURONS, OUTPUTS), kind_of(neuron).layout(neuron)
        self.silent = kind_of(neuron).value

    def forward(self, x):
        if self.layout != "N":
            found = self.neuron(self.first(x))
            found = found[0] if isinstance(found, tuple) else found
            return found if self.silent else self.last(found)
        sent, state = [], ()
        for now in x:
            found = self.neuron(self.first(now), *state)
            if isinstance(found, tuple):
                state = () if getattr(self.neuron, "init_hidden", False) else found[1:]
                found = found[0]
            sent.append(found if self.silent else self.last(found))
        return torch.stack(sent)


def lively(net, x):
    """Weights with which the neuron fires in a part of the steps."""
    torch.manual_seed(1)
    unit = 1.0
    for _ in range(12):
        with torch.no_grad():
            net.first.weight.copy_(unit * (torch.rand(NEURONS, INPUTS) - 0.2))
            torch.manual_seed(1)
        fresh(net)
        found = convert_spiking(net, x)
        rate = max((each.rate for each in found.check.flips), default=1.0)
        if rate > 0.1:
            return found
        unit *= 2
    raise AssertionError(f"rate {rate}")


@pytest.mark.filterwarnings("ignore:calibration")
@pytest.mark.parametrize("name", SUPPORTED)
def test_the_twin_sends_what_the_integers_send(name):
    net = Net(SUPPORTED[name]())
    random = np.random.default_rng(len(name))
    x = (random.random((30, STEPS, INPUTS)) < 0.4).astype(np.uint8)
    found = lively(net, x)
    run, made = found.network.run(x, record=True), twin(found)
    trains = made.trains(torch.from_numpy(x))
    fires = [each.layer for each in found.check.flips]
    assert len(fires) == (0 if net.silent else 1)
    for layer in fires:
        assert run.trains(layer).sum() > 30
        assert np.array_equal(run.trains(layer), trains[layer].detach().numpy())
        assert max(each.alone for each in found.check.flips) < 5
    scores = made(torch.from_numpy(x)).detach().numpy()
    assert np.allclose(scores, run.scores * found.network.output_scale, rtol=1e-12)
