"""Networks are written as plain lava-dl files where stock LIF neurons say them."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onespike_lava
from onespike_lava import netx
from onespike_lava.cli import main
from onespike_lava.errors import (
    InvalidNetworkError,
    UnsupportedError,
)
from onespike_lava.netx import lavadl
from tests import DIGITS
from tests.networks import random_network, random_timed_network
from tests.plain import Drawn, drawn, input_of, smallest
from tests.pruned import pruned

MODEL = DIGITS / "digits.net"


@pytest.mark.parametrize("seed", range(12))
def test_what_is_read_is_written_and_read_again(seed):
    """The same network but for names, and once more the same bytes."""
    network = netx.from_bytes(undriven(drawn(seed)).content())
    again = lavadl.from_tree(lavadl.to_tree(network))
    assert again.phases == network.phases
    assert lavadl.from_tree(lavadl.to_tree(again)) == again
    x, _ = input_of(drawn(seed), network, seed)
    first, second = (each.run(x, record=True, engine="numpy") for each in (network, again))
    for one, two in zip(network.layers[:-1], again.layers[:-1], strict=True):
        assert (first.trains(one.name) == second.trains(two.name)).all()
    assert (first.predictions == second.predictions).all()


def undriven(make):
    """Without the biases that stock layers would obey too early."""
    if any("delay" in layer or "weight_rec" in layer for layer in make.layers):
        for layer in make.layers:
            layer.pop("bias", None)
    return make


def stepping(seed=4):
    """A network that stock neurons express."""
    return netx.from_bytes(undriven(drawn(seed)).content())


def with_layer(network, position, **values):
    layers = list(network.layers)
    layers[position] = replace(layers[position], **values)
    return replace(network, layers=tuple(layers))


def misfits():
    network = stepping()
    layer = network.layers[1]
    parts, base = layer.integration, layer.threshold.base
    firing, reset = layer.firing, layer.reset
    wide = np.arange(1, len(base) + 1, dtype=np.int32)
    leaky = replace(parts, keep_v=np.array([2048], np.int32))
    for text, values in {
        "its potential starts elsewhere": {"integration": replace(parts, bias=wide)},
        "its channels decay differently": {"integration": replace(parts, keep_v=4000 + wide)},
        "rounded 'floor', those of stock": {"integration": replace(leaky, rounding="floor")},
        "have 3 fraction bits, those of": {"integration": replace(leaky, fraction_bits=3)},
        "its reset is 'subtract'": {"reset": replace(reset, kind="subtract")},
        "are counted or limited": {"firing": replace(firing, max_count=3)},
        "payload or threshold changes": {"firing": replace(firing, payload=wide[1:2])},
        "has a floor": {"firing": replace(firing, floor=-wide)},
        "is no multiple of 64 of 13 bits": {"integration": replace(parts, drive=wide)},
        "have different thresholds": {"threshold": replace(layer.threshold, base=base + wide)},
        "lies between two of stock": {
            "integration": leaky,
            "threshold": replace(layer.threshold, base=base + 1),
        },
    }.items():
        yield text, with_layer(network, 1, **values)
    readout = network.readout
    yield "take sums or maxima", with_layer(network, -1, take="maximum")
    delay = np.array([1], np.int32)
    first, back = network.layers[2].synapses
    changed = (first, replace(back, delay=delay))
    yield "delays that stock netx does not take", with_layer(network, 2, synapses=changed)
    driven = replace(parts, drive=64 * wide)
    yield "recurs or is late, and is driven", with_layer(network, 1, integration=driven)
    yield "obey a phase code", random_network(1)
    assert readout.name == "readout"


@pytest.mark.parametrize(("text", "network"), misfits())
def test_what_stock_neurons_have_not_is_not_written(tmp_path, text, network):
    path = tmp_path / "a.net"
    with pytest.raises(UnsupportedError, match=text) as caught:
        netx.save_lava_dl(network, path)
    assert str(caught.value).startswith(f"{path}: ")
    assert not path.exists()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31))
def test_drawn_networks_are_written_as_they_are_or_refused(seed):
    """Residual paths, pools, floors and other things are refused; what is written runs alike."""
    network = random_timed_network(seed, phases=6)
    with suppress(UnsupportedError):
        lavadl.from_tree(lavadl.to_tree(network))


def test_layers_without_leak_are_written_in_stock_units():
    """Fraction bits 0: the threshold 3 is `> 2 << 6`, a drive of 2 the bias 2, weights stay."""
    make = Drawn(np.random.default_rng(1))
    make.input(5)
    make.dense(12)
    make.dense(8)
    network = netx.from_bytes(make.content())
    layer, ones = network.layers[1], np.ones(12, np.int32)
    keeps = {"keep_u": 0 * ones[:1], "keep_v": 4096 * ones[:1], "drive": 2 * ones}
    parts = replace(layer.integration, **keeps, fraction_bits=0)
    base = replace(layer.threshold, base=3 * ones)
    free = with_layer(network, 1, integration=parts, threshold=base)
    tree = lavadl.to_tree(free)
    assert tree["layer/1/neuron/vThMant"] == 2
    assert tree["layer/1/bias"].tolist() == [2] * 12
    assert (tree["layer/1/weight"] == layer.synapses[0].weight).all()
    again = lavadl.from_tree(tree)
    x = (np.random.default_rng(0).random((3, 9, 5)) < 0.2).astype(np.uint8)
    one, two = (each.run(x, engine="numpy", record=True) for each in (free, again))
    assert one.trains("dense_1").any()
    assert (one.trains("dense_1") == two.trains("dense_1")).all()
    assert (one.scores == two.scores).all()
    with pytest.raises(UnsupportedError, match="its states times 64, stock neurons' fraction bit"):
        lavadl.to_tree(replace(free, phases=4000))


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 8),
    st.sampled_from([(0, 4096), (0, 0), (4096, 4096), (4096, 0)]),
    st.integers(1, 40_000),
    st.sampled_from([0, 1, -1, 3, 64, -640, 64 * 4095, 64 * 4096]),
)
def test_what_forgets_nothing_is_the_same_in_stock_units(bits, keeps, base, drive):
    """Or refused, where a threshold falls between two of stock neurons or a number does not fit."""
    make = Drawn(np.random.default_rng(bits))
    make.input(5)
    make.dense(6)
    network = netx.from_bytes(make.content())
    layer, ones = network.layers[1], np.ones(6, np.int32)
    values = {"keep_u": keeps[0] * ones[:1], "keep_v": keeps[1] * ones[:1], "drive": drive * ones}
    parts = replace(layer.integration, **values, fraction_bits=bits, rounding="floor")
    limit = replace(layer.threshold, base=base * ones)
    with suppress(UnsupportedError, InvalidNetworkError):
        free = with_layer(network, 1, integration=parts, threshold=limit)
        again = lavadl.from_tree(lavadl.to_tree(free))
        x = (np.random.default_rng(base).random((3, 9, 5)) < 0.4).astype(np.uint8)
        one, two = (each.run(x, engine="numpy", record=True) for each in (free, again))
        assert (one.trains("dense_1") == two.trains("dense_1")).all()


# What a stranger's file may do.


def test_command_line(tmp_path, capsys):
    """A plain file becomes one of this format and back; what is left out is said."""
    plain, ours, back = (str(tmp_path / name) for name in ("a.net", "b.net", "c.net"))
    Path(plain).write_bytes(smallest().content())
    for words in (
        [plain, "-o", ours, "--to", "onespike", "--steps", "12"],
        [ours, "-o", back, "--to", "lava-dl"],
    ):
        with pytest.raises(SystemExit) as end:
            main(["convert", *words])
        assert end.value.code == 0
    assert "not in the file: the scores are counts of the last layer's" in capsys.readouterr().err
    assert onespike_lava.load(ours) == onespike_lava.load(plain, steps=12)
    assert onespike_lava.load(back) == onespike_lava.load(ours)
    with pytest.raises(SystemExit) as end:
        main(["convert", str(MODEL), "-o", str(tmp_path / "d.net"), "--to", "lava-dl"])
    assert end.value.code == 2
    assert "its neurons obey a phase code, stock LIF neurons do not" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["convert", plain, "-o", str(tmp_path / "d.net")])
    assert end.value.code == 2
    assert "between two .net files say --to lava-dl or --to onespike" in capsys.readouterr().err


# Trained networks of Intel's, and what Intel recorded of them.


def test_of_pruned_connections_it_has_zeros_and_says_so(tmp_path):
    network = pruned(stepping(), 0.4)
    told = netx.save_lava_dl(network, tmp_path / "a.net")
    assert "pruned synapses are weights of 0, as many as before" in told
    assert not any("pruned" in text for text in netx.save_lava_dl(stepping(), tmp_path / "b.net"))
    weight = lavadl.to_tree(network)["layer/3/weight_rec"]
    live = network.layers[2].synapses[1].live
    assert not weight[~live].any()
    assert weight[live].any()
