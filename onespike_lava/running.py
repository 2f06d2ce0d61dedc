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

import numpy as np

from onespike_lava.data.encoding import Samples
from onespike_lava.engines.result import Result, Run, Trains
from onespike_lava.engines.timed.notes import Notes
from onespike_lava.errors import MissingPartError, OptionError
from onespike_lava.model import Model, wait_of
from onespike_lava.system import threads
from onespike_lava.system.parts import need
from onespike_lava.system.progress import Progress, silent

ENGINES = {
    "numpy": "onespike_lava.engines.numpy",
    "reference": "onespike_lava.engines.reference",
    "numba": "onespike_lava.engines.numba.engine",
    "lava": "onespike_lava.processes.engine",
    "stock": "onespike_lava.processes.stock.engine",
}
"""Engine -> its module; loaded when it is first asked for, since three need more than NumPy."""

AUTO = "numba"
"""What `auto` stands for; `numpy` where Numba is absent or its compiler switched off."""

NOTING = ("numba", "numpy", "reference")
"""Engines that note scores and states after each step."""


def notes_steps(engine: str) -> bool:
    """Whether an engine, by name, notes scores after each step of a network that steps."""
    return engine in ("auto", *NOTING)


def run(
    network: Model,
    samples: Samples,
    *,
    engine: str,
    wait: int,
    record: bool,
    progress: Progress = silent,
    notes: Notes | None = None,
) -> Run:
    """Run samples on an engine by name; raises `OptionError` for a bad name or wait.

    notes : what else is wanted of a network that steps

    What is not wanted is not looked at: a small network's sample takes ten microseconds in all.
    """
    name = _auto() if engine == "auto" else engine
    if name not in ENGINES:
        raise OptionError(f"engine: {engine!r} is not one of auto, {', '.join(ENGINES)}")
    wait = wait_of(network, wait)
    more = {} if notes is None else _more(network, name, notes)
    told = partial(progress, name)
    result: Result = _engine(name).run(network, samples, wait, record, told, **more)
    names = network.senders
    codes = {} if result.codes is None else dict(zip(names, result.codes, strict=True))
    traced = {} if notes is None else notes.traced()
    return Run.of(
        places=prod(network.readout.result[1:]),
        scores=network.readout.placed(result.scores),
        spikes=dict(zip(names, result.spikes, strict=True)),
        codes=Trains() if network.steps else codes,
        engine=name,
        wait=wait,
        clipped=samples.clipped,
        rounding=samples.rounding,
        levels=samples.levels,
        over_steps=None if notes is None or not notes.scores else np.concatenate(notes.scores),
        currents={name: current for name, (current, _) in traced.items()} if traced else {},
        potentials={name: potential for name, (_, potential) in traced.items()} if traced else {},
        recorded={name: (network.code(at), sent) for at, (name, sent) in enumerate(codes.items())},
        phases=network.phases,
    )


def _more(network: Model, name: str, notes: Notes) -> dict[str, Any]:
    """Options of an engine for what else is wanted; `OptionError` where it cannot be had."""
    if not network.steps:
        raise OptionError(
            "over_steps, traces: networks that step have scores and states after each step, this "
            "one decides after the last; leave them out"
        )
    if name not in NOTING:
        raise OptionError(
            f"over_steps, traces: engine {name} does not note them; take one of {', '.join(NOTING)}"
        )
    return {"notes": notes}


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
