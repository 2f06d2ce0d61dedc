"""Layers learn in Lava as in the compiled engine, weight for weight."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="needs lava-nc")

from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

import onespike_lava.processes  # noqa: F401  before any of Lava
from onespike_lava.errors import LavaRunError, OptionError
from onespike_lava.layers import Window
from onespike_lava.learning import engine
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import select, spikes
from onespike_lava.learning.stack import Stage, passed
from onespike_lava.processes.learning.plastic_conv.process import PlasticConv
from onespike_lava.processes.learning.run import learn
from onespike_lava.processes.learning.winners.process import Winners
from onespike_lava.processes.runner.session import Session
from tests.learning import RULE, drawn, stages

pytestmark = [
    pytest.mark.lava,
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]

STEPS, SAMPLES = 7, 200


@pytest.fixture(scope="module")
def learnt():
    """Two layers after 200 samples in the compiled engine, from the spikes below them."""
    times = drawn(samples=120, shape=(2, 12, 12))[1]
    layers, below = [], times
    for number, stage in enumerate(stages()):
        first = stage.drawn(below.shape[1], (1, number))
        layers.append(engine.advance(first, below, stage.rule, SAMPLES))
        below, _ = passed(stage, layers[-1], below)
    return times, layers


@pytest.mark.parametrize("number", [0, 1])
def test_a_layer_learns_the_same_weights_bit_for_bit(learnt, number):
    times, layers = learnt
    shape = layers[number].weight.shape
    first = stages()[number].drawn(shape[1], (1, number))
    found = learn(stages()[: number + 1], [*layers[:number], first], times, STEPS, SAMPLES)
    assert np.array_equal(found.weight, layers[number].weight)
    assert np.array_equal(found.live, layers[number].live)
    assert found.samples == SAMPLES
    assert 0.1 < found.connectivity < 0.9
    assert not np.array_equal(found.weight, first.weight)


def test_goes_on_from_where_a_layer_stands(learnt):
    times, layers = learnt
    stage = stages()[0]
    part = engine.advance(stage.drawn(2, (1, 0)), times, stage.rule, 130)
    found = learn(stages()[:1], [part], times, STEPS, SAMPLES - 130)
    assert np.array_equal(found.weight, layers[0].weight)


def test_a_dense_layer_is_a_kernel_of_the_whole_plane():
    _, times = drawn(samples=40)
    rule = replace(RULE, threshold=4000, winners=1, samples=60)
    stage = Stage(5, 1, 0, 1, rule)
    plastic = Plastic.drawn((5, *times.shape[1:]), Window(), 1)
    expected = engine.advance(plastic, times, rule, 60)
    found = learn([stage], [plastic], times, STEPS, 60)
    assert np.array_equal(found.weight, expected.weight)
    assert 0 < found.connectivity < 1


@pytest.mark.parametrize("name", ["winners", "radius", "slowest"])
def test_one_off_in_the_rule_shows(learnt, name):
    times, layers = learnt
    stage = stages()[0]
    rule = replace(stage.rule, **{name: getattr(stage.rule, name) + 1})
    other = learn([replace(stage, rule=rule)], [stage.drawn(2, (1, 0))], times, STEPS, SAMPLES)
    assert not np.array_equal(other.weight, layers[0].weight)


def test_winners_of_a_stream_with_gaps():
    """Samples nine steps apart, of seven steps; what arrives between them is ignored."""
    plastic, times = drawn(samples=4)
    shape = plastic.output_shape(times.shape[1:])
    sums = np.zeros((*shape, 2 + 4 * 9), np.int64)
    for number, each in enumerate(times):
        taps = plastic.window.view(each[None], plastic.weight.shape[2:])[0]
        for step in range(1, STEPS + 1):
            arriving = np.einsum("ihwrc,oirc->ohw", (taps == step).astype(int), plastic.weight)
            sums[..., 1 + number * 9 + step] = arriving
        sums[..., 1 + number * 9 + 8] = 500
    winners = Winners(shape=shape, rule=RULE, steps=STEPS, start=2, period=9)
    source, won = Source(data=sums), Sink(shape=(shape[0], 3), buffer=sums.shape[-1])
    source.s_out.connect(winners.a_in)
    winners.won.connect(won.a_in)
    with Session(winners, Loihi2SimCfg(select_tag="fixed_pt")) as session:
        session.run(sums.shape[-1])
        found = session.get(won.data)
    for number, each in enumerate(times):
        expected = np.zeros((shape[0], 3))
        step, reached = spikes(plastic.weight, each, plastic.window, RULE.threshold)
        for winner in select(step, reached, RULE.winners, RULE.radius):
            expected[winner.channel] = winner[1:]
        assert expected.any()
        assert np.array_equal(found[..., 1 + number * 9 + STEPS], expected)
        found[..., 1 + number * 9 + STEPS] = 0
    assert not found.any()


@pytest.mark.parametrize(("threshold", "step"), [(4, 2), (5, 0)])
def test_a_neuron_spikes_at_the_threshold_not_below(threshold, step):
    source = Source(data=np.array([[[[1, 3, 0]]]]))
    winners = Winners(shape=(1, 1, 1), rule=replace(RULE, threshold=threshold), steps=3)
    won = Sink(shape=(1, 3), buffer=3)
    source.s_out.connect(winners.a_in)
    winners.won.connect(won.a_in)
    with Session(winners, Loihi2SimCfg(select_tag="fixed_pt")) as session:
        session.run(3)
        assert session.get(won.data)[0, 2].tolist() == [0, 0, step]


def test_a_potential_beyond_24_bits_ends_the_run():
    source = Source(data=np.full((1, 1, 1, 3), 2**23))
    winners = Winners(shape=(1, 1, 1), rule=RULE, steps=2)
    source.s_out.connect(winners.a_in)
    with (
        pytest.raises(LavaRunError, match="exceeds 24 bits"),
        Session(winners, Loihi2SimCfg(select_tag="fixed_pt")) as session,
    ):
        session.run(3)


@pytest.mark.parametrize(
    ("given", "text"), [({"steps": 0}, "steps: 0"), ({"steps": 4, "period": 3}, "period: 3")]
)
def test_refuses_steps_and_periods_that_do_not_fit(given, text):
    plastic, _ = drawn()
    with pytest.raises(OptionError, match=text):
        Winners(shape=(1, 1, 1), rule=RULE, **given)
    with pytest.raises(OptionError, match=text):
        PlasticConv(plastic=plastic, rule=RULE, input_shape=(2, 9, 8), **given)
