"""The compiled walk through a program, one entry of fixed signature for any network.

`connect` is written in LLVM IR, all other operations are the plain loops of `operations`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit

from onespike_lava.engines.numba.intrinsics import connect
from onespike_lava.engines.numba.operations import CONNECT, operate


@cache
def walker(kind: str) -> Callable[..., int]:
    """The compiled walk of a kernel kind, from the cache on disk where there is one.

    Numba keys its cache by this file and by what the function closes over: so by the kind and
    by the sources of the other modules.
    """
    walk = _walk(kind, _sources())
    try:
        compiled: Callable[..., int] = njit(nogil=True, cache=True)(walk)
    except RuntimeError:  # no folder can be written to
        compiled = njit(nogil=True)(walk)
    return compiled


def _sources() -> int:
    texts = (path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return int.from_bytes(sha256(b"".join(texts)).digest()[:7], "big")


def _walk(kind: str, version: int) -> Callable[..., Any]:
    def walk(  # type: ignore[no-untyped-def]
        program,
        constants,
        numbers,
        arena,
        wide,
        data,
        first,
        images,
        scores,
        spikes,
        recorded,
    ):
        """Run samples `first .. first + images - 1`; returns the version of the sources.

        program            : int64[operations, PARAMETERS]
        constants, numbers : uint8[...] and its int32 view; arena, wide : likewise
        data               : uint8[N, inputs]
        scores             : int64[N, outputs], written for these samples
        spikes             : int64[layers], of these samples
        recorded           : uint8[...], codes of these samples where the program records them
        """
        spikes[:] = 0
        for i in range(len(program)):
            row = program[i]
            if row[0] != CONNECT:
                operate(
                    constants,
                    numbers,
                    arena,
                    wide,
                    data,
                    row,
                    first,
                    images,
                    scores,
                    spikes,
                    recorded,
                )
                continue
            _, at, width, pixels, together = row[:5]
            for unit in range((images + together - 1) // together):
                count = min(together, images - unit * together) * pixels
                if width == 1:
                    connect(kind, 1, constants, arena, at, unit, count)
                else:
                    connect(kind, 2, constants, arena, at, unit, count)
        return version

    return walk
