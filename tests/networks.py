"""Random valid networks that hold every kind of layer, for parity tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from onespike_lava import coding
from onespike_lava.layers import (
    Growth,
    Input,
    Layer,
    MaxPool,
    Readout,
    Shape,
    Spiking,
    Synapse,
    Window,
)
from onespike_lava.network import Network

PLAIN = Window()
HALVING = Window((2, 2))


class Maker:
    """Draws the layers of one network; `rng` is seeded by the caller."""

    def __init__(self, rng, phases, base, weighting, payload_bits=8, several=False):
        self.several = several
        self.rng, self.phases, self.base, self.weighting = rng, phases, base, weighting
        self.bits = payload_bits
        self.payloads = coding.payload_table(phases, base, payload_bits)
        self.layers: list[Layer] = []

    def input(self, shape: Shape) -> int:
        bits = min(8, self.phases)
        self.layers.append(Input("input", shape, bits, np.zeros(1), np.full(1, 1 / (2**bits - 1))))
        return 0

    def growth(self, source: int) -> Growth | None:
        if self.weighting == "graded":
            return None
        while isinstance(self.layers[source], MaxPool):
            source = self.layers[source].source
        layer = self.layers[source]
        base, steps = (2.0, layer.bits) if source == 0 else (self.base, self.phases)
        return Growth(round(base * 4096), 12, 2, steps)

    def conv(self, source, channels, kernel=(3, 3), window=PLAIN, groups=1, sparse=0.0):
        shape = self.layers[source].shape
        weight = self.weight((channels, shape[0] // groups, *kernel), sparse)
        synapse = Synapse(source, weight, window, groups)
        return self.spiking([synapse], synapse.output_shape(shape))

    def dense(self, source, features):
        weight = self.weight((features, int(np.prod(self.layers[source].shape))))
        return self.spiking([Synapse(source, weight)], (features,))

    def residual(self, source, skip):
        """Two synapses into one layer of the shape of `skip`."""
        shape = self.layers[skip].shape
        main = Synapse(source, self.weight((shape[0], shape[0], 3, 3)), Window((1, 1), (1,) * 4))
        identity = np.full((shape[0], 1, 1, 1), 90, np.int8)
        return self.spiking([main, Synapse(skip, identity, groups=shape[0])], shape)

    def pool(self, source, kernel=(2, 2), window=HALVING):
        self.layers[source] = replace(self.layers[source], max_spikes=1)
        shape = self.layers[source].shape
        size = window.output_size(shape[1:], kernel)
        self.layers.append(self.named(MaxPool, (shape[0], *size), source, kernel, window))
        return len(self.layers) - 1

    def readout(self, source, classes=5):
        weight = self.weight((classes, int(np.prod(self.layers[source].shape))))
        bias = self.rng.integers(-3000, 3000, classes).astype(np.int32)
        synapse = Synapse(source, weight)
        growth = self.growth(source)
        self.layers.append(self.named(Readout, (classes,), (synapse,), bias, 0.001, growth))

    def spiking(self, synapses, shape):
        growth = self.growth(synapses[0].source)
        fan_in = sum(synapse.weight[0].size for synapse in synapses)
        spread = 40 * np.sqrt(fan_in) * (60 if growth is None else 8)
        unit = 2 * int(self.payloads[0]) if growth is None else 2**self.bits
        bases = spread * self.rng.uniform(0.5, 3, shape[0]) / unit
        per_neuron = len(shape) == 3 and self.rng.random() < 0.3
        bias = self.rng.normal(0, spread / 4, shape if per_neuron else shape[:1])
        table = coding.threshold_table(self.payloads)
        if growth is not None:
            rows = growth.base ** np.arange(1, growth.steps + 1)
            theta = coding.thresholds(self.phases, self.base)
            table = np.maximum(1, np.rint(unit * rows[:, None] * theta)).astype(np.int32)
        self.layers.append(
            self.named(
                Spiking,
                shape,
                tuple(synapses),
                bias.astype(np.int32),
                np.maximum(1, bases).astype(np.int32),
                table,
                np.ones(self.phases, np.int32) if growth else self.payloads[:-1],
                self.bits,
                self.base,
                self.rng.uniform(0.001, 0.1, shape[0]),
                growth,
                int(self.rng.integers(1, min(5, self.phases + 1))) if self.several else 1,
            )
        )
        return len(self.layers) - 1

    def weight(self, shape, sparse=0.0):
        values = self.rng.normal(0, 40, shape).clip(-127, 127)
        return np.where(self.rng.random(shape) < sparse, 0, values).astype(np.int8)

    def named(self, kind, *fields):
        return kind(f"{kind.__name__.lower()}{len(self.layers)}", *fields)

    def network(self, wait=None) -> Network:
        return Network(
            tuple(self.layers),
            self.phases,
            self.phases if wait is None else wait,
            self.weighting,
            (("made_by", "a random draw"),),
        )


def random_network(
    seed: int, weighting: str = "graded", phases: int | None = None, several: bool = False
) -> Network:
    """A network with grouped, strided, padded and dilated convolutions, pools and a skip.

    With `several` its layers send one to four spikes, but for those that a max pool reads.
    """
    rng = np.random.default_rng(seed)
    phases = int(rng.choice([1, 2, 4, 8, 16, 16, 24])) if phases is None else phases
    base = 1.2 if phases > 20 else float(rng.choice([1.2, 1.3, 1.25]))
    make = Maker(rng, phases, base, weighting, several=several)
    size = int(rng.integers(6, 10))
    at = make.input((2, size, size + 1))
    at = make.conv(at, 4, window=Window((1, 1), (1, 1, 1, 1)))
    skip = make.conv(at, 4, window=Window((1, 1), (1, 1, 1, 1)), groups=int(rng.choice([1, 2, 4])))
    at = make.conv(skip, 4, kernel=(1, 3), window=Window((1, 1), (0, 1, 0, 1)), sparse=0.5)
    at = make.residual(at, skip)
    overlapping = rng.random() < 0.5
    at = make.pool(at, (3, 2), Window((2, 2), (1, 0, 1, 1)) if overlapping else Window((2, 2)))
    window = Window((2, 1), (2, 1, 0, 1), (1, 2)) if rng.random() < 0.5 else Window((1, 2))
    at = make.conv(at, 6, kernel=(2, 2), window=window, groups=int(rng.choice([1, 2])))
    at = make.dense(at, 7)
    make.readout(at)
    return make.network()


def random_samples(network: Network, samples: int, seed: int = 0) -> np.ndarray:
    """Samples on the input's grid, half of the values silent."""
    rng = np.random.default_rng(seed)
    layer = network.input
    integers = rng.integers(0, 2**layer.bits, (samples, *layer.shape))
    integers *= rng.random(integers.shape) < 0.5
    return layer.low[0] + layer.step[0] * integers
