"""Spikes that the libraries gave (`tests/libraries/record.py`), from form and look-alike."""

# ruff: noqa: E402  (imports follow importorskip)

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from exporters.form import Form
from exporters.frontends.spiking.neurons import kind_of
from exporters.frontends.spiking.probe import drive, probe
from tests import lookalikes as like

TRACES = dict(np.load(Path(__file__).with_name("traces.npz")))
NAMES = sorted({key.split("/")[0] for key in TRACES})

ALIKE = {
    "sj.IF": lambda: like.IFNode(),
    "sj.IF.soft.m": lambda: like.IFNode(v_reset=None, step_mode="m"),
    "sj.IF.rest": lambda: like.IFNode(v_reset=0.25),
    "sj.LIF": lambda: like.LIFNode(),
    "sj.LIF.m": lambda: like.LIFNode(step_mode="m"),
    "sj.LIF.soft": lambda: like.LIFNode(v_reset=None),
    "sj.LIF.plain.m": lambda: like.LIFNode(4.0, False, step_mode="m"),
    "sj.LIF.plain.soft": lambda: like.LIFNode(4.0, False, v_reset=None),
    "sj.LIF.rest": lambda: like.LIFNode(v_reset=-0.5),
    "sj.CUBA": lambda: like.CUBALIFNode(),
    "sj.CUBA.soft.m": lambda: like.CUBALIFNode(0.25, 0.5, v_reset=None, step_mode="m"),
    "snn.Leaky": lambda: like.Leaky(0.5),
    "snn.Leaky.0.9": lambda: like.Leaky(0.9),
    "snn.Leaky.hidden": lambda: like.Leaky(0.5, init_hidden=True),
    "snn.Leaky.zero": lambda: like.Leaky(0.5, reset_mechanism="zero"),
    "snn.Leaky.zero.now": lambda: like.Leaky(0.5, reset_mechanism="zero", reset_delay=False),
    "snn.Leaky.none": lambda: like.Leaky(0.5, reset_mechanism="none"),
    "snn.Synaptic": lambda: like.Synaptic(0.5, 0.75),
    "snn.Synaptic.zero": lambda: like.Synaptic(0.5, 0.75, reset_mechanism="zero"),
    "norse.LIFCell": lambda: like.LIFCell(),
    "norse.LICell": lambda: like.LICell(),
    "sinabs.IAF": lambda: like.IAF(),
    "sinabs.IAF.floor": lambda: like.IAF(min_v_mem=-1.0),
    "sinabs.IAF.squeeze": lambda: like.IAFSqueeze(),
}


def recorded(name):
    """Form, whether potentials were recorded, input and output of a library's neuron."""
    told = json.loads(str(TRACES[f"{name}/form"]))
    numbers = {key: np.asarray(value) for key, value in told["numbers"].items()}
    form = Form.of(numbers, told["settings"])
    x = TRACES[f"{name}/x"] / 8 * np.broadcast_to(form.threshold / form.gain, (3,))
    return form, told["value"], x, TRACES[f"{name}/sent"]


@pytest.mark.parametrize("name", NAMES)
def test_the_normal_form_gives_what_the_library_gave(name):
    form, value, x, sent = recorded(name)
    if value:
        assert np.allclose(form.run(x)[1], sent, rtol=1e-9, atol=1e-9)
        return
    _, potentials = form.run(x, lambda v, step: sent[step])
    near = np.abs(potentials / form.threshold - np.rint(potentials / form.threshold)) < 1e-9
    found = form.spikes_of(potentials)
    dyadic = all((np.asarray(each) * 64 % 1 == 0).all() for each in form.numbers().values())
    assert sent.sum() > 20
    assert near.sum() > 5  # ties, at which the comparison shows
    assert np.array_equal(found, sent) if dyadic else np.array_equal(found[~near], sent[~near])


@pytest.mark.parametrize("name", NAMES)
def test_another_comparison_would_give_other_spikes(name):
    form, value, x, sent = recorded(name)
    if value or form.fire == "count":
        return
    other = Form.of(
        form.numbers(), {**form.settings(), "fire": {"ge": "gt", "gt": "ge"}[form.fire]}
    )
    assert not np.array_equal(other.run(x)[0], sent)


@pytest.mark.parametrize("name", ALIKE)
def test_look_alikes_are_alike(name):
    form, value, x, sent = recorded(name)
    module = ALIKE[name]()
    found = probe(module, (3,)).form
    assert found.settings() == form.settings()
    for key, number in form.numbers().items():
        assert np.allclose(found.numbers()[key], number, rtol=1e-6), key
    with torch.no_grad():
        mine, _ = drive(module.double(), kind_of(module), torch.from_numpy(x))
    assert np.array_equal(mine, sent) if not value else np.allclose(mine, sent)
