"""Small networks that together hold everything a Lava network must run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from onespike_lava.layers import Readout, Synapse, Window
from onespike_lava.network import Network
from tests.networks import Maker


def _dense(make: Maker) -> None:
    at = make.input((6,))
    at = make.dense(at, 12)
    at = make.dense(at, 10)
    make.readout(at, 4)


def _conv(make: Maker) -> None:
    at = make.input((4, 9, 8))
    at = make.conv(at, 6, (3, 2), Window((2, 1), (1, 0, 2, 1)), groups=2)
    at = make.pool(at, (2, 2), Window((1, 2), (1, 0, 0, 1)))
    at = make.conv(at, 6, (2, 2), Window((1, 1), (0, 1, 1, 0), (2, 1)), groups=6)
    make.readout(at)


def _residual(make: Maker) -> None:
    """A skip past two layers, and a readout of two sources."""
    padded = Window((1, 1), (1, 1, 1, 1))
    at = make.input((2, 6, 6))
    skip = at = make.conv(at, 4, window=padded)
    at = make.conv(at, 4, window=padded)
    at = make.conv(at, 4, window=padded)
    at = make.residual(at, skip)
    _readout(make, Synapse(at, make.weight((3, 144))), Synapse(skip, make.weight((3, 144))))


def _concat(make: Maker) -> None:
    """A layer that reads two branches of unequal depth, each by weights of its own.

    One has a 1x1 convolution of groups that read several channels each.
    """
    padded = Window((1, 1), (1, 1, 1, 1))
    short = at = make.conv(make.input((2, 5, 5)), 3, window=padded)
    at = make.conv(make.conv(at, 4, window=padded), 4, (1, 1), groups=2)
    at = make.conv(at, 5, window=padded)
    branches = [Synapse(at, make.weight((4, 5, 3, 3))), Synapse(short, make.weight((4, 3, 3, 3)))]
    make.readout(make.spiking(branches, (4, 3, 3)))


def _conv_readout(make: Maker) -> None:
    at = make.input((3, 5, 5))
    at = make.conv(at, 4, window=Window((1, 1), (1, 1, 1, 1)))
    at = make.pool(at, (3, 3), Window((2, 2), (1, 1, 1, 1)))
    _readout(make, Synapse(at, make.weight((2, 4, 2, 2))))


def _readout(make: Maker, *synapses: Synapse) -> None:
    shape = synapses[0].output_shape(make.layers[synapses[0].source].shape)
    bias = make.rng.integers(-300, 300, shape).astype(np.int32)
    growth = make.growth(synapses[0].source)
    make.layers.append(make.named(Readout, shape, synapses, bias, 1.0, growth))


ARCHITECTURES: dict[str, Callable[[Maker], None]] = {
    "dense": _dense,
    "conv": _conv,
    "residual": _residual,
    "concat": _concat,
    "conv_readout": _conv_readout,
}


def build(
    architecture: str,
    weighting: str = "graded",
    phases: int = 12,
    seed: int = 0,
    several: bool = False,
) -> Network:
    """A network of one of `ARCHITECTURES` with random weights."""
    make = Maker(np.random.default_rng(seed), phases, 1.3, weighting, several=several)
    ARCHITECTURES[architecture](make)
    return make.network()


def integers(network: Network, samples: int, seed: int = 0) -> np.ndarray:
    """Input integers uint8[samples, *shape], half of them silent."""
    rng = np.random.default_rng(seed)
    shape = (samples, *network.input.shape)
    values = rng.integers(0, 2**network.input.bits, shape, np.uint8)
    return values * rng.integers(0, 2, shape, np.uint8)
