"""Lava-dl's trained MNIST network: spikes of SLAYER's own neurons, layer by layer."""

import subprocess
import sys

import numpy as np
import pytest

import onespike_lava
from onespike_lava.errors import OneSpikeWarning
from tests.plain import DATA, TRUTH

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")
pytest.importorskip("lava.lib.dl.netx", reason="lava-dl is not installed")

SLAYER = """
import sys
import h5py
import numpy as np
import torch
from lava.lib.dl import slayer

path, sent, out = sys.argv[1:]
x = torch.from_numpy(np.load(sent).astype(np.float32)).permute(0, 2, 1)
found = []
with h5py.File(path) as file, torch.no_grad():
    for key in sorted(file["layer"]):
        layer, neuron = file["layer"][key], file["layer"][key]["neuron"]
        decays = {name: float(neuron[part][()]) / 4096 for name, part in
                  (("current_decay", "iDecay"), ("voltage_decay", "vDecay"))}
        threshold = float(neuron["vThMant"][()]) / 64
        block = slayer.neuron.cuba.Neuron(threshold=threshold, scale=64, **decays)
        weight = torch.from_numpy(layer["weight"][()].astype(np.float32)) / 64
        x = block(torch.einsum("oi,nit->not", weight, x))
        found.append(x.permute(0, 2, 1).numpy())
np.savez(out, *found)
"""
"""Runs a file's layers on SLAYER's neurons, in a process that loads torch."""


@TRUTH
def test_mnist_equals_slayer(tmp_path):
    with pytest.warns(OneSpikeWarning):
        network = onespike_lava.load(DATA / "mnist.net", steps=16)
    sent = (np.random.default_rng(0).random((6, 16, 784)) < 0.1).astype(np.uint8)
    np.save(tmp_path / "sent.npy", sent)
    paths = (DATA / "mnist.net", tmp_path / "sent.npy", tmp_path / "out.npz")
    words = (sys.executable, "-c", SLAYER, *map(str, paths))
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    run = network.run(sent, engine="numpy", record=True)
    with np.load(tmp_path / "out.npz") as known:
        for layer, name in zip(network.layers[1:-1], known, strict=True):
            assert known[name].sum() > 50
            assert np.array_equal(run.trains(layer.name), known[name]), layer.name
