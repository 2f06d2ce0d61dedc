"""Networks that step and that NIR's nodes say whole: no metadata is needed to compute them."""

from contextlib import suppress
from dataclasses import replace

import numpy as np

from onespike_lava.errors import InvalidNetworkError
from onespike_lava.layers import Firing, Integration, Reset, Threshold, Timed, TimedReadout, Window
from onespike_lava.network import Network
from tests.networks import HALVING, TimedMaker

DT = 2.0**-10
"""A step whose multiples are exact in float32, so that potentials meet thresholds exactly."""


class Sayable(TimedMaker):
    """Neurons that reset to zero, their states exact: kept whole, halved or not at all."""

    def parts(self, shape, unit, count=True, exact=6):
        """Halved states are exact with as many digits as there are steps more than one.

        exact : fewest of them that the spikes of neurons without filter need; the leak rounded up
                gives the spikes of real numbers above whole thresholds with none
        """
        halves, filters = self.chance(0.6), self.chance(0.4)
        keeps = [4096, 0, 2048] if halves else [4096, 0]
        kept = [self.rng.choice(keeps, shape[0] if self.chance() else 1) for _ in "uv"]
        kept[0] = kept[0] if filters else np.zeros(1)
        keep_u, keep_v = (each.astype(np.int32) for each in kept)
        bits = int(self.rng.choice([0, 2, 6]))
        bits = max(bits, 6 if filters else exact) if halves else bits
        drive = self.values(-unit // 8, unit // 8, shape) << bits if self.chance() else None
        parts = Integration(np.zeros(shape[0], np.int32), keep_u, keep_v, bits, "ceil", drive)
        base = (self.values(unit // 2, 2 * unit, shape) << bits) + 1
        return parts, Threshold(base), Reset("zero"), Firing()

    def neurons(self, synapses, shape):
        fan_in = sum(each.weight[:1].size for each in synapses)
        parts = self.parts(shape, int(20 * np.sqrt(fan_in)) + 1, exact=0)
        layer = Timed(self.name("timed"), shape, tuple(synapses), *parts, np.ones(shape[0]))
        self.layers.append(layer)
        return len(self.layers) - 1

    def end(self, source):
        """Output neurons of their own units."""
        synapse = self.synapse(source, (4, int(np.prod(self.layers[source].shape))))
        parts, *_ = self.parts((4,), 100)
        self.layers.append(TimedReadout("readout", (4,), (synapse,), parts, 1.0))


def sayable_network(seed, phases=7, twice=True):
    """A network of such neurons, of sums, pools, recurrence and delays; events go in.

    twice : a sum counts one of its sources twice
    """
    rng = np.random.default_rng(seed)
    for _ in range(100):
        with suppress(InvalidNetworkError):
            return _drawn(rng, phases, twice)
    raise AssertionError("no draw is valid")


def _drawn(rng, phases, twice) -> Network:
    make = Sayable(rng, phases)
    at = make.input((2, 6, 7), "events")
    make.layers[0] = replace(make.layers[0], bits=1)
    same = Window((1, 1), (1, 1, 1, 1))
    skip = make.conv(at, 4, window=same)
    at = make.conv(skip, 4, window=same, groups=int(rng.choice([1, 2])))
    at = make.sum(skip, at, *[skip] * twice) if make.chance(0.6) else make.pool(at)
    kernel = (2, 2) if make.chance(0.7) else (1, 2)
    at = make.conv(at, 5, kernel, HALVING)
    at = make.dense(at, 9, recurrent=make.chance(0.6))
    make.end(at)
    return make.network()


def sent_to(network, seed, share=0.3):
    """Spikes of the input, uint8[T, *shape]."""
    rng = np.random.default_rng(seed)
    return (rng.random((network.phases, *network.input.shape)) < share).astype(np.uint8)
