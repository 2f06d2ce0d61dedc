"""Several spikes per neuron with soft reset: engines agree, the code is what it says."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from onespike_lava import coding
from onespike_lava.engines.reference import fire_several
from onespike_lava.errors import FormatError, InvalidNetworkError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import SeveralCode, Spiking
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.reader import from_bytes
from onespike_lava.netx.tree import to_tree
from onespike_lava.netx.writer import to_bytes
from onespike_lava.rules import largest_potential
from tests.networks import changed, random_network, random_samples

SEEDS = range(8)


def hidden(network):
    return [layer for layer in network.layers if isinstance(layer, Spiking)]


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("seed", SEEDS)
def test_engines_equal_reference(seed, engine):
    network = random_network(seed, several=True)
    x = random_samples(network, 7, seed)
    for wait in {0, network.phases // 3, network.phases - 1, network.phases}:
        expected = network.run(x, "reference", wait, record=True)
        found = network.run(x, engine, wait, record=True)
        assert first_difference(found, expected) is None
        assert found.spikes == expected.spikes


def test_codes_hold_the_phases_in_order():
    network = random_network(3, phases=16, several=True)
    run = network.run(random_samples(network, 20), "reference", record=True)
    seen = 0
    for layer in hidden(network):
        codes = run.codes[layer.name].astype(int)
        if layer.max_spikes == 1:
            continue
        assert codes.shape == (20, layer.max_spikes, *layer.shape)
        assert run.spikes[layer.name] == np.count_nonzero(codes)
        first, second = codes[:, 0], codes[:, 1]
        assert ((second == 0) | (second > first)).all()
        seen += np.count_nonzero(second)
    assert seen > 0


def test_one_spike_is_the_special_case():
    network = random_network(5, phases=16)
    several = random_network(5, phases=16, several=True)
    x = random_samples(network, 5)
    single = replace(
        several,
        layers=tuple(
            replace(layer, max_spikes=1) if isinstance(layer, Spiking) else layer
            for layer in several.layers
        ),
    )
    found = single.run(x, "numpy", record=True)
    assert first_difference(found, single.run(x, "reference", record=True)) is None
    assert all(codes.shape[1:] == layer.shape for codes, layer in zip(
        found.codes.values(), single.layers[:-1], strict=True))  # fmt: skip


@pytest.mark.parametrize(("base", "phases"), [(Fraction(13, 10), 16), (Fraction(2), 6)])
def test_more_spikes_code_a_value_more_closely(base, phases):
    """In exact arithmetic; base 2 with as many spikes as phases is the binary code (Eq. 3)."""
    values = np.array([Fraction(n, 101) for n in range(101)])
    levels = [base**-k for k in range(1, phases + 1)]
    limits = [(1 + 1 / base) / 2 * level for level in levels]
    errors = []
    for most in (1, 2, phases):
        codes = fire_several([values] * (phases + 1), limits, levels, phases, most)
        coded = sum(np.array([Fraction(0), *levels])[plane] for plane in codes)
        errors.append(sum(abs(coded - values)))
    assert errors[1] < errors[0] / 2
    if base == 2:
        assert max(abs(coded - values)) <= Fraction(1, 2**phases)


def test_the_file_carries_the_number_and_only_where_it_is_not_one():
    network = random_network(2, phases=16, several=True)
    assert from_bytes(to_bytes(network)) == network
    tree = to_tree(network)
    keys = [path for path in tree if path.endswith("max_spikes")]
    assert len(keys) == sum(layer.max_spikes > 1 for layer in hidden(network)) > 0
    tree[keys[0]] = np.asarray(1, np.int32)
    with pytest.raises(FormatError, match=r"max_spikes: 1 is not written; leave the key out$"):
        from_tree(tree)


def test_limits():
    network = random_network(2, phases=16)
    for wrong in (0, 17):
        with pytest.raises(InvalidNetworkError, match=rf"max_spikes: {wrong} is outside 1\.\.16"):
            changed(network, 1, max_spikes=wrong)
    with pytest.raises(InvalidNetworkError, match="several spikes need graded weighting"):
        changed(random_network(2, "membrane", phases=16), 1, max_spikes=2)
    with pytest.raises(InvalidNetworkError, match=r"passes first spikes, but spiking\d sends up"):
        replace(
            network,
            layers=tuple(
                replace(layer, max_spikes=2) if isinstance(layer, Spiking) else layer
                for layer in network.layers
            ),
        )


def test_the_bound_counts_every_spike():
    """What three spikes can send is in the proof of 24 bits, and so is their threshold."""
    network = random_network(2, phases=16, several=True)
    payloads = coding.payload_table(16, hidden(network)[0].base, 8)
    for layer in hidden(network):
        assert layer.code((), "graded", 16).most == payloads[: layer.max_spikes].sum()
    several = next(
        i for i in range(len(network.layers) - 1) if isinstance(network.code(i), SeveralCode)
    )
    reader = next(layer for layer in hidden(network) if layer.sources == (several,))
    one_spike = changed(network, max_spikes=1, position=several)
    assert largest_potential(network, reader) > largest_potential(one_spike, reader)
    layer = network.layers[several]
    base = (2**23) // (2 * int(payloads[0])) + 1
    assert base * int(layer.threshold_table.max()) < 2**23
    wide = np.full_like(layer.threshold_base, base)
    layers = [replace(x, threshold_base=wide) if x is layer else x for x in network.layers]
    with pytest.raises(InvalidNetworkError, match=r"threshold: 838\d+ exceeds the state limit"):
        replace(network, layers=tuple(layers))
