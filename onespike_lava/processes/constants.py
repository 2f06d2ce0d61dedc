"""What Processes of timed neurons share: their constants as Vars, and the neuron made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.model.py.ports import PyInPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.variable import Var

from onespike_lava.engines.timed.notes import check_state
from onespike_lava.errors import OptionError
from onespike_lava.layers import Growth, Timed, TimedReadout
from onespike_lava.layers.timed import DECAYS
from onespike_lava.limits import STATE_BITS
from onespike_lava.model import checked_wait
from onespike_lava.neurons import (
    Arithmetic,
    Stream,
    TimedNeuron,
    TimedState,
    fixed,
    floating,
    kept,
)

ARRAYS = (
    "bias",
    "keep_u",
    "keep_v",
    "drive",
    "threshold_base",
    "threshold_table",
    "reset_base",
    "reset_table",
    "payload",
    "floor",
)
"""Vars of constants: per neuron [*shape], tables [T]."""


def options(layer: Timed | TimedReadout, phases: int, stream: Stream) -> dict[str, Any]:
    """Parameters of a Process of a layer."""
    constants = _constants(layer, phases, stream.wait)
    return {
        "shape": layer.shape,
        "phases": phases,
        "stream": stream,
        "layer": layer,
        "real": any((values != np.rint(values)).any() for values in constants.values()),
    }


def check(layer: Timed | TimedReadout, phases: int, stream: Stream) -> None:
    """Raise `OptionError` where wait or period do not fit."""
    checked_wait(stream.wait, phases, "neuron")
    if stream.wait and layer.needs_no_wait:
        raise OptionError(
            f"wait: {stream.wait} is above 0, the only one of neurons that leak, filter, reset, "
            "count or are driven; leave it out"
        )
    if stream.period < phases:
        raise OptionError(
            f"period: {stream.period} is below {phases}, the steps of a sample; leave it out"
        )


def hold(process: Any, layer: Timed | TimedReadout, phases: int, wait: int = 0) -> None:
    """Give a Process its Vars of constants, and of the state that every timed neuron has."""
    for name, values in _constants(layer, phases, wait).items():
        setattr(process, name, Var(shape=values.shape, init=values))
    for name in ("u", "v", "fired"):
        setattr(process, name, Var(shape=layer.shape, init=0))


def _constants(layer: Timed | TimedReadout, phases: int, wait: int) -> dict[str, Any]:
    neuron = TimedNeuron.of(layer, phases, wait, number=float)
    nothing = np.zeros(layer.shape)
    found = {
        "threshold_base": nothing if neuron.threshold is None else neuron.threshold,
        "reset_base": nothing if neuron.reset is None else neuron.reset,
        "floor": nothing if neuron.floor is None else neuron.floor,
        "drive": nothing + neuron.drive,
    }
    return {name: found.get(name, getattr(neuron, name, None)) for name in ARRAYS}


def _whole(bits: int = STATE_BITS) -> Any:
    """Type of a Var of integers; a state times what it keeps needs 36 bits."""
    return LavaPyType(np.ndarray, np.int64, precision=bits)


def _real() -> Any:
    return LavaPyType(np.ndarray, float)


class Integers:
    """What models in integers hold and do: 24-bit states, kept and grown as the file says."""

    number = np.int64
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    u, v, fired = _whole(), _whole(), _whole(12)
    bias, drive, floor = _whole(), _whole(), _whole()
    keep_u, keep_v = _whole(12), _whole(12)
    threshold_base, threshold_table = _whole(), _whole()
    reset_base, reset_table = _whole(), _whole()
    payload = _whole(8)

    def __init__(self, proc_params: Any) -> None:
        if proc_params["real"]:
            raise ValueError(
                "constants: real numbers do not fit a fixed-point model; give integers or select "
                "the tag floating_pt"
            )
        super().__init__(proc_params)  # type: ignore[call-arg]

    def decay(self, rounding: str) -> Any:
        """What is kept of a state, rounded."""
        return DECAYS[rounding]

    def arithmetic(self, growth: Growth | None) -> Arithmetic:
        """Growth rounded to the nearest."""
        return fixed(growth)

    def check(self, step: int, *states: Any) -> None:
        """Raise `StateError` for a state beyond 24 bits."""
        check_state("neurons", step, *states)


class Reals:
    """What models in real numbers hold and do: no rounding, no limits."""

    number = np.float64
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    u, v, fired = _real(), _real(), LavaPyType(np.ndarray, np.int64)
    bias, drive, floor = _real(), _real(), _real()
    keep_u, keep_v = _real(), _real()
    threshold_base, threshold_table = _real(), _real()
    reset_base, reset_table = _real(), _real()
    payload = _real()

    def decay(self, rounding: str) -> Any:
        """What is kept of a state."""
        return kept

    def arithmetic(self, growth: Growth | None) -> Arithmetic:
        """Growth without rounding."""
        return floating(growth)

    def check(self, step: int, *states: Any) -> None:
        """Real numbers hold all."""


def check_score(scores: Any) -> None:
    """Raise `OverflowError` for integer scores beyond the 32 bits of Lava's ports."""
    most = np.iinfo(np.int32).max
    if scores.dtype.kind == "i" and np.abs(scores).max() > most:
        raise OverflowError(
            f"scores: {np.abs(scores).max()} exceeds {most}, the 32 bits of Lava's ports; take "
            "fewer steps, the last potential instead of the sum, or engine lava's leaf model"
        )


def neuron(model: Any) -> TimedNeuron:
    """The neuron of a model, its constants as the Vars hold them now."""
    get = model.proc_params.get
    layer = get("layer")
    parts, firing = layer.integration, layer.firing
    return TimedNeuron(
        bias=model.bias,
        keep_u=model.keep_u,
        keep_v=model.keep_v,
        fraction_bits=parts.fraction_bits,
        decay=model.decay(parts.rounding),
        drive=model.drive,
        grow=model.arithmetic(layer.growth),
        threshold=None if layer.threshold is None else model.threshold_base,
        threshold_table=model.threshold_table,
        kind=layer.reset.kind,
        reset=model.reset_base,
        reset_table=model.reset_table,
        payload=model.payload,
        max_spikes=layer.spikes_limit(get("phases")),
        max_count=firing.max_count,
        floor=None if firing.floor is None else model.floor,
        phases=get("phases"),
    )


def state(model: Any) -> TimedState:
    """What the Vars hold of the neurons' state."""
    return TimedState(model.u, model.v, model.fired)
