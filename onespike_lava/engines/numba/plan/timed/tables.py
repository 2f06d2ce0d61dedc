"""Constants of timed neurons as the kernels read them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.records import KEEP, LEVEL, SUBTRACT, ZERO
from onespike_lava.engines.numba.plan.blocks import SILENT
from onespike_lava.engines.numba.plan.connections import Layout
from onespike_lava.layers import Timed, TimedReadout
from onespike_lava.layers.timed import ONE
from onespike_lava.neurons import threshold_row

Neurons = Timed | TimedReadout
Table = NDArray[np.int32]

KINDS = {"keep": KEEP, "zero": ZERO, "subtract": SUBTRACT, "level": LEVEL}
"""Resets by name."""

CUT = {"floor": (0, 0), "ceil": (4095, 0), "zero": (0, 4095)}
"""Rounding -> `up` and `up_below` of the kernels."""

LOWEST = -(2**31)
"""A floor that no potential meets."""


class Tables:
    """A layer's constants: rows of neurons, tables of phases, and whether all steps are alike."""

    def __init__(self, layer: Neurons, phases: int, wait: int):
        self.layer, self.phases, self.wait = layer, phases, wait
        threshold, reset = layer.threshold, layer.reset
        one = np.ones(1, np.int32)
        self.limits = one
        if threshold is not None:
            self.limits = threshold_row(threshold.table, layer.growth, wait)
        self.amounts = self.limits if reset.table is None else reset.table
        self.payloads = layer.firing.payload
        self.most = layer.spikes_limit(phases)

    @property
    def counts_steps(self) -> bool:
        """Whether how often a neuron has fired decides anything."""
        return self.most < self.phases or self.layer.reset.kind == "level"

    @property
    def simple(self) -> bool:
        """Whether the kernel `update` serves."""
        layer = self.layer
        alike = all(len(set(each.tolist())) == 1 for each in (self.limits, self.amounts))
        single = layer.firing.max_count == 1 and len(set(self.payloads.tolist())) == 1
        plain = self.wait == 0 and layer.growth is None and layer.role == "hidden"
        return alike and single and plain and not self.counts_steps

    def rows(self, layout: Layout) -> Table:
        """int32[pixels or 1, `records.ROWS`, channels held]."""
        layer, parts = self.layer, self.layer.integration
        threshold, floor = layer.threshold, layer.firing.floor
        zeros = np.zeros(1, np.int32)
        silent, lowest = np.full(1, SILENT, np.int32), np.full(1, LOWEST, np.int32)
        base = silent if threshold is None else threshold.base
        amount = zeros
        if layer.reset.kind == "subtract":
            amount = base if layer.reset.base is None else layer.reset.base
        if self.simple:
            base, amount = base * self.limits[0], amount * self.amounts[0]
        rows = [
            layout.plane(parts.bias),
            layout.plane(parts.keep_u),
            layout.plane(parts.keep_v, ONE),
            layout.plane(zeros if parts.drive is None else parts.drive),
            layout.plane(base, SILENT),
            layout.plane(amount),
            layout.plane(lowest if floor is None else floor, LOWEST),
        ]
        found = np.stack(rows, axis=1)
        return found[:1] if (found == found[:1]).all() else found

    def fields(self, layout: Layout) -> dict[str, int]:
        """Fields of `records.Neurons` that all blocks share."""
        parts, kind = self.layer.integration, self.layer.reset.kind
        growth, up = self.layer.growth, CUT[parts.rounding]
        return {
            "simple": int(self.simple),
            "filters": int(parts.keep_u.any()),
            "leaks": int((parts.keep_v != ONE).any()),
            "fraction": parts.fraction_bits,
            "up": up[0],
            "up_below": up[1],
            "kind": KINDS[kind],
            "mask": 0 if kind == "zero" else -1,
            "payload": int(self.payloads[0]),
            "payloads": self._phases(layout, self.payloads),
            "limits": self._phases(layout, self.limits),
            "amounts": self._phases(layout, self.amounts),
            "most": self.most,
            "counts": self.layer.firing.max_count,
            "mantissa": growth.mantissa if growth else 1,
            "exponent": growth.exponent if growth else 1,
            "grown": growth.steps if growth else 0,
            "wait": self.wait,
            "steps": self.phases,
        }

    def _phases(self, layout: Layout, table: Any) -> int:
        return layout.constants.add(np.broadcast_to(table, self.phases), np.int32)
