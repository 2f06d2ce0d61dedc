"""Networks that step, composed of Lava's own neurons, synapses and ring buffers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, cast

import numpy as np
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import Read
from lava.proc.io.source import RingBuffer as Source
from lava.proc.prodneuron.process import ProdNeuron
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, eye  # type: ignore[import-untyped]

from onespike_lava.engines.result import Result
from onespike_lava.layers import (
    LAYERS,
    Connection,
    Input,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.loihi import stepping
from onespike_lava.loihi.composition import compose
from onespike_lava.network import Network
from onespike_lava.processes.engine import traceless
from onespike_lava.processes.matrices import matrix, pool_matrix
from onespike_lava.processes.probe.process import Probe
from onespike_lava.processes.runner import patience
from onespike_lava.processes.runner.session import Session
from onespike_lava.processes.stock.connect import connect, sparse
from onespike_lava.processes.stock.neurons import forgetful, population
from onespike_lava.processes.stock.relays import Line, lines
from onespike_lava.schedule import period

CONFIGURATION = Loihi2SimCfg(select_tag="fixed_pt")

Part = tuple[NDArray[np.int64], Any]
"""Positions of neurons in their layer, flat; their Process or port."""


class SteppingStockNetwork:
    """A network that steps of Lava's own processes; `run` runs it.

    network : of hard resets, or soft ones without leak
    data    : the input layer's integers, uint8[N, *shape of a sample]
    shared  : convolutions keep one copy of their kernel where Lava's Conv holds them

    `processes` lists all, `parts` neurons of each layer, `ports` what each sends. Raises
    `UnsupportedError` for what cannot be composed exactly, naming the layers.
    """

    def __init__(
        self,
        network: Network,
        data: NDArray[np.uint8],
        wait: int | None = None,
        shared: bool = True,
    ) -> None:
        self.network, self.data, self.shared = network, data, shared
        self.plans, self.times = compose(network, wait), stepping.times(network)
        self.period = period(network)
        self.late = stepping.late_senders(network)
        self.steps = stepping.total_steps(network, len(data))
        self.processes: list[Any] = []
        self.parts: list[list[Part]] = []
        self.ports: list[list[Part]] = []
        for position, layer in enumerate(network.layers):
            self.parts.append(PARTS.of(layer)(self, position))
            if position in self.late:
                self._hold_down(position)
            self.ports.append(self._sent(position))
            self._connect(position)
        self.reads = [self._read(process) for _, process in self.parts[-1]]

    def _add(self, process: Any) -> Any:
        self.processes.append(process)
        return process

    def _everything(self, position: int) -> NDArray[np.int64]:
        return np.arange(prod(self.network.layers[position].shape))

    def _input(self, position: int) -> list[Part]:
        return [(self._everything(position), self._add(Source(data=self._payloads())))]

    def _pool(self, position: int) -> list[Part]:
        layer, everything = cast(MaxPool, self.network.layers[position]), self._everything(position)
        matrix = pool_matrix(layer, self.network.layers[layer.source].shape)
        windows = self._add(forgetful(everything.size, 0))
        for at, process in self.parts[layer.source]:
            self._link(matrix[:, at], process.s_out, windows.a_in)
        return [(everything, windows)]

    def _sum(self, position: int) -> list[Part]:
        """None: synapses read what it adds."""
        return []

    def _neurons(self, position: int) -> list[Part]:
        plan = self.plans[position]
        assert plan is not None
        return [
            (each.at, self._add(population(plan, each, self.period, self.times[position].start)))
            for each in plan.populations
        ]

    def _hold_down(self, position: int) -> None:
        """A clock that takes off what may be there, in every step between samples.

        Before the first sample too, as if others were there: a drive has run since the first step.
        """
        steps = np.arange(1, self.steps + 2) - self.times[position].start - 1
        outside = steps % self.period >= self.network.phases
        clock = self._clock(outside * stepping.hold(self.network, position))
        for at, process in self.parts[position]:
            self._link(np.full((at.size, 1), -1), clock.s_out, process.a_in)

    def _sent(self, position: int) -> list[Part]:
        """The ports of a layer's spikes, times its payloads, which a clock brings in its steps."""
        parts = [(at, process.s_out) for at, process in self.parts[position]]
        payloads = stepping.payloads(self.network, position)
        if payloads is None:
            return parts
        everything, sends = self._everything(position), self.times[position].sends
        steps = np.arange(1, self.steps + 2) - sends - 1
        inside = (steps >= 0) & (steps % self.period < self.network.phases)
        known = payloads[steps % self.period * inside]
        product = self._add(ProdNeuron(shape=everything.shape, vth=0))
        for at, port in parts:
            one = eye(everything.size, format="csr", dtype=np.int8)
            self._link(one[:, at], port, product.a_in1)
        clock = self._clock(inside * known)
        self._link(np.ones((everything.size, 1)), clock.s_out, product.a_in2)
        return [(everything, product.s_out)]

    def _clock(self, arriving: NDArray[np.int64]) -> Any:
        """A source of what arrives over a synapse in steps 2, 3, ... of those given from 1 on."""
        return self._add(Source(data=arriving[None, 1:].astype(np.int32)))

    def _payloads(self) -> NDArray[np.int32]:
        """Payloads int32[neurons, steps] of the input, sample after sample, with rest between."""
        phases, first = self.network.phases, self.times[0].sends
        train = self.network.code(0).train(self.data, 0, phases)
        sent = np.zeros((len(train), self.period, prod(self.network.input.shape)), np.int32)
        sent[:, :phases] = train.reshape(len(train), phases, -1)
        stream = sent.reshape(-1, sent.shape[2]).T
        return np.pad(stream, [(0, 0), (first, self.steps)])[:, : self.steps]

    def _connect(self, position: int) -> None:
        """All synapses of a layer, in a part for each pair of populations."""
        plan, parts = self.plans[position], self.parts[position]
        for synapse in self.network.layers[position].synapses:
            assert plan is not None
            shape = self.network.layers[synapse.source].shape
            for sender in stepping.senders(self.network, synapse.source):
                sources = self._lines(position, synapse, sender)
                if len(parts) == len(sources) == 1:
                    line, more = sources[0], (self.shared, plan.shift)
                    ends = (line.port, shape, parts[0][1].a_in, line.delay)
                    self._add(connect(synapse, *ends, *more))
                    continue
                weight = matrix(synapse, shape)
                for to, target in parts:
                    for line in sources:
                        part = line.columns(weight[to])
                        if part.nnz or line is sources[0]:  # Lava runs only what hangs together
                            way = (line.port, target.a_in, line.delay, plan.shift)
                            self._link(part, *way)

    def _lines(self, position: int, synapse: Connection, sender: int) -> list[Line]:
        """What comes from a sender, behind relays where no synapse holds it back so long."""
        delay = stepping.delays(self.times, position, synapse, sender) - 1
        late = np.broadcast_to(delay, prod(self.network.layers[sender].shape))
        return [x for at, out in self.ports[sender] for x in lines(self._add, at, out, late[at])]

    def _link(self, weight: Any, source: Any, target: Any, delay: Any = 0, shift: int = 0) -> None:
        process = self._add(sparse(csr_matrix(weight, dtype=np.int8), delay=delay, shift=shift))
        source.connect(process.s_in)
        process.a_out.connect(target)

    def _read(self, process: Any) -> Any:
        reader = self._add(Read(buffer=self.steps))
        reader.connect_var(process.v)
        return reader

    def run(self, record: bool = False) -> Result:
        """Scores and, where recorded, what each layer sends, by probes beside the composition."""
        network, layers = self.network, self.network.layers[:-1]
        probes = [self._probes(position) for position in range(len(layers)) if record]
        with Session(self.processes[0], CONFIGURATION, together=True) as session:
            self._advance(session)
            potentials = np.zeros((prod(network.readout.shape), self.steps), np.int64)
            for (at, _), reader in zip(self.parts[-1], self.reads, strict=True):
                potentials[at] = session.get(reader.data)
            trains = [self._noted(each, at) for at, each in enumerate(probes)]
        scores = self._scores(potentials)
        if not record:
            return Result(scores, [-1] * len(layers), None)
        codes = [self.data, *self._with_sums(trains[1:])]
        spikes = [network.code(at).total(part) for at, part in enumerate(codes)]
        return Result(scores, spikes, codes)

    def _advance(self, session: Session) -> None:
        """Run all steps; pause where a sample begins whose states do not begin at 0."""
        done = 0
        pauses: dict[int, list[int]] = {self.steps: []}
        for position, plan in enumerate(self.plans):
            if plan is None or plan.initial is None:
                continue
            for sample in range(len(self.data)):
                begin = self.times[position].start + sample * self.period
                pauses.setdefault(begin, []).append(position)
        for step in sorted(pauses):
            extra = patience.SECONDS_PER_STOCK_STEP * len(self.processes) * (step - done)
            session.run(step - done, extra_seconds=extra)
            done = step
            for position in pauses[step]:
                self._set_anew(session, position)

    def _set_anew(self, session: Session, position: int) -> None:
        plan = self.plans[position]
        assert plan is not None
        assert plan.initial is not None
        for at, process in self.parts[position]:
            for var in (process.r, process.i) if plan.subtracts else (process.u,):
                session.set(var, np.zeros(at.size))
            session.set(process.v, plan.initial[at])

    def _probes(self, position: int) -> list[tuple[NDArray[np.int64], Probe]]:
        """Recorders of what a layer sends; none of the input, which is known, and of sums."""
        found = []
        phases, start = self.network.phases, self.times[position].sends
        for at, port in self.ports[position] if position else ():
            given = {"phases": phases, "kept": phases, "start": start, "period": self.period}
            probe = Probe(shape=(at.size,), samples=len(self.data), **given)
            port.connect(probe.s_in)
            found.append((at, probe))
        return found

    def _noted(
        self, probes: list[tuple[NDArray[np.int64], Probe]], position: int
    ) -> NDArray[np.uint8]:
        layer, samples = self.network.layers[position], len(self.data)
        found = np.zeros((samples, self.network.phases, prod(layer.shape)), np.uint8)
        for at, probe in probes:
            found[..., at] = probe.noted
        return found.reshape(samples, -1, *layer.shape)

    def _with_sums(self, trains: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
        """Trains of all layers behind the input, those of sums added from the others."""
        phases = self.network.phases
        found: list[NDArray[np.uint8]] = [self.network.code(0).train(self.data, 0, phases)]
        for position, train in enumerate(trains, start=1):
            added = self.network.layers[position].added  # a sum's own train is 0
            found.append(sum((found[each] for each in added), train))
        return found[1:]

    def _scores(self, potentials: NDArray[np.int64]) -> NDArray[np.int64]:
        """What the readout takes of its potentials, by the host; int64[N, outputs]."""
        layer, plan = cast(TimedReadout, self.network.readout), self.plans[-1]
        assert plan is not None
        ends = self.times[-1].start + self.period * np.arange(len(self.data))
        steps = ends[:, None] + np.arange(self.network.phases)
        values = potentials[:, steps].reshape(*layer.shape, *steps.shape) // plan.unit
        take = {"last": lambda v: v[..., -1], "sum": lambda v: v.sum(-1)}
        taken = take.get(layer.take, lambda v: v.max(-1))(values)
        count, *plane = layer.scores
        grouped = taken.reshape(count, layer.group, *plane, len(self.data)).sum(axis=1)
        return np.moveaxis(grouped, -1, 0).reshape(len(self.data), -1)


PARTS: Registry[Callable[[SteppingStockNetwork, int], list[Part]]] = Registry(
    "stock composition of networks that step in Lava", LAYERS
)
"""What adds the layer at a position to the composition and gives its parts."""

PARTS.add(Input)(SteppingStockNetwork._input)
PARTS.add(MaxPool)(SteppingStockNetwork._pool)
PARTS.add(Sum)(SteppingStockNetwork._sum)
PARTS.add(Timed, TimedReadout)(SteppingStockNetwork._neurons)
PARTS.refuse(Spiking, Readout)


def run(
    network: Network,
    data: NDArray[np.uint8],
    wait: int | None = None,
    record: bool = False,
    shared: bool = True,
) -> Result:
    """Run samples in Lava's fixed-point simulation of the stock composition; see `stock.run`."""
    with traceless():
        return SteppingStockNetwork(network, data, wait, shared).run(record)
