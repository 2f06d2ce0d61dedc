"""Engines by name: one door to all of them.

An engine is a module with `run(network, data, wait, record, progress) -> Result`; slices of `data`
are uint8[n, *shape], the input layer's integers, and `progress(done, total)` is told how many
samples are done. All give the same integers.
"""

from __future__ import annotations

from functools import cache, partial
from importlib import import_module
from math import prod
from typing import Any

from onespike_lava.data.encoding import Samples
from onespike_lava.engines.result import Result, Run
from onespike_lava.errors import MissingPartError, OptionError
from onespike_lava.model import Model, checked_wait
from onespike_lava.system import threads
from onespike_lava.system.parts import need
from onespike_lava.system.progress import Progress, silent

ENGINES = {
    "numpy": "onespike_lava.engines.numpy",
    "reference": "onespike_lava.engines.reference",
    "numba": "onespike_lava.engines.numba.engine",
    "lava": "onespike_lava.processes.engine",
}
"""Engine -> its module; loaded when it is first asked for, since two need more than NumPy."""

AUTO = "numba"
"""What `auto` stands for; `numpy` where Numba is absent or its compiler switched off."""


def run(
    network: Model,
    samples: Samples,
    *,
    engine: str,
    wait: int,
    record: bool,
    progress: Progress = silent,
) -> Run:
    """Run samples on an engine by name; raises `OptionError` for a bad name or wait."""
    name = _auto() if engine == "auto" else engine
    if name not in ENGINES:
        raise OptionError(f"engine: {engine!r} is not one of auto, {', '.join(ENGINES)}")
    wait = checked_wait(wait, network.phases)
    result: Result = _engine(name).run(network, samples, wait, record, partial(progress, name))
    names = [layer.name for layer in network.layers[:-1]]
    return Run(
        places=prod(network.readout.shape[1:]),
        scores=result.scores,
        spikes=dict(zip(names, result.spikes, strict=True)),
        codes=dict(zip(names, result.codes, strict=True)) if result.codes is not None else {},
        engine=name,
        wait=wait,
        clipped=samples.clipped,
        rounding=samples.rounding,
        levels=samples.levels,
    )


@cache
def _engine(name: str) -> Any:
    if name == AUTO:
        threads.check()
        need("numba.core", "engine numba", way="install it, or take engine numpy")
    return import_module(ENGINES[name])


def _auto() -> str:
    try:
        compiles: bool = _engine(AUTO).compiles()
    except MissingPartError:
        return "numpy"
    return AUTO if compiles else "numpy"
