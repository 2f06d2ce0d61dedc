"""The options of a conversion: a new one is declared here, and only here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporters.recipe.declaration import (
    BASE,
    NUMBER_OF_LAYER,
    PAIR,
    SWITCH,
    WHOLE,
    WHOLE_OF_LAYER,
    option,
    options,
)
from onespike_lava.limits import WEIGHTINGS

PHASES = (8, 12, 16, 24)
"""`T` of a search where none are given."""


@dataclass(frozen=True)
class Options:
    """How a network is converted.

    The defaults are the paper's method with what lost least on training images kept out of the
    calibration (`netx_models/evaluate.py`): levels and constants of least squared error,
    weights corrected in closed form and rounded to least error, average pools merged. `PAPER`
    holds the paper's own.

    phases        : `T`, phases of a sample
    base          : `Q` in (1, 2], or `auto`: the minimum of Eq. 5
    bases         : layer -> a base of its own, base manipulation between layers (Sec. III-B2)
    max_spikes    : spikes that a neuron may send in a sample: 1, the method's claim; more are the
                    phase code that it is measured against (soft reset, graded weighting)
    spikes        : layer -> a limit of its own
    wait          : default `T_w`, None for `T`
    payload_bits  : binary digits of the unit of a graded spike
    weighting     : `graded` (synapse-based) or `membrane` (neuron-based), Sec. II-B
    normalisation : constant of a channel: `max`, its largest activation (Eq. 2), `p99.9`, the
                    value that 99.9 % do not exceed, or `mse`, of least squared coding error
    scale         : one constant per `channel` (convolutions) or per `layer`
    levels        : `base`, `Q**-k` as in the paper, `data`, of least squared error over the
                    layer's activations (graded weighting), `auto`, `data` unless a base is given
    correct       : what makes up for the coding error, in closed form: `none`, `bias`, `weights`
    rounding      : of weights to int8: `nearest`, or to the `least` squared error of their sum,
                    later weights of a neuron making up for earlier ones
    shift         : threshold shift (Sec. III-B1)
    input_bits    : `T_in`, bits of the binary input code, None for min(8, T)
    input_range   : (low, high) of the input, None for the grid that the calibration data show
    input_coding  : `binary`, or `single`: one spike for an input value too (Table VII)
    pool          : average pools `own` their neurons as in the paper, or `merge` into what follows,
                    where that then reads at most 8,192 values
    """

    phases: int = option(
        16,
        WHOLE,
        help="T, phases of a sample.",
        axis=f"T; default {','.join(map(str, PHASES))}.",
    )
    base: float | str = option("auto", BASE, help="Q in (1, 2], auto: Eq. 5.")
    bases: Mapping[str, float] = option(
        {},
        NUMBER_OF_LAYER,
        flag="layer-base",
        metavar="LAYER=Q",
        help="A layer's own base.",
    )
    max_spikes: int = option(1, WHOLE, help="Of a neuron per sample.")
    spikes: Mapping[str, int] = option(
        {},
        WHOLE_OF_LAYER,
        flag="layer-spikes",
        metavar="LAYER=N",
        help="A layer's own limit.",
    )
    wait: int | None = option(
        None, WHOLE, metavar="T_w", help="Default wait; default T.", axis=None
    )
    payload_bits: int = option(8, WHOLE, help="Digits of a graded spike.")
    weighting: str = option("graded", choices=WEIGHTINGS)
    normalisation: str = option(
        "mse",
        choices=("max", "p99.9", "mse"),
        open=True,
        help="Default mse.",
        provenance="normalisation",
        paper="max",
    )
    scale: str = option(
        "channel",
        choices=("channel", "layer"),
        open=True,
        help="Default channel, of a graph layer.",
        provenance="normalisation",
    )
    levels: str = option(
        "auto",
        choices=("auto", "base", "data"),
        open=True,
        help="Default auto: data unless a base is given.",
        provenance="levels",
        paper="base",
    )
    correct: str = option(
        "weights",
        choices=("none", "bias", "weights"),
        open=True,
        help="Default weights.",
        provenance="correction",
        paper="none",
    )
    rounding: str = option(
        "least",
        choices=("nearest", "least"),
        open=True,
        help="Default least.",
        provenance="rounding",
    )
    shift: bool = option(
        True,
        SWITCH,
        help="No threshold shift (Sec. III-B1).",
        axis="Threshold shift: on, off.",
        provenance="threshold_shift",
    )
    input_bits: int | None = option(
        None,
        WHOLE,
        help="Bits of the binary input code; default 8.",
        axis="Of the binary input code.",
    )
    input_range: tuple[float, float] | None = option(
        None, PAIR, metavar="LO,HI", help="Default: the grid of the calibration data."
    )
    input_coding: str = option("binary", choices=("binary", "single"), provenance="input_coding")
    pool: str = option("merge", choices=("own", "merge"), provenance="average_pool")


OPTIONS = options(Options)

CHOICES = {each.name: each.choices for each in OPTIONS if each.choices}
"""Values of the options that are words."""

PAPER: Mapping[str, str] = MappingProxyType(
    {each.name: each.paper for each in OPTIONS if each.paper is not None}
)
"""Options of the paper's own method; the defaults of `Recipe` lose less on held-out data.

How weights are rounded to int8 the paper leaves open, so `rounding` is not among them.
"""
