"""The stock composition of a network: Lava's own processes, connected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIFReset
from lava.proc.prodneuron.process import ProdNeuron
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, eye  # type: ignore[import-untyped]

from onespike_lava.layers import (
    LAYERS,
    Input,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.loihi import stock
from onespike_lava.network import Network
from onespike_lava.processes.matrices import pool_matrix
from onespike_lava.processes.stock.connect import connect, sparse
from onespike_lava.processes.stock.relays import lines


@dataclass
class Ports:
    """Flat OutPorts of a layer: its comparison, None for the input, and its spikes."""

    level: Any
    spikes: Any


class StockNetwork:
    """A network of ProdNeuron, LIFReset, Dense, Sparse, DelaySparse, Conv and ring buffers.

    Paths longer than the delay of a synapse take a GradedVec too (`relays`).

    network : graded weighting, one spike per neuron
    data    : uint8[N, *shape], the input layer's integers
    wait    : `T_w`; None takes the network's
    shared  : convolutions keep one copy of their kernel (Lava's Conv, slow on a CPU); else
              each is unrolled into a Sparse

    `processes` lists them all, `ports` the layers' outputs, `sink` receives the scores.
    Raises `UnsupportedError` for what cannot be composed exactly, naming the layers.
    """

    def __init__(
        self,
        network: Network,
        data: NDArray[np.uint8],
        wait: int | None = None,
        shared: bool = True,
    ) -> None:
        stock.refuse(network, wait)
        self.network, self.samples, self.shared = network, len(data), shared
        self.times = stock.times(network)
        self.steps = stock.total_steps(network, self.samples)
        self.processes: list[Any] = []
        self.ports: list[Ports] = []
        self.data = data
        for position in range(len(network.layers)):
            COMPOSE.of(network.layers[position])(self, position)
        self.sink = Sink(shape=(prod(network.readout.shape),), buffer=self.steps)
        self.ports[-1].spikes.connect(self.sink.a_in)

    def _add(self, process: Any) -> Any:
        self.processes.append(process)
        return process

    def _from_outside(self, position: int) -> None:
        """A ring buffer of the input's payloads."""
        source = self._add(Source(data=self._payloads(self.data)))
        self.ports.append(Ports(None, source.s_out))

    def _payloads(self, data: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Payloads int32[neurons, steps]: bit `j` of each sample at its step `j`."""
        code, period = self.network.code(0), 2 * self.network.phases
        flat = data.reshape(self.samples, -1)
        sent = np.zeros((flat.shape[1], self.samples * period + self.steps), np.int32)
        for step in range(1, code.steps + 1):
            payloads = code.sent(flat, step - 1, step)
            sent[:, step - 1 : self.samples * period : period] = payloads.T
        return sent[:, : self.steps]

    def _link(self, source: Any, target: Any, weight: Any, **options: Any) -> None:
        process = self._add(sparse(weight, **options))
        source.connect(process.s_in)
        process.a_out.connect(target)

    def _clock(self, position: int) -> tuple[Any, stock.Clock]:
        ticks = stock.clock(self.network, position)
        start, phases = self.times[position].start, self.network.phases
        source = Source(data=ticks.stream(start, phases, self.samples, self.steps))
        return self._add(source).s_out, ticks

    def _layer(self, position: int) -> None:
        """Sum; and for a spiking layer comparison and spikes."""
        layer, delays = self.network.layers[position], self.times[position].delays
        neurons = prod(layer.shape)
        source, ticks = self._clock(position)
        total = self._add(ProdNeuron(shape=(neurons,), vth=0))
        for synapse, delay in zip(layer.synapses, delays, strict=True):
            shape, sent = self.network.layers[synapse.source].shape, self.ports[synapse.source]
            late = np.full(1, delay - 1)
            (line,) = lines(self._add, np.arange(prod(shape)), sent.spikes, late)
            ends = (line.port, shape, total.a_in1, int(line.delay[0]))
            self._add(connect(synapse, *ends, self.shared))
        self._link(total.s_out, total.a_in1, eye(neurons, dtype=np.int8))
        if ticks.to_sum.any():
            self._link(source, total.a_in1, ticks.to_sum)
        self._link(source, total.a_in2, column(ticks, ticks.gate))
        if layer.threshold_range is None:
            self.ports.append(Ports(None, total.s_out))
            return
        level = self._add(comparison(neurons))
        self._link(total.s_out, level.a_in, eye(neurons, dtype=np.int8), shift=-stock.ALIGNMENT)
        self._spikes(level, source, ticks)

    def _pool(self, position: int) -> None:
        """A window compares as soon as one of its neurons does."""
        layer = cast(MaxPool, self.network.layers[position])
        source, ticks = self._clock(position)
        level = self._add(comparison(prod(layer.shape)))
        windows = pool_matrix(layer, self.network.layers[layer.source].shape)
        self._link(self.ports[layer.source].level, level.a_in, windows, unary=True)
        self._spikes(level, source, ticks)

    def _spikes(self, level: Any, source: Any, ticks: stock.Clock) -> None:
        """The first spike of a comparison, times the payload of its phase."""
        neurons = len(ticks.to_sum)
        spikes = self._add(ProdNeuron(shape=(neurons,), vth=0))
        one = eye(neurons, dtype=np.int8)
        self._link(level.s_out, spikes.a_in1, one, unary=True)
        self._link(level.s_out, spikes.a_in1, -one, unary=True, delay=1)
        self._link(source, spikes.a_in2, column(ticks, ticks.payload))
        self.ports.append(Ports(level.s_out, spikes.s_out))


COMPOSE: Registry[Callable[[StockNetwork, int], None]] = Registry(
    "stock composition in Lava", LAYERS
)
"""What adds the layer at a position to the composition."""

COMPOSE.add(Input)(StockNetwork._from_outside)
COMPOSE.add(MaxPool)(StockNetwork._pool)
COMPOSE.add(Spiking, Readout)(StockNetwork._layer)
COMPOSE.refuse(Timed, Sum, TimedReadout)


def comparison(neurons: int) -> LIFReset:
    """A LIF that forgets everything each step: it spikes in the steps whose input is above 0."""
    return LIFReset(shape=(neurons,), du=4095, dv=0, vth=0, reset_interval=1)


def column(ticks: stock.Clock, channel: int) -> csr_matrix:
    """Weights of 1 from one channel of a clock to all neurons, int8[neurons, channels]."""
    weight = np.zeros_like(ticks.to_sum)
    weight[:, channel] = 1
    return csr_matrix(weight)
