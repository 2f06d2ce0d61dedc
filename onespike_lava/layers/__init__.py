"""The frozen parts of an integer network: its layers, the synapses between them, their codes.

base     : read-only arrays, equality by value, shapes
window   : how a kernel slides
synapses : dense connections, convolutions, matrices of graphs
growth   : of potentials in membrane weighting
codes    : what a layer sends in which step
layer    : what every layer answers for itself
input, spiking, pool, readout : the layers
timed    : those of networks that step
registry : behaviour by class, for those that act on layers

Arrays are read-only and keep the channel-first order of torch: a layer's `shape` is
`(C, H, W)` or `(F,)`, a dense synapse reads a `(C, H, W)` source flattened in that order.
Layers refer to their sources by position in the network. This is plain data: what the
neurons compute stands in `engines`, what makes a network valid in `rules`.
"""

from onespike_lava.layers.base import Frozen, Integers, Shape, beside, per_neuron, times
from onespike_lava.layers.codes import (
    CODES,
    BinaryCode,
    Code,
    HeldCode,
    LatencyCode,
    PhaseCode,
    SeveralCode,
    StepCode,
)
from onespike_lava.layers.growth import Growth
from onespike_lava.layers.input import CODINGS, Input
from onespike_lava.layers.layer import Layer
from onespike_lava.layers.pool import MaxPool
from onespike_lava.layers.readout import Readout, unblocked
from onespike_lava.layers.registry import REGISTRIES, Registry
from onespike_lava.layers.spiking import Spiking
from onespike_lava.layers.synapses import CONNECTIONS, Connection, Sparse, Synapse
from onespike_lava.layers.timed import (
    RESETS,
    TAKES,
    Firing,
    Integration,
    Reset,
    Sum,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.layers.window import PLAIN, Window

LAYERS: tuple[type[Layer], ...] = (
    Input,
    Spiking,
    MaxPool,
    Readout,
    Timed,
    Sum,
    TimedReadout,
)
"""Every class of layers."""

__all__ = [
    "CODES",
    "CODINGS",
    "CONNECTIONS",
    "LAYERS",
    "PLAIN",
    "REGISTRIES",
    "RESETS",
    "TAKES",
    "BinaryCode",
    "Code",
    "Connection",
    "Firing",
    "Frozen",
    "Growth",
    "HeldCode",
    "Input",
    "Integers",
    "Integration",
    "LatencyCode",
    "Layer",
    "MaxPool",
    "PhaseCode",
    "Readout",
    "Registry",
    "Reset",
    "SeveralCode",
    "Shape",
    "Sparse",
    "Spiking",
    "StepCode",
    "Sum",
    "Synapse",
    "Threshold",
    "Timed",
    "TimedReadout",
    "Window",
    "beside",
    "per_neuron",
    "times",
    "unblocked",
]
