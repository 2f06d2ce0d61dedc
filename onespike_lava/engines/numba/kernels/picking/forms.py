"""How kernels of a kind pick inputs, and what the processor must have for that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from llvmlite import binding
from numba import config


@dataclass(frozen=True)
class Form:
    """A step: each output picks some bytes of one window and multiplies them by its weights.

    window  : bytes that are read at once, of all of a pixel's inputs
    align   : windows begin at a multiple of so many bytes
    each    : inputs that an output picks in a step
    lanes   : outputs of a register
    weight  : type of a weight as the kernel reads it
    feature : of the processor, which permutes bytes
    """

    window: int
    align: int
    each: int
    lanes: int
    weight: type[np.generic]
    feature: str

    @property
    def size(self) -> int:
        """Bytes of a step's indices and weights for one register."""
        return self.lanes * self.each * (1 + np.dtype(self.weight).itemsize)


FORMS = {
    "vnni": Form(64, 16, 4, 16, np.int8, "avx512vbmi"),
    "portable": Form(16, 1, 2, 8, np.int16, "avx2"),
}
"""By kind of kernels: `vpermb` in front of `vpdpbusd`; `pshufb` in front of `vpmaddwd`, which
older processors have too, but none without AVX2 was measured."""


def form_of(kind: str) -> Form | None:
    """The form of a kind, None where the processor that is compiled for does not permute so."""
    form = FORMS[kind]
    return form if form.feature in features() else None


def features() -> frozenset[str]:
    """Features that Numba compiles for: those of `NUMBA_CPU_FEATURES`, else the processor's.

    Of these none of AVX with `NUMBA_ENABLE_AVX=0`.
    """
    return _features(config.CPU_FEATURES, bool(config.ENABLE_AVX))


@cache
def _features(wanted: str | None, avx: bool) -> frozenset[str]:
    if wanted is not None:
        return frozenset(name[1:] for name in wanted.split(",") if name.startswith("+"))
    found = {name for name, here in binding.get_host_cpu_features().items() if here}
    return frozenset(name for name in found if avx or not name.startswith("avx"))
