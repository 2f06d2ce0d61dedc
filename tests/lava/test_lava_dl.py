"""Plain files that this library writes, in stock lava-dl: the same spikes, samples back to back."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import onespike_lava
from onespike_lava import netx
from onespike_lava.errors import OneSpikeWarning
from tests.plain import DATA, TRUTH, Drawn, delayed

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")
pytest.importorskip("lava.lib.dl.netx", reason="lava-dl is not installed")

STOCK = """
import sys
import numpy as np
from lava.lib.dl.netx import hdf5
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

path, sent, out, every, bits, skip = sys.argv[1:]
data = np.load(sent)
how = {"reset_interval": int(every) or None, "reset_offset": 1, "skip_layers": int(skip)}
net = hdf5.Network(net_config=path, input_message_bits=int(bits), **how)
source, sink = Source(data=data), Sink(shape=net.out.shape, buffer=data.shape[-1])
source.s_out.connect(net.inp)
net.out.connect(sink.a_in)
net.run(RunSteps(data.shape[-1]), Loihi2SimCfg(select_tag="fixed_pt"))
spikes, potential = sink.data.get(), net.layers[-1].neuron.v.get()
net.stop()
np.savez(out, spikes=spikes, potential=potential)
"""
"""Runs a file in the stock network, its layers reset one step after the other."""


def stock(tmp_path, network, sent, every=0, bits=0, skip=0):
    """Spikes [steps, *shape] of the last layer of the stock network, and its last potential.

    sent  : what the input sends in each step, [steps, *shape]
    every : steps from reset to reset, 0 for none
    skip  : layers of the file that are left out, whose spikes `sent` are
    """
    netx.save_lava_dl(network, tmp_path / "plain.net")
    counted = network.readout.name == "readout"  # not in the file
    late = len(network.layers) - 1 - counted - skip  # a step per synapse
    data = np.concatenate([sent, np.zeros((late, *sent.shape[1:]), sent.dtype)])
    if len(network.layers[1 + skip].shape) == 3:
        data = data.transpose(3, 2, 1, 0)  # lava-dl's order is x, y, channel
    else:
        data = data.reshape(len(data), -1).T
    np.save(tmp_path / "sent.npy", data.astype(int))
    words = [str(tmp_path / name) for name in ("plain.net", "sent.npy", "found.npz")]
    command = [sys.executable, "-c", STOCK, *words, str(every), str(bits), str(skip)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "found.npz") as file:
        return file["spikes"].T[late:], file["potential"]


def chain(seed, steps, late=False):
    """Spikes from outside, a convolution, dense layers, with biases or recurrence and delays."""
    make = Drawn(np.random.default_rng(seed), steps)
    make.input(2, 7, 6)
    make.conv(4, groups=2)
    make.flatten()
    make.dense(12, delay=late)
    make.dense(9, recurrent=late)
    make.dense(8, delay=late)
    for layer in make.layers if late else ():
        layer.pop("bias", None)
    return netx.from_bytes(make.content())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_samples_back_to_back(tmp_path, seed):
    network = chain(seed, 8)
    rng = np.random.default_rng(seed)
    sent = (rng.random((4, 8, 2, 7, 6)) < 0.3).astype(np.uint8)
    run = network.run(sent, engine="numpy", record=True)
    expected = run.trains(network.layers[-2].name).reshape(32, 8)
    assert expected.any()
    found, _ = stock(tmp_path, network, sent.reshape(32, 2, 7, 6), every=8)
    assert (found == expected).all()


def test_recurrence_and_delays(tmp_path):
    """One sample: what recurs and what is late would reach into the next one.

    Stock netx delays what arrives at a neuron instead of what leaves it, so those of the last layer
    are in its spikes.
    """
    network = chain(3, 30, late=True)
    rng = np.random.default_rng(3)
    sent = (rng.random((30, 2, 7, 6)) < 0.3).astype(np.uint8)
    run = network.run(sent[None], engine="numpy", record=True)
    spikes = run.trains(network.layers[-2].name)[0].astype(np.int64)
    expected = delayed(spikes, network.readout.synapses[0].delay)
    assert expected.any()
    found, _ = stock(tmp_path, network, sent)
    assert (found == expected).all()


@pytest.mark.long
def test_integers_in_every_step(tmp_path):
    """Direct coding: the first layer reads the integers themselves, as graded spikes."""
    make = Drawn(np.random.default_rng(5), 6)
    make.input(10)
    make.dense(12)
    make.dense(8)
    for layer in make.layers[1:]:
        layer["neuron"]["vThMant"] = 2000
    spikes = netx.from_bytes(make.content())
    entry = replace(spikes.input, bits=4, coding="constant")
    network = replace(spikes, layers=(entry, *spikes.layers[1:]))
    x = np.random.default_rng(0).integers(0, 16, (3, 10))
    run = network.run(x, engine="numpy", record=True)
    expected = run.trains(network.layers[-2].name).reshape(18, 8)
    assert expected.any()
    sent = np.repeat(x, 6, axis=0)
    found, _ = stock(tmp_path, network, sent, every=6, bits=4)
    assert (found == expected).all()


@pytest.mark.parametrize("neurons", [True, False])
def test_output_neurons_that_only_add(tmp_path, neurons):
    """Their last potential is the score, without neurons in the file or of a threshold too high."""
    make = Drawn(np.random.default_rng(6), 10)
    make.input(9)
    make.dense(12)
    make.dense(5)
    if neurons:
        make.layers[2]["neuron"] |= {"vThMant": 2**17 - 1, "iDecay": 1024, "vDecay": 512}
    else:
        del make.layers[2]["neuron"], make.layers[2]["bias"]
    network = netx.from_bytes(make.content())
    sent = (np.random.default_rng(0).random((10, 9)) < 0.4).astype(np.uint8)
    run = network.run(sent[None], engine="numpy")
    found, potential = stock(tmp_path, network, sent, every=100)
    assert not found.any()
    more = 64 >> network.readout.integration.fraction_bits
    assert run.scores.any()
    assert (potential == run.scores[0] * max(more, 1)).all()


@pytest.mark.long
@TRUTH
def test_mnist_as_it_was_trained(tmp_path):
    with pytest.warns(OneSpikeWarning):
        network = onespike_lava.load(DATA / "mnist.net", steps=16)
    sent = (np.random.default_rng(0).random((3, 16, 784)) < 0.1).astype(np.uint8)
    run = network.run(sent, engine="numpy", record=True)
    expected = run.trains("dense_2").reshape(48, 10)
    assert expected.any()
    found, _ = stock(tmp_path, network, sent.reshape(48, 784), every=16)
    assert (found == expected).all()


@pytest.mark.long
@TRUTH
def test_pilotnet_behind_its_input(tmp_path):
    """The input's neurons are in the file; lava-nc has no model of the block that they become."""
    network = onespike_lava.load(DATA / "pilotnet_lif.net", steps=17)
    with np.load(DATA / "pilotnet_lif_truth.npz") as file:
        x = (file["image"].T - 36) / 40
    run = network.run(x[None], engine="numpy", record=True)
    _, potential = stock(tmp_path, network, run.trains("input_0")[0], every=100, skip=1)
    assert potential == run.scores[0] != 0
