"""Spike codes: what the neurons of a layer send in which step, and what an engine notes of it.

code   : what every code answers for itself
binary : integers, bit by bit
phase  : one spike whose phase is the value, or several
steps  : of networks that step: any payload in any step, integers held, latency
"""

from onespike_lava.layers.codes.binary import BinaryCode
from onespike_lava.layers.codes.code import Code, noted, reach
from onespike_lava.layers.codes.phase import PhaseCode, SeveralCode
from onespike_lava.layers.codes.steps import HeldCode, LatencyCode, StepCode

CODES: tuple[type[Code], ...] = (
    BinaryCode,
    PhaseCode,
    SeveralCode,
    StepCode,
    HeldCode,
    LatencyCode,
)
"""Every class of codes."""

__all__ = [
    "CODES",
    "BinaryCode",
    "Code",
    "HeldCode",
    "LatencyCode",
    "PhaseCode",
    "SeveralCode",
    "StepCode",
    "noted",
    "reach",
]
