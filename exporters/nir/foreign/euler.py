"""NIR's neurons as one forward Euler step of their equations, in real numbers.

    u = keep_u u + i          v = keep_v v + gain u + drive        v is counted from v_reset
    spikes where v > threshold, then v = 0

LIF: keep_v = 1 - dt / tau, gain = r dt / tau, drive = (v_leak - v_reset) dt / tau. CubaLIF: also
keep_u = 1 - dt / tau_syn, its gain times w_in dt / tau_syn. IF: keep_v = 1, gain = r dt, or r where
`Assumptions.if_r` is `step`. A leak to another potential than that of the reset is a drive.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from exporters.nir.foreign.assumptions import FIRING, INTEGRATORS, Assumptions
from exporters.nir.foreign.graph import kind
from exporters.nir.foreign.maps import Floats, numbers
from onespike_lava.errors import FormatError, UnsupportedError
from onespike_lava.layers import Shape


@dataclass(frozen=True)
class Real:
    """Neurons in real numbers, one for each neuron, float64[*shape].

    threshold : None where nothing fires
    floor     : the lowest potential, None for none
    most      : spikes of a step; with more than one `v / threshold` rounded down
    """

    keep_u: Floats
    keep_v: Floats
    gain: Floats
    drive: Floats
    threshold: Floats | None = None
    floor: Floats | None = None
    most: int = 1

    @property
    def forgets(self) -> bool:
        """Whether no potential outlives its step, so that a reset changes nothing."""
        return not self.keep_v.any()


PARAMETERS = {
    "I": ("r",),
    "IF": ("r", "v_threshold", "v_reset"),
    "LI": ("tau", "r", "v_leak"),
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
    "Threshold": ("threshold",),
}
"""Arrays of each kind of node."""


def shape_of(name: str, node: Any) -> Shape | None:
    """The shape that a node's parameters say; None where they are single numbers."""
    shapes = {np.shape(getattr(node, key)) for key in PARAMETERS[kind(node)]}
    large = {shape for shape in shapes if prod(shape) != 1 or len(shape) > 1}
    if len(large) > 1:
        raise FormatError(f"{name}: parameters of shapes {sorted(large)}; export again")
    return large.pop() if large else None


def real(name: str, node: Any, shape: Shape, given: Assumptions) -> Real:
    """The neurons of a node, of a layer of a shape."""
    found = {
        key: _spread(numbers(getattr(node, key), name, key), shape, name, key)
        for key in PARAMETERS[kind(node)]
    }
    zeros, ones = np.zeros(shape), np.ones(shape)
    if kind(node) == "Threshold":
        return Real(zeros, zeros, ones, zeros, found["threshold"])
    keep_u, keep_v, gain, drive = zeros, ones, found["r"] * given.gain(), zeros
    start = found.get("v_reset", zeros)
    if start.any() and (given.reset == "subtract" or given.most > 1):
        raise UnsupportedError(
            f"{name}: v_reset is not 0, which has no meaning where the threshold is taken off or "
            "divides the potential; read with --reset zero --spikes one, or write v_reset 0"
        )
    if kind(node) not in INTEGRATORS:
        assert given.dt is not None
        cuba = kind(node).startswith("Cuba")
        rate = _rate(found["tau_mem" if cuba else "tau"], given.dt, name)
        keep_v, gain, drive = 1 - rate, found["r"] * rate, (found["v_leak"] - start) * rate
        if cuba:
            rate = _rate(found["tau_syn"], given.dt, name)
            keep_u, gain = 1 - rate, gain * rate * found["w_in"]
    if not np.isfinite(gain).all() or not np.isfinite(drive).all():
        raise UnsupportedError(f"{name}: r, w_in or v_leak is too large; scale the network down")
    if gain.min() <= 0:
        raise UnsupportedError(
            f"{name}: r or w_in is not positive, so that nothing arrives as it is sent; put the "
            "sign into the weights"
        )
    if kind(node) not in FIRING:
        return Real(keep_u, keep_v, gain, drive)
    floor = None if given.floor is None else given.floor - start
    threshold = found["v_threshold"] - start
    return Real(keep_u, keep_v, gain, drive, threshold, floor, given.most)


def _rate(tau: Floats, dt: float, name: str) -> Floats:
    """What is lost of a state in a step."""
    if tau.min() <= 0 or (dt / tau).max() > 1 + 2.0**-20:
        raise UnsupportedError(
            f"{name}: a time constant of {tau.min():g} seconds is below a step of {dt:g}, the "
            "state would swing; read with a shorter --dt"
        )
    return np.minimum(dt / tau, 1)


def _spread(values: Floats, shape: Shape, name: str, key: str) -> Floats:
    if values.size == 1:
        return np.full(shape, values.reshape(()))
    if values.shape != shape:
        raise FormatError(f"{name}/{key}: {list(values.shape)} is not {list(shape)}; export again")
    return values
