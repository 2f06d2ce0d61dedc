"""The integer network as data: frozen layers in order, valid by construction."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Frozen, Input, Layer, MaxPool, Readout, Spiking


@dataclass(frozen=True, eq=False)
class Model(Frozen):
    """What an integer network is; `network.Network` can also run.

    layers     : input first, readout last, each after its sources
    phases     : `T`, phases of a sample
    wait       : default `T_w`, phases between the first input and the first output of a layer
    weighting  : `graded` (synapse-based) or `membrane` (neuron-based, the paper's own)
    provenance : sorted pairs of text that say where the network comes from
    """

    layers: tuple[Layer, ...]
    phases: int
    wait: int
    weighting: str = "graded"
    provenance: tuple[tuple[str, str], ...] = ()

    @property
    def input(self) -> Input:
        """The first layer."""
        layer = self.layers[0]
        assert isinstance(layer, Input)
        return layer

    @property
    def readout(self) -> Readout:
        """The last layer."""
        layer = self.layers[-1]
        assert isinstance(layer, Readout)
        return layer

    @property
    def output_scale(self) -> float | NDArray[np.float64]:
        """`logit = score * output_scale`: one number, or float64[outputs] with one per place."""
        scale = self.readout.scale
        if isinstance(scale, float):
            return scale
        return np.broadcast_to(scale, self.readout.shape).reshape(-1)

    @property
    def neurons(self) -> dict[str, int]:
        """Name -> neurons of each hidden (`Spiking`) layer."""
        hidden = [layer for layer in self.layers if isinstance(layer, Spiking)]
        return {layer.name: prod(layer.shape) for layer in hidden}

    def sender(self, position: int) -> Input | Spiking:
        """The layer whose code the layer at `position` passes on: itself unless a max pool."""
        layer = self.layers[position]
        while isinstance(layer, MaxPool):
            layer = self.layers[layer.source]
        assert isinstance(layer, (Input, Spiking))
        return layer

    def sending_steps(self, position: int) -> int:
        """Steps of a sample in which the layer can send, `T_src`."""
        sender = self.sender(position)
        return sender.bits if isinstance(sender, Input) else self.phases

    def code_of(self, position: int) -> tuple[str, int, float]:
        """Kind, unit and base of the layer's spikes; synapses onto one neuron need equal ones."""
        sender = self.sender(position)
        if isinstance(sender, Input):
            return ("binary", sender.bits, 2.0)
        return ("single", sender.payload_bits, sender.base if sender.growth else 0.0)
