"""Single Processes against plain arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

from onespike_lava.engines import reference
from onespike_lava.errors import LavaRunError, OptionError
from onespike_lava.layers import Growth, Synapse, Window
from onespike_lava.processes import Conv, Delay, OneSpike, OneSpikeNetwork, Pool, Probe, Readout
from onespike_lava.processes.runner.session import Session
from tests.lava.architectures import build

pytestmark = [
    pytest.mark.lava,
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]

TAGS = ("fixed_pt", "bit_accurate_loihi", "floating_pt")


def drive(process, given: np.ndarray, tag: str = "fixed_pt") -> np.ndarray:
    """What a Process sends, [*shape, steps], for input of the same form."""
    source, steps = Source(data=given), given.shape[-1]
    source.s_out.connect(getattr(process, "s_in", None) or process.a_in)
    out = getattr(process, "s_out", None) or process.a_out
    sink = Sink(shape=out.shape, buffer=steps)
    out.connect(sink.a_in)
    stock = "fixed_pt" if tag == "bit_accurate_loihi" else tag
    models = {}
    if tag != stock:
        from onespike_lava.processes.conv import models as conv
        from onespike_lava.processes.neuron import models as neuron

        found = {OneSpike: neuron.PyOneSpikeModelFixed, Conv: conv.PyConvModelFixed}
        models = {type(process): found[type(process)]}
    configuration = Loihi2SimCfg(select_tag=stock, exception_proc_model_map=models)
    with Session(process, configuration) as session:
        session.run(steps)
        return session.get(sink.data)


@pytest.mark.parametrize("wait", [0, 3, 6])
@pytest.mark.parametrize("growing", [False, True])
def test_floating_neuron_against_rationals(wait, growing):
    """Real arithmetic, no ties: the same spikes as exact fractions."""
    phases, samples, neurons = 6, 3, 20
    rng = np.random.default_rng(wait)
    arriving = rng.integers(-50, 80, (neurons, samples * phases)) / 64 + 1e-3
    bias, base = rng.integers(-20, 20, neurons) / 64, Fraction(5325, 4096)
    table = [Fraction(3, 2) * base ** (min(wait + k, 6) * growing - k) for k in range(1, 7)]
    growth = Growth(5325, 12, 0, phases) if growing else None
    payload = np.array([1.3**-k for k in range(1, 7)])
    neuron = OneSpike(
        shape=(neurons,),
        threshold_base=1.0,
        threshold_table=np.array(table, float),
        payload=payload,
        bias=bias,
        wait=wait,
        growth=growth,
    )
    found = drive(neuron, np.pad(arriving, ((0, 0), (0, wait))), "floating_pt")
    exact = np.vectorize(Fraction, otypes=[object])(arriving)
    seen = set()
    for sample in range(samples):
        part = list(exact[:, sample * phases : (sample + 1) * phases].T)
        start = np.vectorize(Fraction, otypes=[object])(bias)
        potentials = reference.integrate(part, start, lambda v: v * base, phases if growing else 0)
        codes = reference.fire(potentials, table, wait)
        seen |= set(codes.tolist())
        at = wait + sample * phases
        for phase in range(1, phases + 1):
            expected = np.where(codes == phase, payload[phase - 1], 0)
            np.testing.assert_array_equal(found[:, at + phase - 1], expected)
    assert len(seen) > 4


def test_neuron_reports_an_overflow_of_its_state():
    neuron = OneSpike(
        shape=(2,), threshold_base=1, threshold_table=[2**23 - 1] * 4, payload=[1] * 4, wait=0
    )
    fits, exceeds = np.array([[2**23 - 1, 0], [0, 0]]), np.array([[2**23, 0], [0, 0]])
    assert drive(neuron, fits)[0].tolist() == [1, 0]
    neuron = OneSpike(
        shape=(2,), threshold_base=1, threshold_table=[2**23 - 1] * 4, payload=[1] * 4, wait=0
    )
    with pytest.raises(LavaRunError, match=r"potential: 8388608 exceeds the state limit of"):
        drive(neuron, exceeds)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wait": 3}, "wait: 3 is outside 0..2, the neuron's phases; give a whole number of them"),
        (
            {"wait": -1},
            "wait: -1 is outside 0..2, the neuron's phases; give a whole number of them",
        ),
        (
            {"payload": [1, 0]},
            "payload: [1, 0] must hold a value other than 0 for each of the 2 phases of the "
            "threshold table",
        ),
    ],
)
def test_neuron_refuses(change, message):
    given = {"shape": (1,), "threshold_base": 1, "threshold_table": [2, 1], "payload": [2, 1]}
    with pytest.raises(OptionError) as caught:
        OneSpike(**{**given, "wait": 0, **change})
    assert str(caught.value) == message


def test_network_refuses_a_wait():
    message = r"^wait: 13 is outside 0\.\.12, the network's phases; give a whole number of them$"
    with pytest.raises(OptionError, match=message):
        OneSpikeNetwork(network=build("dense"), wait=13)


@pytest.mark.parametrize(
    ("outputs", "inputs", "groups"), [(4, 6, 2), (130, 130, 130), (200, 200, 1)]
)
@pytest.mark.parametrize("tag", TAGS)
def test_conv_against_loops(outputs, inputs, groups, tag):
    rng = np.random.default_rng(groups)
    weight = rng.integers(-128, 128, (outputs, inputs // groups, 3, 2)).astype(np.int8)
    window = Window((2, 1), (1, 0, 2, 1), (1, 2))
    given = rng.integers(0, 40, (inputs, 5, 6, 3))
    process = Conv(weight=weight, input_shape=(inputs, 5, 6), window=window, groups=groups)
    found = drive(process, given, tag)
    shape = process.a_out.shape
    assert not found[..., 0].any()
    sent = np.moveaxis(given, -1, 0).astype(np.int64)
    expected = reference.connect(Synapse(0, weight, window, groups), sent, shape)
    np.testing.assert_array_equal(np.moveaxis(found, -1, 0)[1:], expected[:-1])


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
@pytest.mark.parametrize("steps", [1, 3])
def test_delay(steps, tag):
    given = np.arange(1, 15).reshape(2, 7)
    found = drive(Delay(shape=(2,), steps=steps), given, tag)
    np.testing.assert_array_equal(found, np.pad(given, ((0, 0), (steps, 0)))[:, :7])


def test_delay_of_no_steps_is_refused():
    with pytest.raises(OptionError, match=r"^steps: a delay of 0 steps is below 1; connect"):
        Delay(shape=(1,), steps=0)


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
def test_pool_of_first_spikes(tag):
    given = np.zeros((1, 2, 2, 8), int)
    given[0, 0, 0, [2, 4]] = 6, 8  # phase 2 of the first sample, phase 4; clock starts at 1
    given[0, 1, 1, [3, 6]] = 7, 5  # later than its neighbour; alone in the second sample
    pool = Pool(
        input_shape=(1, 2, 2), shape=(1, 1, 1), kernel=(2, 2), window=Window(), phases=4, start=1
    )
    assert drive(pool, given, tag)[0, 0, 0].tolist() == [0, 0, 6, 0, 0, 0, 5, 0]


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
def test_readout_sends_complete_potentials(tag):
    given = np.array([[9, 1, 2, 3, 4, 5, 6, 7]])
    readout = Readout(shape=(1,), phases=3, bias=100, start=1)
    assert drive(readout, given, tag)[0].tolist() == [0, 0, 0, 106, 0, 0, 115, 0]
    growth = Growth(8192, 12, 1, 2)  # doubles twice, input shifted by one
    readout = Readout(shape=(1,), phases=3, bias=100, start=1, growth=growth)
    assert drive(readout, given, tag)[0, 3] == ((100 * 2 + 2) * 2 + 4) + 6


@pytest.mark.parametrize(("bits", "codes"), [(0, [[2, 0], [1, 3]]), (2, [[1, 0], [2, 0]])])
def test_probe(bits, codes):
    given = np.array([[9, 0, 1, 0, 5, 0, 0, 1], [9, 0, 0, 0, 0, 0, 4, 1]])
    source = Source(data=given)
    probe = Probe(shape=(2,), samples=2, phases=3, start=1, bits=bits)
    source.s_out.connect(probe.s_in)
    with Session(probe, Loihi2SimCfg(select_tag="fixed_pt")) as session:
        session.run(8)
        assert session.get(probe.codes).tolist() == probe.noted.tolist() == codes
        assert session.get(probe.spikes).tolist() == [3]


def test_scores_leave_at_the_documented_steps():
    from onespike_lava.schedule import total_steps

    network = build("conv_readout")
    ends = [total_steps(network, 4, samples) for samples in (1, 2)]
    assert [after - before for before, after in pairwise(ends)] == [network.phases]
    process = OneSpikeNetwork(network=network, wait=4)
    source = Source(data=np.zeros((*network.input.shape, ends[1]), int))
    sink = Sink(shape=network.readout.shape, buffer=ends[1])
    source.s_out.connect(process.inp)
    process.out.connect(sink.a_in)
    with Session(process, Loihi2SimCfg(select_tag="fixed_pt")) as session:
        session.run(ends[1])
        steps = np.flatnonzero(session.get(sink.data).any(axis=(0, 1, 2))) + 1
    assert steps.tolist() == ends
