"""Integers of networks that step: one truth for all engines and the float twin."""

# ruff: noqa: E402  (imports follow importorskip)

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from exporters.recipe.stepping import StepRecipe
from exporters.stepping.conversion import convert_steps
from exporters.stepping.execution import run
from exporters.stepping.layers import is_exact
from exporters.stepping.replay import replay
from exporters.stepping.twin import twin
from onespike_lava.data.encoding import encode
from onespike_lava.layers import Timed
from tests.exporters.stepping.drawn import EXACT, FORMS, network, samples

CASES = [(seed, form) for seed, form in enumerate(FORMS)]


def converted(seed, form, **options):
    source = network(seed, form, **options)
    x = samples(source, seed=seed)
    return convert_steps(source, x, StepRecipe(rounding="nearest" if seed % 2 else "least")), x


def check(found, x, least=200):
    """Every engine, the slow reference among them, and the twin send the same spikes."""
    net, float_twin = found.network, twin(found)
    known = net.run(x, record=True, engine="reference")
    trains = float_twin.trains(torch.from_numpy(x))
    spikes = 0
    for layer in net.layers[:-1]:
        spikes += int(known.trains(layer.name).sum()) if isinstance(layer, Timed) else 0
        assert np.array_equal(known.trains(layer.name), trains[layer.name].detach().numpy())
    assert spikes > least
    for engine in ("numba", "numpy"):
        other = net.run(x, record=True, engine=engine)
        assert np.array_equal(other.scores, known.scores)
        assert all(np.array_equal(other.trains(n), known.trains(n)) for n in net.neurons)
    logits = float_twin(torch.from_numpy(x)).detach().numpy()
    assert np.allclose(logits, known.scores * net.output_scale, rtol=1e-12)


@pytest.mark.parametrize(("seed", "form"), CASES)
def test_static_input(seed, form):
    found, x = converted(seed, form)
    check(found, x[:4])
    quiet = [each.alone for each in found.check.flips if each.rate < 2]  # not many a step
    assert quiet
    assert max(quiet) < 2.5


@pytest.mark.parametrize(("seed", "form"), CASES)
def test_events(seed, form):
    found, x = converted(seed, form, input="events")
    assert found.network.input.coding == "events"
    check(found, x[:4])


@pytest.mark.parametrize("take", ["sum", "last", "maximum"])
@pytest.mark.parametrize("form", ["if soft", "half late", "leak", "cuba"])
def test_readouts_of_potentials(form, take):
    found, x = converted(5, form, take=take, potential=True)
    assert found.network.readout.take == take
    check(found, x[:4])
    logits = found.network.run(x).scores * found.network.output_scale
    known = run(found.source, x).scores
    assert np.corrcoef(logits.reshape(-1), known.reshape(-1))[0, 1] > 0.9


@pytest.mark.parametrize("form", EXACT)
def test_an_exact_leak_gives_the_spikes_of_real_numbers(form):
    """Whatever the number of steps; the other rounding would not."""
    found, x = converted(2, form, steps=40)
    net = found.network
    integers = encode(net.input, x).integers
    whole, real = replay(net, integers), replay(net, integers, real=True)
    for layer in net.layers[1:-1]:
        assert not isinstance(layer, Timed) or is_exact(layer)
        assert np.array_equal(whole[layer.name], real[layer.name]), layer.name
    assert "leak_rounded" not in dict(net.provenance)
    if form in ("half", "half soft", "half strict"):
        other = {"floor": "ceil", "ceil": "floor"}
        turned = tuple(
            replace(
                each,
                integration=replace(each.integration, rounding=other[each.integration.rounding]),
            )
            if isinstance(each, Timed)
            else each
            for each in net.layers
        )
        wrong = replay(replace(net, layers=turned), integers)
        assert any(not np.array_equal(wrong[n], real[n]) for n in net.neurons)


def test_the_replay_is_the_engine():
    for seed, form in CASES:
        found, x = converted(seed, form)
        net = found.network
        run = net.run(x, record=True, engine="numpy")
        trains = replay(net, encode(net.input, x).integers)
        for name in net.neurons:
            assert np.array_equal(run.trains(name), trains[name]), (form, name)


def test_a_rounded_leak_is_told():
    found, _ = converted(0, "leak")
    assert dict(found.network.provenance)["leak_rounded"] == "n1, n2, n3"
    assert all(each.leak < 1 for each in found.check.flips)
    assert not any(is_exact(each) for each in found.network.layers if isinstance(each, Timed))
