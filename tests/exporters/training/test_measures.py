"""The gradient's factor of a layer; spikes of a network."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from exporters.training.layers import Folded, Repeat  # noqa: E402
from exporters.training.measures import gain, mean, rates  # noqa: E402
from exporters.training.neurons import IF, LIF  # noqa: E402
from exporters.training.surrogates import S2NN, ATan, Rectangle, Sigmoid, SuperSpike  # noqa: E402
from onespike_lava.errors import OneSpikeWarning, OptionError  # noqa: E402


def factor(surrogate):
    """At T = 1 by theory: the root of E[phi(z - 1)^2] / (r (1 - r)), z normal, r = P(z >= 1)."""
    z = torch.linspace(-9, 9, 200_001, dtype=torch.float64)
    density = torch.exp(-z * z / 2) / (2 * torch.pi) ** 0.5
    rate = torch.trapezoid(density * (z >= 1), z)
    square = torch.trapezoid(density * surrogate.derivative(z - 1) ** 2, z)
    return (square / (rate * (1 - rate))).sqrt().item()


@pytest.mark.filterwarnings("ignore::onespike_lava.errors.OneSpikeWarning")
@pytest.mark.parametrize(
    "surrogate",
    [
        ATan.of(2),
        ATan.of(4),
        Sigmoid.of(4),
        Sigmoid.of(1),
        SuperSpike.of(2),
        Rectangle.of(1),
        S2NN(),
    ],
    ids=str,
)
def test_the_factor_of_one_step_is_that_of_theory(surrogate):
    found = gain(lambda: IF(surrogate=surrogate), 1, 20, channels=16)
    assert found == pytest.approx(factor(surrogate), rel=0.05)


def test_a_factor_outside_the_window_is_told():
    with pytest.warns(OneSpikeWarning, match=r"gain: 0\.\d\d for each of 20 plain layers, outside"):
        assert gain(lambda: LIF(0.8, surrogate=SuperSpike.of(10)), 10) < 0.5
    with pytest.warns(OneSpikeWarning, match=r"widen or narrow the surrogate, or join layers"):
        assert gain(lambda: LIF(0.8, surrogate=SuperSpike.of(0.5)), 10) > 1.6


@pytest.mark.filterwarnings("error")
def test_within_it_and_in_flat_networks_nothing_is_told():
    assert 1 <= gain(lambda: IF(surrogate=SuperSpike.of(1))) <= 1.4
    assert gain(lambda: IF(surrogate=SuperSpike.of(10)), layers=5) < 0.9


def test_it_draws_the_same_and_leaves_the_callers_seed():
    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    assert gain(IF, 2, 10) == gain(IF, 2, 10)
    assert torch.equal(torch.randn(4), expected)


@pytest.mark.filterwarnings("ignore::onespike_lava.errors.OneSpikeWarning")
def test_without_batch_norms_neurons_fall_silent():
    assert gain(IF, 4, 20, batch_norm=False) < gain(IF, 4, 20) / 2
    with pytest.raises(OptionError, match=r"^gain: 2 layers; give 3 or more"):
        gain(IF, layers=2)


class Tired(nn.Module):
    """Batches of two sizes; counts must not depend on them."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(Repeat(4), IF(), Folded(nn.Linear(3, 2, bias=False)), IF())
        nn.init.constant_(self.body[2][0].weight, 0.5)

    def forward(self, x):
        return self.body(x).sum(0)


def test_rates_count_spikes_per_neuron_and_sample():
    net = Tired().train()
    x = torch.tensor([[1.0, 0.5, 0.0], [0.25, 0.5, 1.0], [0, 0, 0]])
    found = rates(net, x.split(2))
    assert net.training
    first, second = found["body.1"], found["body.3"]
    assert (first.neurons, first.spikes, first.largest) == (3, (4 + 2 + 1 + 2 + 4) / 3, 1)
    assert first.per_neuron == pytest.approx(13 / 9)
    assert second.neurons == 2
    assert mean(found) == pytest.approx((first.spikes + second.spikes) / 5)
    assert rates(nn.Linear(3, 2), [x]) == {}
    assert mean({}) == 0
