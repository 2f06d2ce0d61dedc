"""The search by buckets: in NumPy's float32, and compiled, at and beside every threshold."""

import numpy as np
import pytest

from onespike_lava import coding
from onespike_lava.engines import numpy as yardstick
from onespike_lava.engines.numba import engine
from onespike_lava.engines.numba.kernels.records import LANES
from onespike_lava.engines.numba.plan.packing import BUCKET_COUNT, buckets
from onespike_lava.layers import Input, Readout, Spiking, Synapse
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.network import Network

FITTED = [299, 240, 202, 173, 149, 130, 115, 101, 88, 76, 64, 52, 41, 30, 18, 6]


def tables():
    """Threshold tables of bases, of fitted levels, drawn ones and ones with ties."""
    found = {"fitted": np.array(FITTED, np.int32)}
    for phases, base in ((4, 2.0), (8, 1.5), (12, 1.3), (16, 1.3), (24, 1.2)):
        payloads = coding.payload_table(phases, base, 8)
        found[f"{phases} {base}"] = coding.threshold_table(payloads)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        drawn = np.sort(rng.integers(1, 500, rng.integers(1, 17)))[::-1]
        found[f"drawn {seed}"] = drawn.astype(np.int32)
    return found


def values_of(table):
    return np.arange(200, 200 - len(table), -1).astype(np.int32)


def searched(found, potential, base):
    """What the compiled search does, operation by operation in float32."""
    low, high, offset, shift = found.table[:4]
    entries = found.table[LANES:].reshape(3, BUCKET_COUNT)
    scale = (found.scale / base).astype(np.float32)
    # a fused sum is rounded once: float64 holds the product of two float32 exactly
    place = potential.astype(np.float64) * scale + np.array(offset).view(np.float32)
    bucket = np.clip(place.astype(np.float32).view(np.int32) >> shift, low, high) % BUCKET_COUNT
    limit = base.astype(np.float32) * entries[0].view(np.float32)[bucket]
    return np.where(potential >= limit, entries[1][bucket], entries[2][bucket])


def expected(table, values, potential, base):
    """Value of the first phase whose threshold is reached."""
    reached = potential[..., None] >= base[..., None].astype(np.int64) * table
    return np.where(reached.any(-1), values[reached.argmax(-1)], 0)


@pytest.mark.parametrize("name", tables())
def test_one_comparison_finds_the_first_phase(name):
    table = tables()[name]
    found, values = buckets(table, values_of(table)), values_of(table)
    if found is None:
        assert name.startswith("drawn")
        return
    rng = np.random.default_rng(0)
    most = (STATE_LIMIT - 1) // int(table[0])
    bases = np.unique(np.r_[1, 2, 3, 127, most, rng.integers(1, most + 1, 2000)])
    limits = bases[:, None].astype(np.int64) * table
    around = [limits + off for off in (-2, -1, 0, 1, 2)]
    edges = [np.full((len(bases), 1), value) for value in (0, -1, 1 - STATE_LIMIT, STATE_LIMIT - 1)]
    inside = rng.integers(1 - STATE_LIMIT, STATE_LIMIT, (len(bases), 500))
    near = (rng.random((len(bases), 500)) * limits[:, :1] * 1.1).astype(np.int64)
    potential = np.concatenate([*around, *edges, inside, near], axis=1)
    potential = np.clip(potential, 1 - STATE_LIMIT, STATE_LIMIT - 1)
    base = np.broadcast_to(bases[:, None], potential.shape)
    np.testing.assert_array_equal(
        searched(found, potential, base), expected(table, values, potential, base)
    )


def test_levels_of_networks_have_buckets():
    assert all(
        buckets(table, values_of(table)) for n, table in tables().items() if "drawn" not in n
    )
    drawn = [buckets(table, values_of(table)) for n, table in tables().items() if "drawn" in n]
    assert any(drawn)


def test_thresholds_too_close_have_none():
    assert buckets(np.array([1000, 999, 1], np.int32), np.array([3, 2, 1], np.int32)) is None


def test_equal_thresholds_are_the_first_phase():
    found = buckets(np.array([9, 5, 5, 1], np.int32), np.array([40, 30, 20, 10], np.int32))
    potential, base = np.array([0, 1, 4, 5, 8, 9]), np.ones(6, np.int64)
    assert searched(found, potential, base).tolist() == [0, 10, 10, 30, 30, 40]


@pytest.mark.parametrize("phases", [8, 16])
def test_compiled_at_every_threshold(phases):
    """Neurons whose potential is a threshold, one less and one more, for bases of every size."""
    payloads = coding.payload_table(phases, 1.3, 8)
    table = coding.threshold_table(payloads)
    bases = np.array([1, 2, 3, 7, 127, 128, 1000, 12_345])
    base, factor, off = (part.reshape(-1) for part in np.meshgrid(bases, table, [-1, 0, 1]))
    count = len(base)
    entry = Input("input", (2,), 8, np.zeros(1), np.ones(1))
    silent = Synapse(0, np.zeros((count, 2), np.int8))
    bias = (base * factor + off).astype(np.int32)
    given = (bias, base.astype(np.int32), table, payloads[:-1], 8, 1.3, np.ones(count))
    layer = Spiking("ties", (count,), (silent,), *given)
    ones = Synapse(1, np.ones((1, count), np.int8))
    readout = Readout("readout", (1,), (ones,), np.zeros(1, np.int32), 1.0)
    network = Network((entry, layer, readout), phases, phases)
    data = np.zeros((3, 2), np.uint8)
    found = engine.run(network, data, phases, True)
    wanted = yardstick.run(network, data, phases, True)
    np.testing.assert_array_equal(found.codes[1], wanted.codes[1])
    np.testing.assert_array_equal(found.scores, wanted.scores)
