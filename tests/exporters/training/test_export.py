"""Networks of the kit as integers: torch on rounded weights, reference and numba send the same."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

import exporters  # noqa: E402
from exporters.training.layers import Folded, Repeat  # noqa: E402
from exporters.training.loop import fit  # noqa: E402
from exporters.training.neurons import CUBA, IF, LIF  # noqa: E402
from exporters.training.plan import Plan  # noqa: E402
from exporters.training.residual import ResNet  # noqa: E402
from exporters.training.tssl import TSSL  # noqa: E402
from onespike_lava.evaluation.comparison import first_difference  # noqa: E402

MODELS = {
    "ADD": lambda: ResNet("ADD", 8, widths=(6, 6, 8), inputs=1, zero=False),
    "IAND, LIF": lambda: ResNet(
        "IAND", 8, widths=(6, 6, 8), inputs=1, neuron=lambda: LIF(0.5), zero=False
    ),
    "AND": lambda: ResNet("AND", 8, widths=(6, 6, 8), inputs=1),
    "spiking, subtract": lambda: ResNet(
        "spiking", 8, widths=(6, 6, 8), inputs=1, neuron=lambda: IF(reset="subtract"), zero=False
    ),
    "CUBA": lambda: layered(lambda: CUBA(0.75, 0.5)),
    "TSSL": lambda: layered(TSSL),
}


def layered(neuron):
    """Two layers and a readout over six steps."""
    sizes = ((64, 40), (40, 20), (20, 10))
    layers = [Folded(nn.Linear(*size, bias=False)) for size in sizes]
    for layer in layers:
        nn.init.kaiming_normal_(layer[0].weight)
    return nn.Sequential(
        nn.Flatten(), Repeat(6), layers[0], neuron(), layers[1], neuron(), layers[2]
    )


class Last(nn.Module):
    """The mean over the steps of what a network puts out in each."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return self.body(x).mean(0)


def images(count, seed=0):
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(seed))


@pytest.mark.filterwarnings("ignore:calibration. no neuron of")
@pytest.mark.parametrize("name", MODELS)
def test_every_engine_sends_the_same_spikes(name):
    torch.manual_seed(0)
    model = MODELS[name]()
    if isinstance(model, nn.Sequential):
        model = Last(model)
    labels = torch.arange(96) % 10
    fit(model, images(96), labels, Plan(epochs=2, batch=16, rate=0.02))
    found = exporters.convert_spiking(model.eval(), images(96).numpy())
    x = images(100, seed=1)
    run = found.network.run(x.numpy(), "reference", record=True)
    other = found.network.run(x.numpy(), "numba", record=True)
    assert first_difference(run, other) is None
    twin = exporters.twin(found)
    trains = twin.trains(x)
    for layer in found.network.neurons:
        assert np.array_equal(trains[layer].detach().numpy(), run.trains(layer)), layer
    silent = [layer for layer in found.network.neurons if not run.spikes[layer]]
    assert len(silent) <= 1
    with torch.no_grad():
        same = model(x).argmax(1).numpy() == run.scores.argmax(1)
    assert same.mean() > 0.7  # scores of labels that mean nothing lie close together
