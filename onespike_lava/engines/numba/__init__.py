"""Engine `numba`: whole networks in integers on register-tiled kernels, compiled once.

Bytes times bytes, summed in registers: bias, all synapses, thresholds and payloads of a layer
in one pass. A group of images goes through all layers in one thread's memory. Exact for every
wait and weighting; short waits repeat a layer for each step that brings something new.

The environment variable `ONESPIKE_KERNEL` chooses the kernels: `vnni` or `portable`.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from functools import cache
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from llvmlite import binding
from numba import config
from numpy.typing import NDArray

from onespike_lava.engines import numpy as vectorised
from onespike_lava.engines.numba.planner import compile_network
from onespike_lava.engines.numba.program import Program
from onespike_lava.engines.numba.schedule import serves
from onespike_lava.engines.numba.tile import TILES
from onespike_lava.engines.numba.walk import walker
from onespike_lava.engines.numba.workers import share
from onespike_lava.engines.result import Result
from onespike_lava.errors import OptionError

if TYPE_CHECKING:
    from onespike_lava.network import Network

VNNI = ("avx512f", "avx512bw", "avx512vl", "avx512vnni")
"""Processor features that the kind `vnni` needs."""

THREAD_WORK = 60_000_000
"""Products that are worth one more thread, some 0.6 ms; to start and await one takes 0.1 ms."""

_programs: dict[int, dict[tuple[int, bool, str], Program | None]] = {}


@cache
def kinds() -> list[str]:
    """Kinds of kernels that this processor can run, best first."""
    features = binding.get_host_cpu_features()
    return ["vnni", "portable"] if all(features.get(name) for name in VNNI) else ["portable"]


def kind() -> str:
    """The kind of kernels in use; `OptionError` where `ONESPIKE_KERNEL` names no such kind."""
    wanted = os.environ.get("ONESPIKE_KERNEL") or kinds()[0]
    if wanted not in kinds():
        known = ", ".join(TILES)
        raise OptionError(
            f"ONESPIKE_KERNEL: {wanted!r} is not one of {known}, or this processor lacks it"
        )
    return wanted


def compiles() -> bool:
    """Whether Numba compiles at all here: not under `NUMBA_DISABLE_JIT`."""
    return not config.DISABLE_JIT


def run(network: Network, data: NDArray[np.uint8], wait: int, record: bool) -> Result:
    """Run every sample; see `onespike_lava.engines`."""
    program = _program(network, wait, record, kind()) if compiles() else None
    if program is None:
        return vectorised.run(network, data, wait, record)
    layers = network.layers[:-1]
    flat = np.ascontiguousarray(data).reshape(len(data), prod(data.shape[1:])).view()
    flat.flags.writeable = False
    scores = np.empty((len(data), prod(network.readout.shape)), np.int64)
    codes = [np.empty((len(data), *layer.shape), np.uint8) for layer in layers] if record else []
    spikes: list[list[int]] = []

    def work(parts: Iterator[range]) -> None:
        spikes.append(_work(program, flat, parts, scores, codes[1:], len(layers)))

    share(work, len(data), program.group, 1 + program.work * len(data) // THREAD_WORK)
    if record:
        codes[0][:] = data
    total = [sum(numbers) for numbers in zip(*spikes, strict=True)]
    return Result(scores, total, codes if record else None)


def _work(
    program: Program,
    data: NDArray[np.uint8],
    parts: Iterator[range],
    scores: NDArray[np.int64],
    codes: list[NDArray[np.uint8]],
    layers: int,
) -> list[int]:
    """One thread's share; returns the spikes of each layer."""
    walk = walker(program.kind)
    memory = program.take()
    views = (program.constants, program.numbers, *memory)
    recorded = np.empty(program.recorded * program.group, np.uint8)
    total, found = np.zeros(layers, np.int64), np.empty(layers, np.int64)
    for part in parts:
        walk(program.rows, *views, data, part.start, len(part), scores, found, recorded)
        total += found
        at = 0
        for layer in codes:
            size = len(part) * layer[0].size
            block = recorded[at : at + size].reshape(len(part), *layer.shape[1:])
            layer[part.start : part.stop] = block
            at += layer[0].size * program.group
    program.memories.append(memory)
    spikes: list[int] = total.tolist()
    return spikes


def _program(network: Network, wait: int, record: bool, kind: str) -> Program | None:
    """The program of a network, made once for each way of running it; None if none serves."""
    if id(network) not in _programs:
        weakref.finalize(network, _programs.pop, id(network), None)
    held = _programs.setdefault(id(network), {})
    key = (wait, record, kind)
    if key not in held:
        served = serves(network)
        held[key] = compile_network(network, wait, record, kind) if served else None
    return held[key]
