"""Slot for the Loihi 2 model of `PlasticConv`: empty, nothing here has run on a chip.

`lava-loihi`, which Intel gives to its research community, holds the base class below and the
microcode that a model names. A class that derives from it, decorated like those in `models`
but with `@requires(Loihi2NeuroCore)`, belongs at the end of this file, under
`if AbstractNcProcessModel`: Lava finds it in this folder, and `Loihi2HwCfg` prefers it.
"""

from __future__ import annotations

try:
    from lava.magma.core.model.nc.model import AbstractNcProcessModel
except ImportError:
    AbstractNcProcessModel = None
