"""Random valid networks that hold every kind of layer, for parity tests."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from onespike_lava import coding
from onespike_lava.errors import InvalidNetworkError
from onespike_lava.layers import (
    CODINGS,
    Firing,
    Growth,
    Input,
    Integration,
    Layer,
    MaxPool,
    Readout,
    Reset,
    Shape,
    Sparse,
    Spiking,
    Sum,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
    Window,
)
from onespike_lava.network import Network

PLAIN = Window()
HALVING = Window((2, 2))


def changed(network, position, **fields):
    """The network with fields of one layer replaced."""
    layers = list(network.layers)
    layers[position] = replace(layers[position], **fields)
    return replace(network, layers=tuple(layers))


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
    integers = rng.integers(0, 2**layer.bits, (samples, *network.sample_shape))
    integers *= rng.random(integers.shape) < 0.5
    return layer.low[0] + layer.step[0] * integers


def timed(network: Network) -> Network:
    """The same network of timed neurons."""
    turned = {Spiking: Timed.of, Readout: TimedReadout.of}
    layers = (turned.get(type(layer), lambda same: same)(layer) for layer in network.layers)
    return replace(network, layers=tuple(layers))


class TimedMaker:
    """Draws the layers of one network that steps, every field of its parts."""

    def __init__(self, rng, phases):
        self.rng, self.phases = rng, phases
        self.layers: list[Layer] = []

    def input(self, shape, coding) -> int:
        bits = int(self.rng.integers(1, 5))
        bits = min(bits, self.phases) if coding == "binary" else bits
        self.layers.append(Input("input", shape, bits, np.zeros(1), np.ones(1), coding))
        return 0

    def chance(self, share=0.4) -> bool:
        return bool(self.rng.random() < share)

    def synapse(self, source, weight_shape, window=PLAIN, groups=1):
        weight = self.rng.normal(3, 30, weight_shape).clip(-127, 127).astype(np.int8)
        return Synapse(source, weight, window, groups, self.delay(source))

    def delay(self, source, shape=None):
        if self.chance(0.7):
            return None
        shape = shape or self.layers[source].shape
        return self.rng.integers(0, 4, shape if self.chance() else 1).astype(np.int32)

    def conv(self, source, channels, kernel=(3, 3), window=PLAIN, groups=1):
        shape = self.layers[source].shape
        synapse = self.synapse(source, (channels, shape[0] // groups, *kernel), window, groups)
        return self.neurons([synapse], synapse.output_shape(shape))

    def dense(self, source, features, recurrent=False):
        weight = (features, int(np.prod(self.layers[source].shape)))
        synapses = [self.synapse(source, weight)]
        if recurrent:
            here, loop = len(self.layers), self.rng.normal(0, 20, (features, features))
            delay = self.delay(here, (features,))
            synapses.append(Synapse(here, loop.clip(-127, 127).astype(np.int8), delay=delay))
        return self.neurons(synapses, (features,))

    def sparse(self, source):
        """A matrix between the places of a source (C, H, W) for layers (C, places, 1)."""
        channels, *plane = self.layers[source].shape
        places = int(np.prod(plane))
        dense = self.rng.normal(0, 40, (5, places)) * (self.rng.random((5, places)) < 0.4)
        rows, columns = np.nonzero(dense)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=5))])
        weight = dense[rows, columns].clip(-127, 127).astype(np.int8)
        signs, delay = np.ones(1, np.int8), self.delay(source)
        ends = (columns.astype(np.int32), indptr.astype(np.int32))
        return self.neurons([Sparse(source, weight, *ends, signs, delay)], (channels, 5, 1))

    def pool(self, source):
        shape = self.layers[source].shape
        window = Window((2, 1), (0, 1, 1, 0)) if self.chance() else HALVING
        size = window.output_size(shape[1:], (2, 2))
        self.layers.append(MaxPool(self.name("pool"), (shape[0], *size), source, (2, 2), window))
        return len(self.layers) - 1

    def sum(self, *sources):
        self.layers.append(Sum(self.name("sum"), self.layers[sources[0]].shape, sources))
        return len(self.layers) - 1

    def name(self, kind):
        return f"{kind}{len(self.layers)}"

    def values(self, low, high, shape):
        """int32 per channel, place or neuron."""
        places = [shape[:1], shape, (1, *shape[1:])] if len(shape) > 1 else [shape]
        size = places[int(self.rng.integers(len(places)))]
        return self.rng.integers(low, high, size).astype(np.int32)

    def table(self, low, high):
        size = self.phases if self.chance() else 1
        return self.rng.integers(low, high, size).astype(np.int32)

    def keep(self, shape, least):
        if self.chance():
            return np.array([4096 if least else 0], np.int32)
        size = shape[0] if self.chance() else 1
        choices = [2048, 3072, 4095, 1, 0, 4096, 3000]
        return self.rng.choice(choices, size).astype(np.int32)

    def parts(self, shape, unit, count=True):
        bits = int(self.rng.choice([0, 0, 2, 6]))
        high = unit << bits
        integration = Integration(
            self.values(-high, high, shape),
            self.keep(shape, least=False),
            self.keep(shape, least=True),
            bits,
            str(self.rng.choice(["floor", "ceil", "zero"])),
            self.values(-high // 4, high // 2, shape) if self.chance() else None,
        )
        kind = str(self.rng.choice(["keep", "zero", "subtract", "subtract"]))
        reset = Reset(kind)
        if kind == "subtract" and self.chance():
            table = self.table(1, 4) if self.chance() else None
            reset = Reset(kind, self.values(high // 2, 2 * high, shape), table)
        spikes = int(self.rng.integers(1, self.phases + 1)) if self.chance() else 0
        most = int(self.rng.integers(2, 8)) if count and self.chance() else 1
        floor = self.values(-2 * high, 1, shape) if self.chance() else None
        firing = Firing(self.table(1, 12), spikes, most, floor)
        if kind == "keep" and spikes > 1 and self.chance():
            reset, firing = Reset("level"), Firing(self.table(1, 4), spikes, 1, floor)
        return integration, Threshold(self.values(high // 2 + 1, 3 * high, shape)), reset, firing

    def neurons(self, synapses, shape):
        fan_in = sum(each.weight[:1].size for each in synapses)
        parts = self.parts(shape, int(20 * np.sqrt(fan_in)) + 1)
        if self.chance():
            table = self.table(1, 4)
            parts = (parts[0], Threshold(parts[1].base, table), *parts[2:])
        scale = self.rng.uniform(0.001, 0.1, shape[0])
        self.layers.append(Timed(self.name("timed"), shape, tuple(synapses), *parts, scale))
        return len(self.layers) - 1

    def readout(self, source, group=2, classes=3):
        weight = (group * classes, int(np.prod(self.layers[source].shape)))
        shape, synapse = (group * classes,), self.synapse(source, weight)
        integration, threshold, reset, firing = self.parts(shape, 200)
        take = str(self.rng.choice(["last", "sum", "maximum"]))
        fires = (threshold, reset, firing) if self.chance() else ()
        ends = (integration, 0.01, take, group, *fires)
        self.layers.append(TimedReadout("readout", shape, (synapse,), *ends))

    def network(self) -> Network:
        return Network(tuple(self.layers), self.phases, 0, "graded", (("made_by", "a draw"),))


def random_timed_network(seed: int, phases: int | None = None, sent: str | None = None):
    """A network that steps: leaks, resets, counts, recurrence, delays, sums and pools.

    Draws anew where a state could leave 24 bits.
    """
    for attempt in range(100):
        with suppress(InvalidNetworkError):
            return _timed_network(np.random.default_rng([seed, attempt]), phases, sent)
    raise AssertionError("no draw is valid")


def _timed_network(rng, phases, sent):
    phases = int(rng.choice([1, 2, 4, 7, 12, 20])) if phases is None else phases
    make = TimedMaker(rng, phases)
    sent = str(rng.choice(CODINGS)) if sent is None else sent
    size = int(rng.integers(8, 10))
    at = make.input((2, size, size + 1), sent)
    if sent == "events" and make.chance():
        at = make.pool(at)
    same = Window((1, 1), (1, 1, 1, 1))
    skip = make.conv(at, 4, window=same)
    at = make.conv(skip, 4, window=same, groups=int(rng.choice([1, 2, 4])))
    at = make.sum(skip, at) if make.chance(0.7) else at
    at = make.pool(at)
    at = make.sparse(at) if make.chance() else make.conv(at, 5, (2, 2), Window((1, 2)))
    at = make.dense(at, 9, recurrent=make.chance(0.6))
    make.readout(at, int(rng.integers(1, 4)))
    return make.network()
