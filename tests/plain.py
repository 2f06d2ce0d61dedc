"""Plain lava-dl files, drawn and computed without this library: its yardstick for them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from onespike_lava.layers import Timed, TimedReadout

ROOT = Path(__file__).parents[1]

DATA = Path(os.environ.get("ONESPIKE_DATA", ROOT / ".." / "shared" / "data")) / "trained_snn"
"""Networks trained with lava-dl, and what Intel recorded of them."""

TRUTH = pytest.mark.skipif(
    not (DATA / "pilotnet_lif.net").is_file(),
    reason="no trained_snn; set ONESPIKE_DATA to its folder's parent",
)

MODERN = {"gradedSpike": False, "refDelay": 1}
OLD = {"wgtExp": 0, "refDelay": 1, "theta": 640, "tauRho": 0.5, "scaleRho": 1.0}


class Drawn:
    """Layers of a plain file as SLAYER writes them, `layer -> key -> value`."""

    def __init__(self, rng, steps=9):
        self.rng, self.layers, self.shape, self.steps = rng, [], (), steps

    def neuron(self, **more):
        modern = self.rng.random() < 0.5
        iDecay, vDecay = (int(self.rng.choice([0, 410, 1024, 2048, 4096])) for _ in range(2))
        return {
            "type": "CUBA" if modern else "LOIHI",
            "iDecay": iDecay,
            "vDecay": vDecay,
            "vThMant": int(self.rng.integers(20, 90)),
            **(MODERN if modern else OLD),
            **more,
        }

    def weight(self, *shape):
        odd = self.rng.random() < 0.3  # only as wide as int8
        values = self.rng.integers(-40, 60, shape)
        return (values if odd else values * 2).astype(np.float32)

    def input(self, *shape):
        self.add(type="input", shape=list(shape))

    def driven(self, *shape):
        weight, bias = np.float32(self.rng.choice([-50, 40, 64])), np.float32(36)
        self.add(
            type="input",
            shape=list(shape),
            weight=weight,
            bias=bias,
            neuron=self.neuron(iDecay=4096),
        )

    def conv(self, channels, kernel=(3, 3), stride=(2, 1), padding=(1, 0), groups=1):
        rows, columns = (
            (size + 2 * pad - k) // step + 1
            for size, pad, k, step in zip(self.shape[1:], padding, kernel, stride, strict=True)
        )
        weight = self.weight(channels, self.shape[0] // groups, *kernel)
        last = self.rng.random() < 0.5  # SLAYER's kernels have an axis of time
        self.add(
            type="conv",
            inChannels=self.shape[0],
            outChannels=channels,
            kernelSize=list(kernel),
            stride=list(stride),
            padding=list(padding),
            dilation=[1, 1],
            groups=groups,
            weight=weight[..., None] if last else weight,
            bias=self.weight(channels),
            neuron=self.neuron(),
            shape=[channels, rows, columns],
        )

    def flatten(self):
        self.add(type="flatten", shape=[int(np.prod(self.shape)), 1, 1])

    def dense(self, outputs, recurrent=False, delay=False, **more):
        inputs = int(np.prod(self.shape))
        values = {"weight": self.weight(outputs, inputs), "neuron": self.neuron()}
        if recurrent:
            values["weight_rec"] = self.weight(outputs, outputs)
        if delay:
            values["delay"] = self.rng.integers(0, 5, outputs).astype(np.float32)
        else:
            values["bias"] = self.weight(outputs)
        kind = "dense_rec" if recurrent else "dense"
        sizes = {"inFeatures": inputs, "outFeatures": outputs}
        self.add(type=kind, shape=[outputs, 1, 1], **sizes, **values, **more)

    def average(self, outputs):
        self.add(type="average", shape=[outputs, 1, 1])

    def add(self, **layer):
        self.layers.append(layer)
        self.shape = tuple(layer["shape"])

    def tree(self):
        """Path -> array."""
        found = {"simulation/Ts": np.array(1), "simulation/tSample": np.array(self.steps)}
        for number, layer in enumerate(self.layers):
            flat = {k: v for k, v in layer.items() if k != "neuron"}
            flat |= {f"neuron/{k}": v for k, v in layer.get("neuron", {}).items()}
            for key, value in flat.items():
                text = isinstance(value, str)
                found[f"layer/{number}/{key}"] = np.array([value.encode()] if text else value)
        return found

    def content(self):
        """Bytes of the file, types of neurons as texts of any length."""
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            for path, array in self.tree().items():
                if path.endswith("neuron/type"):
                    file[path] = array[0].decode()
                else:
                    file[path] = array
        return buffer.getvalue()


def drawn(seed, steps=9):
    """A network of every type that is read."""
    rng = np.random.default_rng(seed)
    make = Drawn(rng, steps)
    if seed % 3 == 0:
        make.driven(2, 7, 6)
    else:
        make.input(2, 7, 6)
    if seed % 2:
        make.conv(4, groups=int(rng.choice([1, 2])))
    make.flatten()
    late = seed % 3 > 0
    make.dense(12, delay=late)
    make.dense(9, recurrent=late)
    make.dense(8, delay=late and rng.random() < 0.5)
    if seed % 4 == 1:
        make.average(4)
    if seed % 4 == 2:  # what SLAYER calls affine
        make.dense(3)
        make.layers[-1]["neuron"]["vThMant"] = 2**18 - 1
        make.layers[-1]["neuron"]["vDecay"] = 0
    if seed % 4 == 3:
        make.dense(3)
        for key in ("neuron", "bias"):
            del make.layers[-1][key]
    return make


def simulated(layers, sent, steps):
    """Spikes [T, *shape] of each layer with neurons, `u` and `v` before the reset, by the text.

    sent : spikes of the input, [T, *shape], or of an input with neurons its numbers, [*shape]
    """
    found = []
    for layer in layers:
        if layer["type"] in ("flatten", "average") or "neuron" not in layer:
            if layer["type"] == "dense":
                found.append(
                    ran(layer, sent, steps, {"iDecay": 4096, "vDecay": 0, "vThMant": 2**18})
                )
            continue
        found.append(ran(layer, sent, steps, layer["neuron"]))
        sent = delayed(found[-1][0], layer.get("delay"))
    return found


def ran(layer, sent, steps, neuron):
    """One layer."""
    shape = tuple(layer["shape"]) if layer["type"] in ("input", "conv") else (layer["shape"][0],)
    bias = np.asarray(layer.get("bias", 0.0)).astype(np.int64)
    if layer["type"] == "conv":
        bias = bias.reshape(-1, 1, 1)
    u, v, own = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    kept = []
    for step in range(steps):
        if layer["type"] == "input":
            arriving = np.rint(sent * int(layer["weight"])).astype(np.int64)
        elif layer["type"] == "conv":
            arriving = convolved(layer, sent[step])
        else:
            arriving = layer["weight"].astype(np.int64) @ sent[step].reshape(-1)
        if "weight_rec" in layer:
            arriving = arriving + layer["weight_rec"].astype(np.int64) @ own
        u = towards_zero(u, 4096 - neuron["iDecay"]) + arriving * 64
        v = towards_zero(v, 4096 - neuron["vDecay"]) + u + bias * 64
        own = (v > neuron["vThMant"] * 64).astype(np.int64)
        kept.append((own, u, v))
        v = np.where(own, 0, v)
    return [np.stack(each) for each in zip(*kept, strict=True)]


def towards_zero(values, keep):
    return np.sign(values) * (np.abs(values) * keep // 4096)


def convolved(layer, plane):
    weight = layer["weight"].astype(np.int64)
    weight = weight.reshape(weight.shape[:4])
    (down, across), (top, left) = layer["stride"], layer["padding"]
    padded = np.pad(plane, ((0, 0), (top, top), (left, left)))
    per, out = weight.shape[0] // layer["groups"], np.zeros(layer["shape"], np.int64)
    for c, row, column in np.ndindex(*out.shape):
        first = c // per * weight.shape[1]
        part = padded[
            first : first + weight.shape[1],
            row * down : row * down + weight.shape[2],
            column * across : column * across + weight.shape[3],
        ]
        out[c, row, column] = (weight[c] * part).sum()
    return out


def delayed(spikes, delay):
    """What leaves axons with delays."""
    if delay is None:
        return spikes
    found = np.zeros_like(spikes)
    for neuron, late in enumerate(delay.astype(int)):
        found[late:, neuron] = spikes[: max(len(spikes) - late, 0), neuron]
    return found


def input_of(make, network, seed):
    """What goes into the network, and the same for the yardstick."""
    rng, shape = np.random.default_rng(seed), network.input.shape
    if network.input.coding == "events":
        sent = (rng.random((make.steps, *shape)) < 0.3).astype(np.uint8)
        return sent[None], sent.astype(np.int64)
    weight = abs(int(make.layers[0]["weight"]))
    x = rng.integers(-weight, weight + 1, shape) / weight
    return x[None], x


def check_run(make, network, engine, seed=0):
    """Spikes, currents and potentials of every layer, and the scores."""
    x, sent = input_of(make, network, seed)
    run = network.run(x, engine=engine, record=True, traces=True)
    neurons = [each for each in network.layers if isinstance(each, (Timed, TimedReadout))]
    expected = simulated(make.layers, sent, make.steps)
    for layer, (spikes, u, v) in zip(neurons, expected, strict=False):
        if isinstance(layer, Timed):
            assert (run.trains(layer.name)[0] == spikes).all(), layer.name
        else:
            assert (run.scores[0] == v[-1]).all()
        if layer.sources != (0,) or network.input.coding == "events":  # numbers enter shifted
            assert (run.currents[layer.name][0] == u.reshape(len(u), *layer.shape)).all()
        assert (run.potentials[layer.name][0] == v.reshape(len(v), *layer.shape)).all()
    return run, expected


def smallest():
    make = Drawn(np.random.default_rng(0))
    make.input(3)
    make.dense(2)
    make.dense(2)
    return make
