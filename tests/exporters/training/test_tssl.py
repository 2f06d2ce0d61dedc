"""TSSL-BP: its equations of filtered spikes step by step, and the CUBA network they are."""

import pytest

torch = pytest.importorskip("torch")

from exporters.training.neurons import CUBA  # noqa: E402
from exporters.training.surrogates import Sigmoid  # noqa: E402
from exporters.training.tssl import TSSL, KernelLoss, Trace, filtered  # noqa: E402
from onespike_lava.errors import OptionError  # noqa: E402
from tests.exporters.training.plain import gradients  # noqa: E402

TAU_M, TAU_S = 5.0, 3.0


def drawn(*shape, seed=0):
    torch.manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64)


def layer(weight, traces):
    """The paper's layer, from filtered spikes to filtered spikes: potentials, spikes, traces."""
    u = a = torch.zeros(traces.shape[1], weight.shape[0], dtype=torch.float64)
    potentials, rises, spikes, out = [], [], [], []
    for arriving in traces:
        rise = arriving @ weight.T - u / TAU_M
        u = u + rise
        s = (u > 1).double()
        a = (1 - 1 / TAU_S) * a + s / TAU_S
        potentials.append(u)
        rises.append(rise)
        spikes.append(s)
        out.append(a)
        u = u * (1 - s)
    return [torch.stack(each) for each in (potentials, rises, spikes, out)]


def paper_gradient(e, u, rises, s, a, timing=True, silent=True, intra=True):
    """The gradient of the weighted input, loop by loop, of one layer with `e` at its traces."""
    steps, samples, neurons = e.shape
    found = torch.zeros_like(e)
    for n in range(samples):
        for c in range(neurons):
            r = 0.0
            for t in reversed(range(steps)):
                ages = range(t, steps)
                g_in = sum((1 - 1 / TAU_S) ** (k - t) / TAU_S * e[k, n, c] for k in ages)
                q = min(1 / rises[t, n, c], 8.0) * s[t, n, c] if timing and s[t, n, c] else 0.0
                g = g_in * q
                if t < steps - 1 and intra:
                    g = g + r * u[t, n, c] * q / TAU_M + r * (1 - 1 / TAU_M) * (1 - s[t, n, c])
                if intra:
                    r = g * s[t, n, c] + r * (1 - s[t, n, c]) * (1 - 1 / TAU_M)
                if silent and a[t, n, c] < 1 / (4 * TAU_S):
                    z = ((1 - u[t, n, c]) / 0.2).clamp(-8, 8)
                    g = g_in * torch.exp(z) / ((1 + torch.exp(z)) ** 2 * 0.2)
                found[t, n, c] = g
    return found


def network(weights, spikes, **options):
    """The same as CUBA neurons behind the weights."""
    for weight in weights:
        spikes = TSSL(TAU_M, TAU_S, **options)(spikes @ weight.T)
    return spikes


def test_a_cuba_network_fires_as_the_papers_layers():
    weights = [drawn(20, 12), 2 * drawn(7, 20, seed=1)]
    arriving = (drawn(9, 6, 12, seed=2) > 0).double()
    traces = Trace(TAU_S)(arriving)
    for weight in weights:
        _, _, spikes, traces = layer(weight, traces)
        arriving = TSSL(TAU_M, TAU_S)(arriving @ weight.T)
        assert torch.equal(arriving, spikes)
        assert 0.05 < spikes.mean() < 0.9
    with torch.no_grad():
        assert torch.equal(network(weights, (drawn(9, 6, 12, seed=2) > 0).double()), spikes)


@pytest.mark.parametrize(
    "options",
    [{}, {"timing": False}, {"silent": None}, {"intra": False}, {"intra": False, "silent": None}],
    ids=str,
)
def test_gradients_are_the_papers_loop_by_loop(options):
    weights = [drawn(15, 12), 2 * drawn(7, 15, seed=1)]
    arriving = (drawn(6, 4, 12, seed=2) > 0).double()
    first = layer(weights[0], Trace(TAU_S)(arriving))
    second = layer(weights[1], first[3])
    e = drawn(6, 4, 7, seed=3)
    flags = {name: value is not None and value for name, value in options.items()}
    at_second = paper_gradient(e, *second, **flags)
    at_first = paper_gradient(at_second @ weights[1], *first, **flags)
    wanted = [
        torch.einsum("tnc,tni->ci", at_first, Trace(TAU_S)(arriving)),
        torch.einsum("tnc,tni->ci", at_second, first[3]),
    ]
    own = [weight.clone().requires_grad_() for weight in weights]
    out = network(own, arriving, **options)
    found = torch.autograd.grad(Trace(TAU_S)(out), own, e)
    for one, other in zip(found, wanted, strict=True):
        assert one.abs().max() > 0
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_every_part_of_the_gradient_counts():
    x, grad = 2 * drawn(6, 5, 9), drawn(6, 5, 9, seed=1)
    parts = [{}, {"timing": False}, {"silent": None}, {"intra": False}]
    found = [gradients(TSSL(**options), x, grad)[1] for options in parts]
    for place, one in enumerate(found):
        assert all(not torch.equal(one, other) for other in found[:place])


def test_its_spikes_are_those_of_a_cuba_neuron():
    x = 2 * drawn(6, 5, 9)
    neuron = TSSL()
    other = CUBA(neuron.decay, neuron.current_decay, threshold=3.0, surrogate=Sigmoid.of(5))
    assert torch.equal(neuron(x), other(x))


def test_the_silent_surrogate_is_a_sigmoid_of_height_one_and_a_quarter():
    x = torch.full((1, 1, 1), 1.5, requires_grad=True, dtype=torch.float64)
    TSSL()(x).backward(torch.ones_like(x))
    u = 0.5
    z = torch.tensor((1 - u) / 0.2)
    wanted = torch.exp(z) / (1 + torch.exp(z)) ** 2 / 0.2 / 3
    torch.testing.assert_close(x.grad.item(), wanted.item())


def test_a_slow_rise_counts_as_an_eighth():
    """From 0.99 to 1.042: one over the rise is 19, taken as 8. Without filters, so that G is 1."""
    for second, slope in ((0.25, 8.0), (0.7, 1 / (0.8 * 0.99 + 0.7 - 0.99))):
        x = torch.tensor([0.99, second], dtype=torch.float64).reshape(2, 1, 1).requires_grad_()
        out = TSSL(TAU_M, 1.0, intra=False)(x)
        assert out.flatten().tolist() == [0, 1]
        out[1].sum().backward()
        assert x.grad[1].item() == pytest.approx(slope)


def test_the_filter_is_a_sum_over_the_past():
    x = drawn(5, 3)
    wanted = [sum(0.7 ** (t - k) * x[k] for k in range(t + 1)) for t in range(5)]
    torch.testing.assert_close(filtered(x, 0.7), torch.stack(wanted))


def test_the_kernel_loss_is_nothing_for_the_target_alone():
    loss, labels = KernelLoss(), torch.tensor([2, 0])
    spikes = torch.zeros(5, 2, 3)
    spikes[1:, 0, 2] = spikes[1:, 1, 0] = 1
    assert loss(spikes, labels) == 0
    spikes[0, 0, 1] = 1
    missed = Trace()(torch.tensor([1.0, 0, 0, 0, 0])[:, None])
    torch.testing.assert_close(loss(spikes, labels), 0.5 * missed.square().sum() / 2)


@pytest.mark.parametrize("name", ["tau_m", "tau_s"])
def test_time_constants_below_a_step_are_refused(name):
    with pytest.raises(OptionError, match=f"TSSL: {name} is 0.5; give 1 or more steps"):
        TSSL(**{name: 0.5})
