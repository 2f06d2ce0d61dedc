"""Rules of rewiring, step by step; resumed runs; layers that die are told of."""

# ruff: noqa: E402  (imports follow importorskip)

import math
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

from exporters.training import Plan, fit
from exporters.training.rewiring import DeepR, GradR, Kept, connectivity
from exporters.training.rewiring.rules import GROWN, Rule
from onespike_lava.errors import OneSpikeWarning, OptionError

RATE = 0.01


def model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))


def data(count=64):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(count, 6, generator=generator)
    return x, (x[:, :3] + x[:, 3:]).argmax(1)


def optimiser(module, rule, rate=RATE):
    return rule.of(module, rate, 0.0, 0)


def gradients(module, step=0):
    x, y = data()
    module.zero_grad()
    nn.functional.cross_entropy(module(x[step : step + 32]), y[step : step + 32]).backward()


def test_a_step_of_gradient_rewiring_is_that_of_the_formula():
    """By hand in float64: Adam's moments of dL/dw, the sign, the drift towards a mean far below."""
    module = model()
    found = optimiser(module, GradR(0.2))
    weight = module[0].weight
    sign, theta = (
        np.sign(weight.detach().double().numpy()),
        np.abs(weight.detach().double().numpy()),
    )
    m = v = np.zeros_like(theta)
    for step in range(1, 40):
        gradients(module)
        g = weight.grad.double().numpy().copy()
        found.step()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        adam = m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        mean = math.log(2 - 2 * 0.95) / 0.2
        theta = theta - RATE * (sign * adam + 0.2 * np.sign(theta - mean))
        assert np.allclose(weight.detach().numpy(), sign * np.maximum(theta, 0), atol=2e-5)
    assert (theta < 0).any()
    assert found.connectivity()["0.weight"] == pytest.approx((theta > 0).mean())


def test_a_dormant_synapse_grows_again_and_keeps_its_sign():
    module = nn.Sequential(nn.Linear(1, 1, bias=False))
    module[0].weight.data.fill_(0.005)
    found = optimiser(module, GradR(0.1))
    seen = []
    found.dead.add("0.weight")  # its only synapse
    for pull in [1.0] * 5 + [-1.0] * 40:
        module[0].weight.grad = torch.full((1, 1), pull)
        found.step()
        seen.append(float(module[0].weight))
    assert seen[4] == 0.0
    assert seen[-1] > 0.0
    assert min(seen) == 0.0


def test_what_no_gradient_holds_falls_by_the_drift():
    module = nn.Sequential(nn.Linear(4, 2, bias=False))
    before = module[0].weight.detach().abs().clone()
    found = optimiser(module, GradR(0.3))
    for _ in range(3):
        module[0].weight.grad = torch.zeros(2, 4)
        found.step()
    expected = (before - 3 * RATE * 0.3).clamp(min=0)
    assert torch.allclose(module[0].weight.abs(), expected, atol=1e-6)


def test_weights_that_are_0_at_the_start_can_grow():
    """With a zero for a sign they would be dead for ever."""
    module = nn.Sequential(nn.Linear(40, 2, bias=False))
    module[0].weight.data.zero_()
    found = optimiser(module, GradR(0.1))
    module[0].weight.grad = -torch.ones(2, 40)
    found.step()
    assert 0.2 < connectivity(module)["0.weight"] < 0.8


def test_deep_r_keeps_the_connectivity_of_each_layer():
    module = model()
    found = optimiser(module, DeepR(0.25, drift=0.5, temperature=1e-4))
    first = module[0].weight != 0
    assert int(first.sum()) == 12
    changed = 0
    for step in range(60):
        gradients(module, step % 32)
        found.step()
        for name, share in connectivity(module).items():
            assert share == 0.25, name
        changed += int(((module[0].weight != 0) != first).any())
    assert changed > 10
    assert found.connectivity() == {"0.weight": 0.25, "2.weight": 0.25}


def test_what_is_kept_stays_and_what_is_not_stays_away():
    module = model()
    with torch.no_grad():
        module[0].weight[:, ::2] = 0
    before = module[0].weight.detach().clone()
    found = optimiser(module, Kept(), rate=0.1)
    for step in range(30):
        gradients(module, step)
        found.step()
    after = module[0].weight.detach()
    assert torch.equal(after == 0, before == 0)
    assert torch.equal(torch.sign(after), torch.sign(before))
    assert float(after.abs()[after != 0].min()) >= 0.99 * GROWN
    assert not torch.equal(after, before)


def test_biases_are_trained_by_plain_adam():
    module, other = model(), model()
    found = optimiser(module, GradR(0.1))
    plain = torch.optim.Adam([other[0].bias], lr=RATE)
    for step in range(5):
        gradients(module, step)
        other[0].bias.grad = module[0].bias.grad.clone()
        found.step()
        plain.step()
    assert torch.allclose(module[0].bias, other[0].bias, atol=1e-6)


def test_a_layer_without_synapses_is_told_of_once():
    module = model()
    found = optimiser(module, GradR(5.0), rate=0.1)
    gradients(module)
    with pytest.warns(OneSpikeWarning, match="0.weight has no synapse left after step 1"):
        found.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for step in range(1, 4):
            gradients(module, step)
            found.step()
    assert found.connectivity()["0.weight"] == 0


class Ends(Rule):
    def move(self, theta, step, rate, random):
        return theta - 100


def test_a_layer_that_begins_without_synapses_has_lost_none():
    """Behind another training, which told of it; what grows again may be lost."""
    module = model()
    torch.nn.init.zeros_(module[0].weight)
    module[2].requires_grad_(False)
    found = optimiser(module, GradR(5.0), rate=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradients(module)
        found.step()
        assert found.connectivity()["0.weight"] == 0
        found.rule = GradR(1e-3)
        for _ in range(10):
            gradients(module)
            found.step()
    assert found.connectivity()["0.weight"] > 0
    found.rule = Ends()
    gradients(module)
    with pytest.warns(OneSpikeWarning, match="0.weight has no synapse left after step 12"):
        found.step()


def test_a_class_may_say_what_its_weights_are_called():
    """An attribute of that name, and one of a module, says nothing."""

    class Layer(torch.nn.Linear):
        called = 3

        def weight_called(self, name):
            return f"mine, {name}"

    module = torch.nn.Sequential(Layer(3, 4), torch.nn.Linear(4, 2))
    module[1].weight_called = None
    named = GradR(0.1).of(module, 0.01, 0.0, 0).connectivity()
    assert list(named) == ["mine, weight", "1.weight"]


class KilledError(Exception):
    pass


@pytest.mark.parametrize("seed", [20_261_129, 2**70])
def test_large_seeds_draw_as_well(seed):
    """A date, say; what is mixed of it is beyond 64 bits."""
    drawn = [DeepR(0.5).of(model(), RATE, 0.0, each) for each in (seed, seed, seed + 1)]
    states = [each.state[each.param_groups[0]["params"][0]]["theta"] for each in drawn]
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


@pytest.mark.parametrize("rule", [GradR(0.1), DeepR(0.3), Kept()])
def test_rules_draw_for_weights_on_any_device(rule):
    """Draws are the processor's, so that a seed says the same everywhere."""
    found = optimiser(model().to("meta"), rule)
    for weight in found.param_groups[0]["params"]:
        state = found.state[weight]
        random = torch.Generator().manual_seed(0)
        if not isinstance(rule, DeepR):  # whose deaths are counted, which no such device can
            state["theta"] = rule.move(state["theta"], weight, RATE, random)
        assert {state["theta"].device.type, state["sign"].device.type} == {"meta"}


@pytest.mark.parametrize("rule", [GradR(0.1), DeepR(0.3, 0.1, 1e-4), Kept()])
def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(tmp_path, rule):
    plan = Plan(epochs=3, batch=16, rate=0.02, optimiser=rule)
    whole = model()
    fit(whole, *data(), plan)

    def killer(name, done, total):
        if done == 7:
            raise KilledError

    path = tmp_path / "run.pt"
    with pytest.raises(KilledError):
        fit(model(), *data(), plan, path=path, every=0.0, progress=killer)
    other = model(seed=4)
    fit(other, *data(), plan, path=path)
    assert all(
        torch.equal(one, two)
        for one, two in zip(whole.parameters(), other.parameters(), strict=True)
    )


def test_slips():
    for make, text in (
        (lambda: GradR(0), "GradR: drift is 0; give a number above 0"),
        (lambda: GradR(0.1, 0.4), "GradR: sparsity is 0.4"),
        (lambda: GradR("much"), "GradR: drift is 'much'; give a number above 0"),
        (lambda: GradR(float("inf")), "GradR: drift is inf"),
        (lambda: DeepR(temperature=None), "DeepR: temperature is None"),
        (lambda: DeepR(0), "DeepR: connectivity is 0"),
        (lambda: DeepR(0.1, -1), "DeepR: drift is -1"),
        (lambda: Plan(optimiser="gradr"), "optimiser is 'gradr'"),
        (
            lambda: fit(model(), *data(), Plan(optimiser=GradR(), decay=0.1)),
            "decay is 0.1; GradR prunes by its own drift, give 0",
        ),
    ):
        with pytest.raises(OptionError, match=text):
            make()
