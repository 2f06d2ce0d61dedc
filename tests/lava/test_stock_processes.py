"""The integer behaviour of Lava's own processes that the stock composition relies on."""

import numpy as np
import pytest

from onespike_lava.layers import Synapse, Window

pytestmark = pytest.mark.lava
pytest.importorskip("lava.magma", reason="lava-nc needs Python 3.10")

from lava.magma.core.run_configs import Loihi2SimCfg  # noqa: E402
from lava.proc.io.sink import RingBuffer as Sink  # noqa: E402
from lava.proc.io.source import RingBuffer as Source  # noqa: E402
from lava.proc.prodneuron.process import ProdNeuron  # noqa: E402
from scipy.sparse import eye  # noqa: E402

from onespike_lava.engines.numpy import connect as exact  # noqa: E402
from onespike_lava.errors import LavaRunError  # noqa: E402
from onespike_lava.processes.runner.session import Session  # noqa: E402
from onespike_lava.processes.stock.compose import comparison  # noqa: E402
from onespike_lava.processes.stock.connect import connect, matrix, sparse  # noqa: E402

MOST = 2**23 - 1
"""Largest 24-bit state."""


def responses(out, *inputs):
    """What a port sends, int64[neurons, steps], as sources send `inputs` [(port, data)] to it."""
    steps = inputs[0][1].shape[1]
    for port, data in inputs:
        Source(data=data.astype(np.int32)).s_out.connect(port)
    sink = Sink(shape=out.shape, buffer=steps)
    out.connect(sink.a_in)
    with Session(sink, Loihi2SimCfg(select_tag="fixed_pt")) as session:
        session.run(steps)
        return session.get(sink.data).astype(np.int64)


def test_a_gated_product_with_itself_adds_up_to_24_bits():
    """`v(t) = gate(t) * (a(t) + v(t - 1))`, over the whole range of a state."""
    rng = np.random.default_rng(0)
    arriving = rng.integers(-(2**19), 2**19, (6, 24))
    arriving[0, :4] = [MOST, -1, 1, -MOST]
    arriving[1, :4] = [-MOST, -1, 1, MOST]
    gate = np.ones((1, 24), np.int64)
    gate[0, [11, 23]] = 0
    total = ProdNeuron(shape=(6,), vth=0)
    back = sparse(eye(6, dtype=np.int8))
    total.s_out.connect(back.s_in)
    back.a_out.connect(total.a_in1)
    opened = sparse(np.ones((6, 1), np.int8))
    opened.a_out.connect(total.a_in2)
    early = np.roll(gate, -1, axis=1)  # the synapse adds a step
    early[0, -1] = 0
    gate[0, 0] = 0
    found = responses(total.s_out, (total.a_in1, arriving), (opened.s_in, early))
    value, expected = np.zeros(6, np.int64), []
    for step in range(24):
        value = gate[0, step] * (arriving[:, step] + value)
        expected.append(value)
    assert (found == np.stack(expected, axis=1)).all()


def test_a_lif_of_interval_1_compares_and_forgets():
    values = np.array([[0, 1, -1, 2**17 - 1, -(2**17) + 1, 1, 0, -5, 3, 1]])
    level = comparison(1)
    assert (responses(level.s_out, (level.a_in, values)) == (values > 0)).all()


def test_a_shifting_synapse_keeps_the_sign_of_what_reaches_64():
    """`x >> 6 > 0` exactly where `x >= 64`; within 64 of the limit a LIF's current wraps."""
    low = 63 - MOST
    values = np.array([[0, 63, 64, 65, -1, -64, -65, MOST, low, 127, 128, low - 1, 0]])
    synapse, level = sparse(np.ones((1, 1), np.int8), shift=-6), comparison(1)
    synapse.a_out.connect(level.a_in)
    found = responses(level.s_out, (synapse.s_in, values))[0, 1:]
    expected = (values >= 64)[0, :-1]
    assert found[11]
    assert not expected[11]
    assert (found[:11] == expected[:11]).all()


@pytest.mark.parametrize("delay", [0, 1, 5, 63])
def test_sparse_synapses_are_exact_after_their_delay(delay):
    rng = np.random.default_rng(delay)
    weight = rng.integers(-128, 128, (5, 4)).astype(np.int8) * rng.integers(0, 2, (5, 4), np.int8)
    weight[0] = [127, -128, 0, 1]
    values = rng.integers(-255, 256, (4, 70))
    synapse = sparse(weight, delay=delay)
    found = responses(synapse.a_out, (synapse.s_in, values))
    expected = weight.astype(np.int64) @ values
    assert not found[:, : delay + 1].any()
    assert (found[:, delay + 1 :] == expected[:, : 70 - delay - 1]).all()


def test_each_axon_has_its_delay():
    rng = np.random.default_rng(3)
    weight = rng.integers(-128, 128, (5, 4)).astype(np.int8)
    weight[1, 2] = 0
    values, delay = rng.integers(0, 256, (4, 30)), np.array([0, 3, 1, 9])
    synapse = sparse(weight, delay=delay, shift=2)
    found = responses(synapse.a_out, (synapse.s_in, values))
    late = np.stack([np.pad(row, (by + 1, 0))[:30] for row, by in zip(values, delay, strict=True)])
    assert (found == weight.astype(np.int64) @ late << 2).all()


def test_a_delay_beyond_6_bits_fails():
    synapse = sparse(np.ones((1, 1), np.int8), delay=64)
    with pytest.raises(LavaRunError, match="between 0 and 63"):
        responses(synapse.a_out, (synapse.s_in, np.ones((1, 3))))


def test_a_unary_synapse_counts_spikes():
    values = np.array([[0, 1, 5, 0], [0, 7, 0, 1]])
    synapse = sparse(np.array([[1, 1]], np.int8), unary=True)
    found = responses(synapse.a_out, (synapse.s_in, values))
    assert found.tolist() == [[0, 0, 2, 1]]


CONVOLUTIONS = {
    "plain": (Window(), 1, (3, 2)),
    "grouped": (Window((1, 2), (1, 0, 1, 0)), 2, (3, 3)),
    "dilated": (Window((2, 1), (2, 1, 2, 1), (2, 1)), 1, (2, 3)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize(("shared", "shift"), [(True, 0), (False, 0), (True, 1), (True, 2)])
def test_convolutions_are_exact_shared_and_unrolled(name, shared, shift):
    """Lava's Conv holds one bit of shift, in weights of -256 to 254."""
    window, groups, kernel = CONVOLUTIONS[name]
    rng = np.random.default_rng(1)
    weight = rng.integers(-128, 128, (6, 4 // groups, *kernel)).astype(np.int8)
    synapse = Synapse(0, weight, window, groups)
    values = rng.integers(0, 256, (4, 7, 8, 5))
    target = ProdNeuron(shape=(int(np.prod(synapse.output_shape((4, 7, 8)))),), vth=0)
    entry = sparse(eye(4 * 7 * 8, dtype=np.int8))
    process = connect(synapse, entry.a_out, (4, 7, 8), target.a_in1, 0, shared, shift)
    assert type(process).__name__ == ("Conv" if shared and shift < 2 else "Sparse")
    found = responses(
        target.s_out,
        (entry.s_in, values.reshape(-1, 5)),
        (target.a_in2, np.ones((target.s_out.shape[0], 5))),
    )
    expected = exact(synapse, np.moveaxis(values, -1, 0).astype(np.float32)).reshape(5, -1).T
    assert (found[:, 2:] == expected[:, :-2] * 2**shift).all()


def test_dense_synapses_shift():
    weight = np.random.default_rng(0).integers(-128, 128, (3, 4)).astype(np.int8)
    entry, target = sparse(eye(4, dtype=np.int8)), ProdNeuron(shape=(3,), vth=0)
    process = connect(Synapse(0, weight), entry.a_out, (4,), target.a_in1, 0, True, 3)
    assert type(process).__name__ == "Dense"
    values = np.random.default_rng(1).integers(0, 256, (4, 6))
    found = responses(target.s_out, (entry.s_in, values), (target.a_in2, np.ones((3, 6))))
    assert (found[:, 2:] == (weight.astype(np.int64) @ values)[:, :-2] * 8).all()


def test_uneven_padding_is_unrolled():
    weight = np.ones((2, 1, 2, 2), np.int8)
    synapse = Synapse(0, weight, Window((1, 1), (0, 0, 1, 1)))
    entry = sparse(eye(9, dtype=np.int8))
    target = ProdNeuron(shape=(18,), vth=0)
    process = connect(synapse, entry.a_out, (1, 3, 3), target.a_in1, 0, True)
    assert type(process).__name__ == "Sparse"
    sent = np.arange(9, dtype=np.float32)
    assert (
        matrix(synapse, (1, 3, 3)) @ sent == exact(synapse, sent.reshape(1, 1, 3, 3)).ravel()
    ).all()
