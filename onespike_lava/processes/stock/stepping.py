"""Networks that step, composed of Lava's LIFReset, ATRLIF, synapses and ring buffers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, cast

import numpy as np
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.atrlif.process import ATRLIF
from lava.proc.io.sink import Read
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF, LIFReset
from numpy.typing import NDArray

from onespike_lava.engines.result import Result
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
from onespike_lava.layers.timed import ONE
from onespike_lava.loihi import stepping
from onespike_lava.loihi.populations import Composition, Population
from onespike_lava.network import Network
from onespike_lava.processes.engine import traceless
from onespike_lava.processes.probe.process import Probe
from onespike_lava.processes.runner.session import Session
from onespike_lava.processes.stock.connect import connect, matrix, pool_matrix, sparse

SECONDS_PER_PROCESS_AND_STEP = 0.01
"""Beside the runner's own allowance: Lava's Conv and DelaySparse are slow on a CPU."""

Part = tuple[NDArray[np.int64], Any]
"""Positions of neurons in their layer, flat, and their Process, or the port of their spikes."""


class SteppingStockNetwork:
    """A network that steps of Lava's own processes; `run` runs it.

    network : of hard resets, or soft ones without leak
    data    : the input layer's integers, uint8[N, *shape of a sample]
    shared  : convolutions keep one copy of their kernel where Lava's Conv holds them

    `processes` lists all, `parts` the neurons of each layer. Raises `UnsupportedError` for what
    cannot be composed exactly, naming the layers.
    """

    def __init__(
        self,
        network: Network,
        data: NDArray[np.uint8],
        wait: int | None = None,
        shared: bool = True,
    ) -> None:
        self.network, self.data, self.shared = network, data, shared
        self.plans = stepping.compose(network, wait)
        self.starts = stepping.starts(network)
        self.steps = stepping.total_steps(network, len(data))
        self.processes: list[Any] = []
        self.parts: list[list[Part]] = []
        for position, layer in enumerate(network.layers):
            self.parts.append(PARTS.of(layer)(self, position))
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
            self._link(matrix[:, at], process, windows, 1)
        return [(everything, windows)]

    def _sum(self, position: int) -> list[Part]:
        """None: synapses read what it adds."""
        return []

    def _neurons(self, position: int) -> list[Part]:
        plan = self.plans[position]
        assert plan is not None
        parts = [
            (each.at, self._add(self._population(plan, each, position)))
            for each in plan.populations
        ]
        self._connect(position, plan, parts)
        return parts

    def _payloads(self) -> NDArray[np.int32]:
        """Payloads int32[neurons, steps] of the input, sample after sample."""
        train = self.network.code(0).train(self.data, 0, self.network.phases)
        stream = train.reshape(-1, prod(self.network.input.shape)).T
        sent = np.zeros((stream.shape[0], max(self.steps, stream.shape[1])), np.int32)
        sent[:, : stream.shape[1]] = stream
        return sent[:, : self.steps]

    def _population(self, plan: Composition, one: Population, position: int) -> Any:
        exponents = plan.exponents[one.at]
        given: dict[str, Any] = {
            "bias_mant": plan.drive[one.at] >> exponents,
            "bias_exp": exponents,
        }
        shape = (one.at.size,)
        if plan.subtracts:
            assert plan.initial is not None
            return ATRLIF(
                shape=shape,
                v=plan.initial[one.at],
                delta_i=(ONE - 1) / ONE,
                delta_v=0,
                delta_theta=0,
                delta_r=0,
                theta_0=one.threshold,
                theta_step=0,
                **given,
            )
        if not one.keep_v:
            return forgetful(one.at.size, one.threshold, **given)
        given |= {"du": ONE - 1 - one.keep_u, "dv": ONE - one.keep_v, "vth": one.threshold}
        if plan.initial is not None:  # a reset would come behind the host
            return LIF(shape=shape, **given)
        phases = self.network.phases
        offset = (self.starts[position] + 1) % phases
        return LIFReset(shape=shape, reset_interval=phases, reset_offset=offset, **given)

    def _connect(self, position: int, plan: Composition, parts: list[Part]) -> None:
        """All synapses of a layer, in a part for each pair of populations."""
        for synapse in self.network.layers[position].synapses:
            for sender in stepping.senders(self.network, synapse.source):
                delay = self.starts[position] - self.starts[sender]
                shape = self.network.layers[synapse.source].shape
                sources = self.parts[sender]
                if len(parts) == len(sources) == 1 and not plan.shift:
                    ports = (sources[0][1].s_out, shape, parts[0][1].a_in)
                    self._add(connect(synapse, *ports, delay - 1, self.shared))
                    continue
                weight = matrix(synapse, shape)
                for to, target in parts:
                    for at, source in sources:
                        self._link(weight[to][:, at], source, target, delay, plan.shift)

    def _link(self, weight: Any, source: Any, target: Any, delay: int, shift: int = 0) -> None:
        if not weight.nnz:
            return
        process = self._add(sparse(weight, delay=delay - 1, shift=-shift))
        source.s_out.connect(process.s_in)
        process.a_out.connect(target.a_in)

    def _read(self, process: Any) -> Any:
        reader = self._add(Read(buffer=self.steps))
        reader.connect_var(process.v)
        return reader

    def run(self, record: bool = False) -> Result:
        """Scores and, where recorded, what each layer sends, by probes beside the composition."""
        network, layers = self.network, self.network.layers[:-1]
        probes = [self._probes(position) for position in range(len(layers)) if record]
        with Session(self.processes[0], Loihi2SimCfg(select_tag="fixed_pt")) as session:
            self._advance(session)
            potentials = np.zeros((prod(network.readout.shape), self.steps), np.int64)
            for (at, _), reader in zip(self.parts[-1], self.reads, strict=True):
                potentials[at] = session.get(reader.data)
            trains = [self._noted(session, each, at) for at, each in enumerate(probes)]
        scores = self._scores(potentials)
        if not record:
            return Result(scores, [-1] * len(layers), None)
        codes = [self.data, *self._with_sums(trains[1:])]
        spikes = [network.code(at).total(part) for at, part in enumerate(codes)]
        return Result(scores, spikes, codes)

    def _advance(self, session: Session) -> None:
        """Run all steps; pause where a sample begins whose states do not begin at 0."""
        done, phases = 0, self.network.phases
        pauses: dict[int, list[int]] = {self.steps: []}
        for position, plan in enumerate(self.plans):
            if plan is not None and plan.initial is not None:
                for sample in range(len(self.data)):
                    pauses.setdefault(self.starts[position] + sample * phases, []).append(position)
        for step in sorted(pauses):
            extra = SECONDS_PER_PROCESS_AND_STEP * len(self.processes) * (step - done)
            session.run(step - done, extra_seconds=extra)
            done = step
            for position in pauses[step]:
                self._set_anew(session, position)

    def _set_anew(self, session: Session, position: int) -> None:
        plan = self.plans[position]
        assert plan is not None
        assert plan.initial is not None
        for at, process in self.parts[position]:
            if plan.subtracts:
                session.set(process.r, np.zeros(at.size))
                session.set(process.i, np.zeros(at.size))
            else:
                session.set(process.u, np.zeros(at.size))
            session.set(process.v, plan.initial[at])

    def _probes(self, position: int) -> list[tuple[NDArray[np.int64], Probe]]:
        """Recorders of what a layer sends; none of the input, which is known, and of sums."""
        found = []
        phases = self.network.phases
        for at, process in self.parts[position] if position else ():
            given = {"start": self.starts[position], "phases": phases, "kept": phases}
            probe = Probe(shape=(at.size,), samples=len(self.data), **given)
            process.s_out.connect(probe.s_in)
            found.append((at, probe))
        return found

    def _noted(
        self, session: Session, probes: list[tuple[NDArray[np.int64], Probe]], position: int
    ) -> NDArray[np.uint8]:
        layer, samples = self.network.layers[position], len(self.data)
        found = np.zeros((samples, self.network.phases, prod(layer.shape)), np.uint8)
        for at, probe in probes:
            found[..., at] = session.get(probe.codes)
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
        start = self.starts[-1]
        values = (potentials[:, start:] // plan.unit).reshape(*layer.shape, len(self.data), -1)
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


def forgetful(neurons: int, threshold: int, **drive: Any) -> LIFReset:
    """A LIF that forgets everything each step: it spikes where a step's input is above."""
    given = {"du": ONE - 1, "dv": 0, "vth": threshold, "reset_interval": 1}
    return LIFReset(shape=(neurons,), **given, **drive)


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
