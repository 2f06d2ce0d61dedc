"""A layer that learns, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import OptionError
from onespike_lava.layers import PLAIN, Shape, Synapse, Window
from onespike_lava.layers.base import Frozen
from onespike_lava.limits import WEIGHT_MAX


class Look(NamedTuple):
    """What was seen after so many samples: convergence, and the share of live connections."""

    samples: int
    convergence: float
    live: float


@dataclass(frozen=True, eq=False)
class Plastic(Frozen):
    """The weights of a convolution while it learns; they are shared by all places.

    A dense layer is a kernel as large as its input.

    weight       : int8[O, I, rows, columns] of 0 .. 127, 0 where pruned
    live         : bool of the same shape
    window       : padding; stride 1
    samples      : learnt from so far
    integrations : live synapses that spikes passed meanwhile
    updates      : weights that winners moved
    history      : a `Look` after every `Rule.look` samples
    """

    weight: NDArray[np.int8]
    live: NDArray[np.bool_]
    window: Window = PLAIN
    samples: int = 0
    integrations: int = 0
    updates: int = 0
    history: tuple[Look, ...] = ()

    @classmethod
    def drawn(
        cls, shape: Shape, window: Window, seed: int | tuple[int, ...], mean: float = 0.8
    ) -> Plastic:
        """The layer before it learns: weights of a normal distribution, all live.

        shape  : (O, I, rows, columns) of the weights
        window : padding; stride and dilation 1
        seed   : of the draw, as `numpy.random.default_rng` takes it
        mean   : share of 127 around which weights lie, with a deviation of 0.05

        Weights are rounded and cut to 1 .. 126. Raises `OptionError` for another stride or
        dilation, or a shape that is not of four positive sizes.
        """
        if len(shape) != 4 or min(shape) < 1:
            raise OptionError(
                f"shape: {tuple(shape)} is not (O, I, rows, columns); give four positive sizes"
            )
        if window.stride != (1, 1) or window.dilation != (1, 1):
            raise OptionError(f"window: {window} is not of stride and dilation 1; leave both out")
        draws = np.random.default_rng(seed).normal(mean, 0.05, shape)
        weight = np.clip(np.rint(draws * WEIGHT_MAX), 1, WEIGHT_MAX - 1).astype(np.int8)
        return cls(weight, np.ones(shape, np.bool_), window)

    def output_shape(self, source: Shape) -> Shape:
        """(O, H, W) for an input (I, H, W)."""
        return Synapse(0, self.weight, self.window).output_shape(source)

    @property
    def connectivity(self) -> float:
        """Share of its connections that live."""
        return float(self.live.mean())
