"""Programs: each class of layers has its plan, and what a plan needs is placed."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.engines.numba import engine
from onespike_lava.engines.numba.kernels.operations import Several
from onespike_lava.engines.numba.plan import planner
from onespike_lava.engines.numba.plan.buffers import place
from onespike_lava.engines.numba.plan.sent import SENT
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import CODES, LAYERS, Layer
from onespike_lava.model import Model
from tests.base.numba_twins import fields, holds
from tests.networks import Maker, random_network, random_samples


def test_every_class_of_layers_and_codes_is_planned():
    assert set(planner.PLANS) | planner.PLANS.refused == set(LAYERS)
    assert set(SENT) | SENT.refused == set(CODES)


class Odd(Layer):
    """A layer of a class that the engine does not know."""

    name, shape = "odd", (1,)

    def code(self, sources, weighting, phases):
        return sources[0] if sources else None


def test_a_layer_of_another_class_is_refused():
    network = random_network(1)
    layers = (network.input, Odd(), *network.layers[1:])
    model = Model(layers, network.phases, network.wait)
    known = ", ".join(each.__name__ for each in planner.PLANS)
    message = f"^odd: engine numba has no part for Odd; it knows {known}$"
    with pytest.raises(UnsupportedError, match=message):
        engine.run(model, np.zeros((1, *model.input.shape), np.uint8), model.wait, False)


def test_growth_whose_spikes_pass_a_byte_is_left_to_numpy():
    network = random_network(0, "membrane")
    assert planner.compile_network(network, 1, False, "portable") is not None
    readout = network.readout
    growth = replace(readout.growth, fraction_bits=8)
    layers = (*network.layers[:-1], replace(readout, growth=growth))
    model = Model(layers, network.phases, network.wait, "membrane")
    assert planner.compile_network(model, 1, False, "portable") is None


@pytest.mark.parametrize("record", [False, True])
@pytest.mark.parametrize("wait", [0, 3, 8])
def test_buffers_that_are_needed_at_the_same_time_do_not_overlap(wait, record, monkeypatch):
    placed = []
    monkeypatch.setattr(planner, "place", lambda buffers: placed.extend(buffers) or place(buffers))
    network = random_network(3, several=True)
    made = planner.compile_network(network, wait, record, "portable")
    assert len(placed) > len(network.layers)
    for number, one in enumerate(placed):
        end = one.start + one.image * made.group
        assert end <= made.arena
        for two in placed[:number]:
            if one.birth <= two.death and two.birth <= one.death:
                assert end <= two.start or two.start + two.image * made.group <= one.start


def test_planes_of_several_spikes_are_named_in_one_place():
    """The operation that fills several buffers reads their offsets from one table."""
    make = Maker(np.random.default_rng(2), 8, 1.3, "graded", several=True)
    make.readout(make.conv(make.input((2, 5, 5)), 3))
    network = make.network()
    made = planner.compile_network(network, 8, False, "portable")
    (several,) = [fields(Several, row) for row in made.rows if holds(Several, row)]
    firsts = made.numbers[several.planes // 4 :][: several.most]
    assert several.most == network.layers[1].max_spikes == len(set(firsts.tolist()))
    x = random_samples(network, 3)
    assert (network.run(x, "numba").scores == network.run(x, "reference").scores).all()
