"""The float twin: a torch module that can be trained and stays what its integers are."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import exporters
from exporters.recipe.stepping import StepRecipe
from exporters.stepping.conversion import convert_steps
from onespike_lava.errors import InvalidNetworkError, UnsupportedError
from onespike_lava.netx.lavadl import from_tree
from tests.exporters.stepping.drawn import network, samples
from tests.networks import random_network
from tests.plain import drawn


@pytest.mark.parametrize("form", ["if soft", "half", "leak", "cuba"])
def test_it_learns(form):
    """A gradient reaches every weight, and a step lowers the loss that it was taken for."""
    source = network(3, form)
    found = convert_steps(source, samples(source), StepRecipe())
    twin = exporters.twin(found)
    x = torch.from_numpy(samples(source))
    wanted = twin(x).detach().flip(0)
    optimiser = torch.optim.SGD(twin.parameters(), 2e-3)
    losses: list[float] = []
    for _ in range(15):
        loss = torch.nn.functional.mse_loss(twin(x), wanted)
        losses.append(float(loss))
        optimiser.zero_grad()
        loss.backward()
        if len(losses) == 1:
            moved = [float(each.grad.abs().sum()) > 0 for each in twin.parameters()]
            assert sum(moved) >= 4
        optimiser.step()
    assert min(losses) < losses[0]


def test_what_was_trained_is_a_network_again():
    source = network(1, "half")
    found = convert_steps(source, samples(source), StepRecipe())
    twin, x = exporters.twin(found), torch.from_numpy(samples(source))
    with torch.no_grad():
        part = twin.parts[2]
        part.weights[0].add_(torch.randn(part.weights[0].shape) * 3 * part.scales[0])
    made = twin.integers()
    run, trains = made.run(samples(source), record=True), twin.trains(x)
    assert not np.array_equal(
        made.layers[2].synapses[0].weight, found.network.layers[2].synapses[0].weight
    )
    for name in made.neurons:
        assert np.array_equal(run.trains(name), trains[name].detach()), name
    with torch.no_grad():
        twin.parts[1].weights[0].copy_(127 * twin.parts[1].scales[0])
    with pytest.raises(InvalidNetworkError, match="can reach the state limit"):
        twin.integers()


def test_weights_move_on_the_grid():
    """What training moves less than half a step changes no spike."""
    source = network(1, "half")
    found = convert_steps(source, samples(source), StepRecipe())
    twin, x = exporters.twin(found.network), torch.from_numpy(samples(source))
    before = twin(x)
    with torch.no_grad():
        for part in (each for each in twin.parts if hasattr(each, "weights")):
            for weight, scale in zip(part.weights, part.scales, strict=True):
                weight.add_(0.4 * scale)
    assert torch.equal(twin(x), before)
    with torch.no_grad():
        twin.parts[1].weights[0].add_(0.4 * twin.parts[1].scales[0])
    assert not torch.equal(twin(x), before)


def test_it_is_float64_and_has_the_files_weights():
    source = network(0, "if")
    found = convert_steps(source, samples(source), StepRecipe())
    twin = exporters.twin(found)
    weight = twin.parts[1].weights[0]
    assert weight.dtype == torch.float64
    scale = twin.parts[1].scales[0].numpy()
    whole = weight.detach().numpy() / scale
    assert np.array_equal(np.rint(whole), found.network.layers[1].synapses[0].weight)
    assert twin.integers() == found.network


@pytest.mark.parametrize("seed", range(8))
def test_delays_and_recurrence(seed):
    """Of the networks that plain lava-dl files hold."""
    found = from_tree(drawn(seed).tree())
    random, shape = np.random.default_rng(seed), found.input.shape
    events = found.input.coding == "events"
    x = random.random((4, found.phases, *shape) if events else (4, *shape))
    x = (x < 0.4).astype(np.uint8) if events else (x * 2 - 1).astype(np.float32)
    run, trains = found.run(x, record=True), exporters.twin(found).trains(torch.from_numpy(x))
    for name in found.neurons:
        assert np.array_equal(run.trains(name), trains[name].detach()), name
    assert sum(int(run.trains(name).sum()) for name in found.neurons) > 50


def test_networks_of_phase_code_have_none():
    with pytest.raises(UnsupportedError, match="float twin has no part for Spiking"):
        exporters.twin(random_network(0))
