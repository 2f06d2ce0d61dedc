"""The plan and the price of the stock composition; the processes are tested with Lava."""

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from onespike_lava import netx
from onespike_lava.cli import main
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Readout, Synapse, Window
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.loihi import check, fit, notes, stock
from onespike_lava.loihi.price import price
from onespike_lava.rules import largest_potential
from tests.networks import Maker, changed

PADDED = Window((1, 1), (1, 1, 1, 1))


def small(weighting="graded", phases=8, skips=0):
    """Convolutions, the last with a skip path past the others, pool and readout."""
    make = Maker(np.random.default_rng(0), phases, 1.1, weighting)
    skip = at = make.conv(make.input((2, 6, 6)), 4, window=PADDED)
    for _ in range(skips):
        at = make.conv(at, 4, window=PADDED)
    if skips:
        at = make.residual(at, skip)
    at = make.pool(at)
    make.readout(at, 3)
    return make.network()


@pytest.mark.parametrize("largest", [0, 1, 127, 128, 2**14 - 1, 2**14, STATE_LIMIT - 1])
def test_limbs_hold_any_integer(largest):
    rng = np.random.default_rng(largest)
    values = np.append(rng.integers(-largest, largest + 1, 50), [largest, -largest]).astype(
        np.int32
    )
    found = stock.limbs(values)
    assert found.dtype == np.int8
    assert found.shape[1] == (int(largest).bit_length() + 6) // 7
    units = 128 ** np.arange(found.shape[1])
    assert (found.astype(np.int64) @ units == values).all()


def test_the_clock_lowers_thresholds_from_phase_to_phase():
    """What it brings to a neuron until phase `k` is decided: `bias - threshold[k]`."""
    network = small()
    layer, clock = network.layers[1], stock.clock(network, 1)
    sums = np.zeros((2 * network.phases + 1, 4 * 36), np.int64)
    for step, channel, payload in clock.events:
        if channel not in (clock.gate, clock.payload):
            sums[step:] += clock.to_sum[:, channel].astype(np.int64) * payload
    sums = sums.reshape(-1, 4, 36)
    bias, base = layer.bias.reshape(4, -1), layer.threshold_base.reshape(4, -1)
    rest = largest_potential(network, layer)
    assert (sums[1 : network.phases] == -rest).all()
    for phase in range(1, network.phases + 1):
        threshold = base * layer.threshold_table[phase - 1]
        assert (sums[network.phases - 1 + phase] == bias - threshold + 64).all()


def test_no_channel_of_a_clock_sends_more_than_the_state_holds():
    network = small()
    for position in range(1, len(network.layers)):
        stream = stock.clock(network, position).stream(3, network.phases, 2, 60)
        assert np.abs(stream).max() < STATE_LIMIT


def test_times():
    network = small(skips=1)
    times = stock.times(network)
    assert times[1] == stock.Times(1, 9, 10, (1,))
    assert times[2] == stock.Times(11, 19, 20, (1,))
    assert times[3] == stock.Times(21, 29, 30, (1, 11))
    assert times[4] == stock.Times(30, 30, 31, (1,))
    assert times[5] == stock.Times(32, 40, 41, (1,))
    assert stock.total_steps(network, 1) == 40
    assert stock.total_steps(network, 3) == 40 + 2 * 16


def test_price_by_hand():
    found = price(small())
    conv, pool, readout, all_ = found.layers
    network = small()
    limbs = [
        stock.limbs(np.broadcast_to(values.reshape(4, -1), (4, 36)).reshape(-1))
        for values in (network.layers[1].bias, network.layers[1].threshold_base)
    ]
    clock = sum(int(np.count_nonzero(part)) for part in limbs) + 144
    assert (conv.neurons, conv.neurons_own) == (3 * 144, 144)
    assert conv.synapses_own == 2 * 4 * 16 * 16
    assert conv.synapses == 2 * 4 * 16 * 16 + clock + 6 * 144
    assert (pool.neurons, pool.synapses) == (2 * 36, 144 + 3 * 36)
    assert (readout.neurons, readout.synapses_own) == (3, 108)
    assert all_.neurons == 3 * 144 + 2 * 36 + 3
    assert found.steps_per_sample == 16
    assert found.latency_steps == stock.total_steps(network, 1)


@pytest.mark.parametrize(
    ("network", "wait", "message"),
    [
        (small("membrane"), None, "membrane weighting multiplies potentials"),
        (small(), 6, r"spiking1 would decide before .* wait 6 is below 7"),
    ],
)
def test_what_is_refused(network, wait, message):
    with pytest.raises(UnsupportedError, match=message):
        stock.refuse(network, wait)


def test_several_spikes_are_refused():
    make = Maker(np.random.default_rng(0), 8, 1.1, "graded")
    make.readout(make.conv(make.input((2, 6, 6)), 4))
    several = changed(make.network(), 1, max_spikes=3)
    with pytest.raises(UnsupportedError, match="spiking1 sends up to 3 spikes; export with one"):
        stock.refuse(several)


@pytest.mark.parametrize(("phases", "relays"), [(61, 0), (62, 1)])
def test_a_skip_path_beyond_a_delay_takes_relays(phases, relays):
    network = small(phases=phases, skips=1)
    assert max(stock.times(network)[3].delays) - 1 == phases + 2
    residual, neurons = price(network).layers[2], 4 * 36
    assert residual.neurons == (3 + relays) * neurons
    assert residual.processes == 3 + relays


@pytest.mark.parametrize("beyond", [False, True])
def test_the_sums_must_fit_24_bits(beyond):
    network = small()
    layer = network.layers[1]
    spare = (STATE_LIMIT - 1 - 64) // 2 - largest_potential(
        network, replace(layer, bias=layer.bias * 0)
    )
    bias = np.full(4, spare + beyond, np.int32)
    network = changed(network, 1, bias=bias)
    if not beyond:
        assert stock.refuse(network) == network.wait
        return
    with pytest.raises(UnsupportedError, match=f"spiking1 needs sums up to .*{STATE_LIMIT}"):
        stock.refuse(network)


def test_all_refusals_at_once():
    network = small(skips=1)
    with pytest.raises(UnsupportedError) as error:
        stock.refuse(network, 0)
    assert str(error.value).count("late spikes") == 3


def test_command(capsys, tmp_path):
    net = tmp_path / "small.net"
    netx.save(small(), net)

    def onespike(*words):
        with pytest.raises(SystemExit) as end:
            main(["check", str(net), *words])
        assert end.value.code == 0
        return capsys.readouterr().out

    found = json.loads(onespike("--stock", "--json"))["stock"]
    assert found["possible"] is True
    assert found["layers"][-1]["neurons"] == price(small()).layers[-1].neurons
    assert "steps per sample 16, until a sample's scores" in onespike("--stock")
    found = json.loads(onespike("--stock", "--json", "--wait", "2"))["stock"]
    assert found["possible"] is False
    assert "late spikes" in found["reason"]
    assert "late spikes" in onespike("--stock", "--wait", "2")
    assert "stock" not in json.loads(onespike("--json"))


def test_large_planes_cost_no_memory():
    """Rules, fit and price are counted, not laid out."""
    side = 4096
    make = Maker(np.random.default_rng(0), 4, 1.3, "graded")
    make.conv(make.input((1, side, side)), 1)
    at = make.pool(1, (3, 3), Window((2, 2), (1, 1, 1, 1)))
    make.layers[1] = replace(make.layers[1], bias=np.array([300], np.int32))
    shape = make.layers[at].shape
    synapse = Synapse(at, np.ones((1, 1, 1, 1), np.int8))
    make.layers.append(Readout("out", shape, (synapse,), np.zeros(1, np.int32), 1.0))
    network = make.network()
    tracemalloc.start()
    for count in (check, notes, fit, price):
        count(network)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
