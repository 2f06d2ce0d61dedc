"""Networks of other libraries: read exactly, and their integers exact against their twins."""

import numpy as np
import pytest
import torch

pytest.importorskip("spikingjelly", reason="make test-libraries has the libraries")
pytest.importorskip("snntorch")
pytest.importorskip("norse")
pytest.importorskip("sinabs")

from exporters import convert_spiking, twin
from exporters.form import Form
from exporters.frontends.spiking.reading import read_spiking
from exporters.stepping.execution import run
from onespike_lava.errors import UnsupportedError
from tests.libraries.networks import OTHERS, ZOO, samples, sane, step_norm

STEPS = 4


def differing(source, x, events):
    """Neurons and steps in which module and form differ, and of how many."""
    known, _ = source.recorder.run(x, events)
    found = run(source.stepping, x).trains
    graph = source.stepping.graph
    fires = [n for n in known if Form.of(graph.node(n).params, graph.node(n).attrs).fires]
    wrong = sum(int((found[name] != known[name]).sum()) for name in fires)
    return wrong, sum(known[name].sum() for name in fires)


def check_twin(found, x):
    """Every spike and score of the integers is the twin's."""
    network, float_twin = found.network, twin(found)
    result = network.run(x, record=True, engine="numba")
    trains = float_twin.trains(torch.from_numpy(x))
    for layer in network.layers[:-1]:
        mine = trains[layer.name].detach().numpy()
        assert np.array_equal(result.trains(layer.name), mine), layer.name
    logits = float_twin(torch.from_numpy(x)).detach().numpy()
    assert np.allclose(logits, result.scores * network.output_scale, rtol=1e-12)


@pytest.mark.parametrize("name", ZOO)
def test_networks_of_spikingjelly(name):
    torch.manual_seed(0)
    make, shape = ZOO[name]
    module = sane(make(), shape, STEPS)
    events = name == "DVSGestureNet"
    x = samples((STEPS, *shape) if events else shape, 2, events)
    source = read_spiking(module, shape, events=events, steps=STEPS)
    wrong, spikes = differing(source, x, events)
    assert (wrong, spikes > 1000) == (0, True)
    found = convert_spiking(module, x, steps=STEPS, rounding="nearest")
    most = 8 if name.startswith("ms_") else 3  # maps that sums are spread to are rounded each
    assert max(each.alone for each in found.check.flips) < most
    check_twin(found, x)


@pytest.mark.parametrize("name", OTHERS)
def test_networks_of_other_libraries(name):
    torch.manual_seed(0)
    make, shape, options = OTHERS[name]
    module, events = make(), len(shape) in (2, 4)
    x = samples(shape, 40, events)
    steps = shape[0] if events else None
    step = shape[1:] if events else shape
    given = {"steps": steps, **options}
    source = read_spiking(module, step, events=events, **given)
    wrong, spikes = differing(source, x, events)
    assert (wrong, spikes > 100) == (0, True)
    found = convert_spiking(module, x, **options)
    assert max((each.alone for each in found.check.flips), default=0) < 2
    check_twin(found, x)


@pytest.mark.parametrize("kind", ["TemporalEffectiveBatchNorm2d", "BatchNormThroughTime2d"])
def test_norms_of_their_own_for_each_step_are_refused(kind):
    torch.manual_seed(0)
    net = step_norm(kind, STEPS)
    with pytest.raises(UnsupportedError, match=r"net\.1 .*; "):
        read_spiking(net, (1, 8, 8), events=False)
