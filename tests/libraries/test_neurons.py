"""Neurons of other libraries: the spikes of their normal form, or a refusal by name."""

import numpy as np
import pytest
import torch

pytest.importorskip("spikingjelly", reason="make test-libraries has the libraries")
pytest.importorskip("snntorch")
pytest.importorskip("norse")
pytest.importorskip("sinabs")

from exporters.frontends.builder import RefusedError
from exporters.frontends.spiking.neurons import kind_of, remembers
from exporters.frontends.spiking.probe import drive, own_copy, probe
from exporters.graph import Graph, Node, Stepping
from exporters.passes.stepping import prepare_steps
from onespike_lava.errors import UnsupportedError
from tests.libraries.record import PLACE, all_of_them
from tests.libraries.settings import LATE, REFUSED, SUPPORTED

SHAPES = [(3,), (3, 2, 2)]


def ties(form, shape, seed):
    """Input of many ties: eighths of what reaches the threshold."""
    random = np.random.default_rng(seed)
    size = (20, 300, *shape)
    eighths = random.integers(-5, 20 if form.fire == "count" else 12, size)
    eighths = np.where(random.random(size) < 0.3, 8 * (random.random(size) < 0.5), eighths)
    threshold, gain = (
        each.reshape(-1, *[1] * (len(shape) - 1)) for each in (form.threshold, form.gain)
    )
    return eighths / 8 * threshold / gain


@pytest.mark.parametrize(
    ("name", "shape"),
    [(n, s) for n in (*SUPPORTED, *LATE) for s in SHAPES if n != "snn.Leaky.each" or len(s) == 1],
)
def test_no_spike_differs_from_the_normal_form(name, shape):
    module = {**SUPPORTED, **LATE}[name]()
    found, kind = probe(module, shape), kind_of(module)
    form = found.form
    x = ties(form, shape, 1)
    with torch.no_grad():
        sent, last = drive(own_copy(module), kind, torch.from_numpy(x))
    if kind.value:
        assert np.allclose(form.run(x)[1], sent, rtol=1e-9, atol=1e-9)
        return

    # where rounding decides a tie of sums that floats do not hold, the form follows the library
    def fire(v, step):
        whole = v / form.threshold
        near = (np.abs(whole - np.rint(whole)) < 1e-9) & (not exact(form))
        return np.where(near, sent[step], form.spikes_of(v, step))

    spikes, potentials = form.run(x, fire)
    assert sent.sum() > 100
    assert np.array_equal(spikes, sent)
    assert not found.shows or np.allclose(potentials, last)


def exact(form):
    """Whether all constants are powers of two in small number, so that sums are exact."""
    numbers = [form.keep_u, form.keep_v, form.gain, form.threshold]
    return all((np.asarray(each) * 64 % 1 == 0).all() for each in numbers)


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused_by_name(name):
    module = REFUSED[name]()
    assert remembers(module)
    with pytest.raises(RefusedError, match="; "):
        probe(module, (3,))


def test_the_nearest_form_is_named():
    with pytest.raises(RefusedError, match=r"nearest one, which fires at v > threshold and is res"):
        probe(REFUSED["snn.Leaky.now"](), (3,))


@pytest.mark.parametrize("name", LATE)
def test_a_late_reset_to_zero_has_no_integers(name):
    form = probe(LATE[name](), (3,)).form
    weight = {"weight": np.eye(3)}
    nodes = (
        Node("x", "input", attrs={"shape": (3,)}),
        Node("fc", "linear", ("x",), weight),
        Node("out", "neuron", ("fc",), form.numbers(), form.settings(), exact=True),
    )
    with pytest.raises(UnsupportedError, match=r"out .neuron.: is reset to zero one step late"):
        prepare_steps(Stepping(Graph(nodes, "out"), 4))


def test_recorded_traces_are_those_of_the_libraries():
    torch.manual_seed(0)
    with np.load(PLACE) as known:
        found = all_of_them()
        assert set(known) == set(found)
        for key, value in found.items():
            assert np.array_equal(known[key], value), key
