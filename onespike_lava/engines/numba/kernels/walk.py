"""The compiled walk through a program, one entry of fixed signature for any network.

`connect` and `update` are written in LLVM IR, all other operations are the plain loops of `loops`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import config, njit, types
from numba.core import event

from onespike_lava.engines.numba.kernels.intrinsics import (
    claim,
    connect,
    multiply,
    transform,
    update,
)
from onespike_lava.engines.numba.kernels.job import SIZE, SPAN, STEPS, STOP
from onespike_lava.engines.numba.kernels.loops.operate import operate
from onespike_lava.engines.numba.kernels.loops.turns import (
    advance_apart,
    place_of,
    strip_of,
    strips,
    turn_of,
    turns,
)
from onespike_lava.engines.numba.kernels.operations import Connect, Winograd
from onespike_lava.engines.numba.kernels.records import NONE, Neurons
from onespike_lava.engines.numba.kernels.rows import fields, holds, record
from onespike_lava.engines.numba.kernels.stepping import Advance

LOGGER = logging.getLogger("onespike_lava")


SOURCES = Path(__file__).parents[1]
"""The folder of this engine: kernels import nothing from outside it, so that its modules decide
what is compiled; those of `plan` and `run` count too, which costs a compilation at an update."""


def _array(kind: Any, dimensions: int, readonly: bool = False) -> Any:
    return types.Array(kind, dimensions, "C", readonly=readonly)


SIGNATURE = (
    _array(types.int64, 2),
    *(_array(types.uint8, 1), _array(types.int32, 1)) * 2,
    _array(types.uint8, 1, readonly=True),
    _array(types.int64, 1),
    _array(types.float64, 2),
    *(_array(types.int64, 2), _array(types.int64, 1), _array(types.float64, 1)),
    _array(types.uint8, 1),
)
"""Types of the arguments of `walk`."""


@cache
def walker(kind: str) -> Callable[..., int]:
    """The compiled walk of a kernel kind, from the cache on disk where there is one.

    Numba keys its cache by this file and by what the function closes over: so by the kind and
    by the version of all sources. What cannot be kept is compiled by every process.
    """
    walk = _walk(kind, version_of(SOURCES))
    if config.DISABLE_JIT:
        return walk
    try:
        return _compiled(njit(nogil=True, cache=True)(walk), "later runs reuse them")
    except RuntimeError:  # no folder can be written to
        why = "no cache folder is writable, so every process does (NUMBA_CACHE_DIR)"
        return _compiled(njit(nogil=True)(walk), why)


def _compiled(made: Any, keeping: str) -> Callable[..., int]:
    try:
        with event.install_listener("numba:compile", _Notice(keeping)):
            made.compile(SIGNATURE)
    except OSError:  # compiled but not written: a full disk
        if not made.signatures:
            raise
    return made


class _Notice(event.Listener):  # type: ignore[misc]
    """Says once that kernels are compiled, as soon as it turns out that they must be."""

    def __init__(self, keeping: str):
        self.keeping, self.said = keeping, False

    def on_start(self, event: Any) -> None:
        if not self.said:
            LOGGER.info("compiling kernels for this processor, some seconds; %s", self.keeping)
        self.said = True

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


def version_of(folder: Path) -> int:
    """A number that changes with every module below a folder: with its path, with its text."""
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return int.from_bytes(digest.digest()[:7], "big")  # Numba takes it for an int64


def _walk(kind: str, version: int) -> Callable[..., int]:  # noqa: C901  as `walk`
    # what is called with the literal `kind` must stand here
    def walk(  # type: ignore[no-untyped-def]  # noqa: C901
        program,
        constants,
        numbers,
        arena,
        wide,
        data,
        job,
        grid,
        scores,
        found,
        worst,
        recorded,
    ):
        """Run samples of a job until none is left; returns the version of the sources.

        program            : int64[operations, PARAMETERS]
        constants, numbers : uint8[...] and its int32 view; arena, wide : likewise
        data               : uint8[...], the samples' bytes from the job's origin on
        job                : int64[8], `job.job`, shared with the walks of other threads
        grid               : float64[2, runs], of the input
        scores             : int64[N, outputs], written for these samples; with scores over
                             steps int64[N * T, outputs]
        found              : int64[layers + 1], raised by these samples' spikes and by the values
                             outside the input's grid
        worst              : float64[1], raised to the largest distance from the grid
        recorded           : uint8[...], codes of all samples where the program records them
        """
        span = job[SPAN]
        first = claim(job, job[SIZE])
        while first < job[STOP]:
            images = min(job[SIZE], job[STOP] - first)
            for now in range(0, job[STEPS], span):
                for i in range(len(program)):
                    row = program[i]
                    if holds(Connect, row):
                        p = fields(Connect, row)
                        # sums that are the same in all steps are known after the first
                        units = (images + p.together - 1) // p.together if now == 0 else 0
                        for unit in range(units):
                            count = min(p.together, images - unit * p.together) * p.pixels
                            connect(kind, p.width, constants, arena, p.record, unit, 0, count)
                    elif holds(Winograd, row):
                        w = fields(Winograd, row)
                        for turn in range(strips(w, images)):
                            unit, tile, count, start, end = strip_of(w, turn, images)
                            transform(kind, constants, arena, w.tiles, unit, tile, count)
                            for block in range(w.blocks):
                                multiply(kind, constants, arena, w.tiles, block, count)
                                at = w.record + block * w.size
                                connect(kind, w.width, constants, arena, at, unit, start, end)
                    elif holds(Advance, row):
                        a = fields(Advance, row)
                        n = record(Neurons, constants, a.neurons)
                        for turn in range(turns(a, images, span)):
                            unit, start, end, many = turn_of(a, turn, images, span)
                            if a.record != NONE:
                                connect(kind, a.width, constants, arena, a.record, unit, start, end)
                            for k in range(many):
                                at = place_of(wide, a, n, unit, start, end, k, span)
                                frame, pixels, current, stride, state = at
                                step = now + frame % span
                                if n.simple and step < n.steps:
                                    update(
                                        kind,
                                        a.width,
                                        constants,
                                        arena,
                                        a.neurons,
                                        start,
                                        pixels,
                                        current,
                                        stride,
                                        state,
                                        frame * n.output_frame,
                                        step == 0,
                                    )
                                else:
                                    advance_apart(numbers, arena, wide, a, n, start, *at, now, span)
                    else:
                        operate(
                            constants,
                            numbers,
                            arena,
                            wide,
                            data,
                            job,
                            grid,
                            row,
                            first,
                            images,
                            now,
                            scores,
                            found,
                            worst,
                            recorded,
                        )
            first = claim(job, job[SIZE])
        return version

    return walk
