"""Networks that step, which stock processes of Lava express: drawn, and changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from onespike_lava.layers import Firing, Integration, Reset, Synapse, Threshold, Timed, TimedReadout
from tests.networks import HALVING, PLAIN, TimedMaker, Window

SAME = Window((1, 1), (1, 1, 1, 1))


class StockMaker(TimedMaker):
    """Draws networks that stock processes express.

    kind : `hard` leaky with hard reset, `soft` without leak and with soft reset, `plain` hard
           reset without leak, in any number of fraction bits
    """

    def __init__(self, rng, phases, kind, late=False, graded=False):
        super().__init__(rng, phases)
        self.kind, self.late, self.graded = kind, late, graded

    def synapse(self, source, weight_shape, window=PLAIN, groups=1):
        weight = self.rng.normal(1, 8, weight_shape).astype(np.int8)
        return Synapse(source, weight, window, groups, self.delay(source))

    def delay(self, source, shape=None):
        return super().delay(source, shape) if self.late else None

    def recurrent(self, source, features):
        """With payloads only where axons leave a step for their multiplication."""
        weight = self.rng.normal(1, 8, (features, int(np.prod(self.layers[source].shape))))
        loop = self.rng.normal(3, 12, (features, features)).astype(np.int8)
        delay = self.rng.integers(1, 4, features).astype(np.int32) if self.graded else None
        loops = Synapse(len(self.layers), loop, delay=delay)
        return self.neurons([Synapse(source, weight.astype(np.int8)), loops], (features,))

    def neurons(self, synapses, shape):
        fan_in = sum(each.weight[:1].size for each in synapses)
        parts = self.parts(shape, int(6 * np.sqrt(fan_in)) + 1)
        self.layers.append(
            Timed(self.name("timed"), shape, tuple(synapses), *parts, np.ones(shape[0]))
        )
        return len(self.layers) - 1

    def keeps(self, shape):
        leaks = self.kind == "hard"
        v = self.rng.choice([4096, 3000, 2048, 1], shape[0] if leaks and self.chance() else 1)
        u = self.rng.choice([0, 1000, 4095], 1) if leaks else np.zeros(1)
        return u.astype(np.int32), (v if leaks else np.full(1, 4096)).astype(np.int32)

    def parts(self, shape, unit, count=True):
        bits = 6 if self.kind == "hard" else int(self.rng.choice([0, 1, 3, 6, 7]))
        small = self.kind == "soft" or (self.kind == "plain" and self.graded)
        bits = min(bits, 1) if small else bits
        u, v = self.keeps(shape)
        drive = self.rng.integers(-8, 16, shape[0]) << bits if self.chance() else None
        drive = None if drive is None else drive.astype(np.int32)
        bias = self.values(-unit, unit, shape) if self.chance() else np.zeros(shape[0], np.int32)
        integration = Integration(bias, u, v, bits, "zero", drive)
        base = self.rng.integers(unit // 2 + 1, 2 * unit, shape[0]) << bits
        base = base if self.chance() else np.full(shape[0], base[0])
        kind = "subtract" if self.kind == "soft" else "zero"
        # A LIF fires above its threshold, which is a multiple of 64.
        base = base + 1 if bits == 6 and kind == "zero" else base
        payload = self.table(1, 5) if self.graded and self.chance(0.6) else whole(1)
        return integration, Threshold(base.astype(np.int32)), Reset(kind), Firing(payload)

    def readout(self, source, group=2, classes=3):
        super().readout(source, group, classes)
        last = self.layers[-1]
        self.layers[-1] = TimedReadout(
            *(last.name, last.shape, last.synapses, last.integration, 1.0, last.take, group)
        )


def drawn(seed, kind, phases=6, coding="constant", **more):
    rng = np.random.default_rng(seed)
    make = StockMaker(rng, phases, kind, **more)
    at = make.input((2, 5, 6), coding)
    skip = make.conv(at, 3, window=SAME)
    at = make.conv(skip, 3, window=SAME)
    at = make.sum(skip, at) if make.chance(0.6) else make.pool(at)
    at = make.conv(at, 4, (2, 2), HALVING)
    at = make.recurrent(at, 6) if make.late else make.dense(at, 6)
    make.readout(at)
    return make.network()


def changed(network, position, **fields):
    """The network with other parts of a layer; names of fields of any part."""
    layer = network.layers[position]
    for name in ("integration", "threshold", "reset", "firing"):
        part = getattr(layer, name)
        known = {"kind"} if name == "reset" else set(part.__dataclass_fields__)
        mine = {key: value for key, value in fields.items() if key in known}
        layer = replace(layer, **{name: replace(part, **mine)}) if mine else layer
    mine = {key: value for key, value in fields.items() if key in layer.__dataclass_fields__}
    layer = replace(layer, **mine)
    layers = (*network.layers[:position], layer, *network.layers[position + 1 :])
    return replace(network, layers=layers)


def whole(*values):
    return np.array(values, np.int32)
