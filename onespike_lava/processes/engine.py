"""Engine `lava`: the network as a Lava Process, bit-accurate in its fixed-point simulation.

Samples enter through an `Encoder`. The leaf notes scores where the host reads them; from the
hierarchy they come through Lava's ring buffer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.result import Data, Result, code_shapes
from onespike_lava.errors import OptionError
from onespike_lava.layers import Code, Shape
from onespike_lava.model import Model
from onespike_lava.schedule import period, total_steps
from onespike_lava.system.progress import Count, uncounted

MODELS = ("leaf", "hierarchy")
"""All layers in one operating-system process, or one process per layer and synapse."""

BLOCK_VALUES = 2**26
"""Neurons times samples, in networks that step also times steps, that one Lava run may hold; their
codes are recorded."""

PARTS = 20
"""Runs in a row that the steps of a block are divided into, so that progress is seen."""

OPERATIONS_PER_SECOND = 1e8
"""Multiplications per second that the time limit of a run allows for."""


def run(network: Model, data: Data, wait: int, record: bool, progress: Count = uncounted) -> Result:
    """Run every sample; see `onespike_lava.running`.

    The time limit grows with the work; `ONESPIKE_LAVA_TIMEOUT` (seconds) overrides it.
    Raises `MissingPartError` without Lava, `LavaRunError` if the run fails or takes too long.
    """
    return run_model(network, data, wait, record, "leaf", progress)


def run_model(
    network: Model,
    data: Data,
    wait: int,
    record: bool,
    model: str,
    progress: Count = uncounted,
    together: bool = True,
) -> Result:
    """Run every sample on one of the two models of `OneSpikeNetwork`, `leaf` or `hierarchy`.

    together : all Processes in one child (`runner.together`), else each in one of its own
    """
    import onespike_lava.processes  # noqa: F401  says in one line that Lava is missing
    from onespike_lava.processes.leaf.network import check_parts

    if model not in MODELS:
        raise OptionError(f"model: {model!r} is not one of {', '.join(MODELS)}")
    check_parts(network)
    layers = network.layers[:-1]
    scores = np.zeros((len(data), int(np.prod(network.readout.scores))), np.int64)
    codes = [np.zeros((len(data), *shape), np.uint8) for shape in code_shapes(network)]
    spikes = np.zeros(len(layers), np.int64)
    neurons = sum(int(np.prod(layer.shape)) for layer in network.layers)
    size = max(1, BLOCK_VALUES // (neurons * (network.phases if network.steps else 1)))
    for start in range(0, len(data), size):
        block = slice(start, start + size)
        told = partial(_told, progress, start, len(data))
        found = _run_block(network, data[block], wait, record, model, told, together)
        scores[block] = found.scores
        spikes += np.array(found.spikes, np.int64)
        for index, part in enumerate(found.codes or ()):
            codes[index][block] = part
    return Result(scores, spikes.tolist(), codes if record else None)


def _told(progress: Count, start: int, samples: int, done: int) -> None:
    """What a block that begins at `start` has done, told of the whole."""
    progress(start + done, samples)


def _run_block(
    network: Model,
    data: NDArray[np.uint8],
    wait: int,
    record: bool,
    model: str,
    progress: Callable[[int], None],
    together: bool,
) -> Result:
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.sink import RingBuffer as Sink

    from onespike_lava.processes import Encoder, OneSpikeNetwork
    from onespike_lava.processes.runner.session import Session

    steps = total_steps(network, wait, len(data))
    leaf = model == "leaf"
    configuration = Loihi2SimCfg(select_tag="fixed_pt", select_sub_proc_model=not leaf)
    with traceless():
        encoder = Encoder.of(network, data, integers=True)
        process = OneSpikeNetwork(network=network, wait=wait, samples=len(data), record=record)
        sink = Sink(shape=network.readout.scores, buffer=steps)
        encoder.s_out.connect(process.inp)
        if not leaf:
            process.out.connect(sink.a_in)
        with Session(process, configuration, together=together) as session:
            progress(0)
            done = 0
            while done < steps:
                part = min(max(1, steps // PARTS), steps - done)
                session.run(part, extra_seconds=part * _operations(network) / OPERATIONS_PER_SECOND)
                done += part
                progress(len(data) * done // steps)
            if leaf:
                scores, spikes, codes = process.scores, process.spikes.tolist(), process.codes
            else:
                ends = steps - period(network) * np.arange(len(data))[::-1]
                scores = np.moveaxis(session.get(sink.data)[..., ends - 1], -1, 0)
                spikes, codes = _probed(session, process, record)
    return Result(
        scores.reshape(len(data), -1).astype(np.int64),
        spikes,
        _codes(codes or (), network, data) if record else None,
    )


def _probed(session: Any, process: Any, record: bool) -> tuple[list[int], list[NDArray[Any]]]:
    """Spikes per layer and, where recorded, what each layer's probe noted of them."""
    layers = process.proc_params["network"].layers[:-1]
    probes = [getattr(process.procs, f"probe_{index}") for index in range(len(layers))]
    spikes = [int(session.get(probe.spikes)[0]) for probe in probes]
    return spikes, [probe.noted for probe in probes if record]


def _codes(
    noted: Sequence[NDArray[Any]], network: Model, data: NDArray[np.uint8]
) -> list[NDArray[np.uint8]]:
    """Codes of each layer but the readout from what Lava noted of its spikes.

    Nothing is noted of integers that send nothing: the input's stay what they are.
    """
    found = [
        _code(network.code(index), values, network.layers[index].shape)
        for index, values in enumerate(noted)
    ]
    code = network.code(0)
    if found and not code.kept:
        found[0] = np.where(code.counts(data) == 0, data, found[0])
    return found


def _code(code: Code, noted: NDArray[Any], shape: Shape) -> NDArray[np.uint8]:
    return code.from_notes(noted.reshape(-1, *code.noted_shape(shape)))


def _operations(network: Model) -> float:
    """Multiplications of one step in which every neuron spikes."""
    total = 0.0
    for layer in network.layers:
        for synapse in layer.synapses:
            total += float(np.prod(layer.shape[1:])) * synapse.weight.size
    return total


@contextmanager
def traceless() -> Iterator[None]:
    """Forget what Lava keeps of each Process for ever: registry entries and log handlers."""
    from lava.magma.core.process.process import ProcessServer
    from lava.magma.core.process.variable import VarServer

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    registries = (ProcessServer().processes, VarServer().vars)
    sizes = [len(registry) for registry in registries]
    try:
        yield
    finally:
        for registry, size in zip(registries, sizes, strict=True):
            del registry[size:]
        for handler in root.handlers[:]:
            if handler not in handlers:
                root.removeHandler(handler)
        root.setLevel(level)
