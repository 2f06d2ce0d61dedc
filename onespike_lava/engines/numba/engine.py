"""The door of engine `numba`: which kernels this processor has, the programs of networks.

The environment variable `ONESPIKE_KERNEL`, read when this is imported, chooses the kernels:
`vnni` or `portable`.
"""

from __future__ import annotations

import os
import weakref
from functools import cache

from numba import config

from onespike_lava.engines import numpy as vectorised
from onespike_lava.engines.numba.kernels.picking.forms import features
from onespike_lava.engines.numba.kernels.tile import TILES
from onespike_lava.engines.numba.plan.planner import compile_network
from onespike_lava.engines.numba.plan.program import Program
from onespike_lava.engines.numba.run.runs import run_program
from onespike_lava.engines.numba.run.sparse import product as compiled_product
from onespike_lava.engines.result import Data, Result
from onespike_lava.engines.rows import product
from onespike_lava.engines.timed.notes import Notes
from onespike_lava.errors import OptionError
from onespike_lava.model import Model
from onespike_lava.system.progress import Count, uncounted

VNNI = ("avx512f", "avx512bw", "avx512vl", "avx512vnni")
"""Processor features that the kind `vnni` needs."""

WANTED = os.environ.get("ONESPIKE_KERNEL", "")
"""Kind of kernels asked for, none for the best."""

FEW = 4
"""Samples of a run from which on layers may take weights that are worth it for several only."""

_programs: dict[int, dict[tuple[int, bool, str, bool, bool], Program | None]] = {}


@cache
def kinds() -> list[str]:
    """Kinds of kernels that Numba can compile for this processor, best first."""
    return ["vnni", "portable"] if features().issuperset(VNNI) else ["portable"]


def kind() -> str:
    """The kind of kernels in use; `OptionError` where `ONESPIKE_KERNEL` names no such kind."""
    wanted = WANTED or kinds()[0]
    if wanted not in kinds():
        known = ", ".join(TILES)
        raise OptionError(
            f"ONESPIKE_KERNEL: {wanted!r} is not one of {known}, or this processor lacks it"
        )
    return wanted


def compiles() -> bool:
    """Whether Numba compiles at all here: not under `NUMBA_DISABLE_JIT`."""
    return not config.DISABLE_JIT


def run(
    network: Model,
    data: Data,
    wait: int,
    record: bool,
    progress: Count = uncounted,
    notes: Notes | None = None,
) -> Result:
    """Run every sample; see `onespike_lava.running`.

    Where no kernel serves engine `numpy` runs them: so where states are wanted, or must be
    checked in every step.
    """
    over = notes is not None and notes.over_steps
    compiled = compiles() and network.proven and not (notes is not None and notes.traces)
    few = len(data) < FEW and not network.steps
    program = _program(network, wait, record, kind(), over, few) if compiled else None
    if program is None:
        by_rows = compiled_product if compiles() else product
        return vectorised.run(network, data, wait, record, progress, by_rows, notes)
    return run_program(network, program, data, record, progress, notes)


def _program(
    network: Model, wait: int, record: bool, kind: str, over: bool = False, few: bool = False
) -> Program | None:
    """The program of a network, made once for each way of running it; None if none serves."""
    held = _programs.get(id(network))
    if held is None:
        held = _programs.setdefault(id(network), {})
        weakref.finalize(network, _programs.pop, id(network), None)
    key = (wait, record, kind, over, few)
    if key not in held:
        made, other = compile_network(network, wait, record, kind, over, few), (*key[:-1], not few)
        alike = made is not None and made.same(held.get(other))
        held[key] = held[other] if alike else made  # one memory for both
    return held[key]
