"""Programs: each class of layers has its plan, and what a plan needs is placed."""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pytest

from onespike_lava.engines import numba as engine
from onespike_lava.engines.numba.kernels.operations import Several
from onespike_lava.engines.numba.plan import planner
from onespike_lava.engines.numba.plan.buffers import place
from onespike_lava.engines.numba.plan.sent import SENT, mask_of
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Input, Layer, Spiking
from onespike_lava.model import Model
from tests.base.numba_twins import fields, holds
from tests.networks import Maker, random_network, random_samples


def test_every_class_of_layers_has_a_plan():
    assert set(planner.PLANS) == set(get_args(Layer))
    assert set(SENT) == {Input, Spiking}


@dataclass(frozen=True, eq=False)
class Foreign(Spiking):
    """A layer of a class that the engine does not know, though it is like one that it knows."""


def test_a_layer_of_another_class_is_refused():
    network = random_network(1)
    layers = list(network.layers)
    at = next(i for i, layer in enumerate(layers) if isinstance(layer, Spiking))
    layers[at] = Foreign(**vars(layers[at]))
    model = Model(tuple(layers), network.phases, network.wait)
    message = (
        f"^layer {layers[at].name}: engine numba has no plan for the class Foreign; "
        "run on engine numpy or reference$"
    )
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


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_masks_of_consecutive_steps_make_up_the_integer(bits):
    masks = [mask_of(bits, step, step + 1) for step in range(bits + 2)]
    assert masks == [1 << place for place in range(bits - 1, -1, -1)] + [0, 0]
    assert mask_of(bits, 0, bits + 5) == sum(masks) == 2**bits - 1
