"""What objects show of themselves at a prompt: one line, however large they are."""

from dataclasses import fields

import numpy as np
import pytest

from onespike_lava import load, loihi
from onespike_lava.engines.result import Run
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.layers import Input
from tests import ROOT
from tests.networks import random_network, random_timed_network

LONG = 200
"""Characters of a line that a person still reads."""


def test_of_a_shipped_network():
    network = load(ROOT / "netx_models/digits/digits.net")
    assert repr(network) == (
        "Network(1x8x8 -> 10: 6 layers, 3,840 neurons, 26,256 weights; T = 16, T_w = 16, graded)"
    )


@pytest.mark.parametrize("draw", [random_network, random_timed_network])
def test_of_drawn_networks_their_layers_and_runs(draw):
    network = draw(3)
    run = network.run(np.zeros((5, *network.sample_shape)), record=True)
    for each in (network, run, *network.layers):
        shown = repr(each)
        assert shown.startswith(f"{type(each).__name__}(")
        assert "\n" not in shown
        assert "array(" not in shown
    assert max(map(len, map(repr, (network, run)))) < LONG
    assert f"{len(network.layers)} layers" in repr(network)
    assert "5 samples" in repr(run)


@pytest.mark.parametrize("draw", [random_network, random_timed_network])
def test_a_run_has_all_its_fields_and_no_others(draw):
    network = draw(3)
    run = network.run(np.zeros((5, *network.sample_shape)))
    assert set(vars(run)) == {each.name for each in fields(Run)}


def test_of_what_is_found_out_about_a_network():
    network = load(ROOT / "netx_models/digits/digits.net")
    fit = loihi.fit(network)
    assert repr(fit).startswith("Fit(at least 0.")
    found = evaluate(network, np.zeros((3, 1, 8, 8)), np.zeros(3, int))
    assert repr(found).startswith("Evaluation(3 samples, accuracy ")
    for each in (fit, found):
        assert "\n" not in repr(each)
        assert len(repr(each)) < LONG


def test_arrays_by_type_and_shape():
    entry = Input("image", (3, 8, 8), 8, np.zeros(3), np.ones(3))
    assert repr(entry) == (
        "Input(name='image', shape=(3, 8, 8), bits=8, low=float64[3], step=float64[3], "
        "coding='binary', sample=(), axes=())"
    )
